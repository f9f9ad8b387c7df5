"""How real processes end: within their time whatever waits, by each signal, and with standard files closed."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sqlite3
from contextlib import closing

import pytest
from attrs import evolve

from tests.e2e.deployment import LINKHUB, Deployment
from tests.e2e.test_file_health import problem_of, wait_for, watched_consumer
from tests.support.processes import Process

pytestmark = pytest.mark.e2e


def test_a_lock_of_another_process_does_not_hold_the_end(deployment: Deployment) -> None:
    """A consumer that waits for the file is ended at its deadline, and says what was still at work."""
    deployment.run("init")
    with (
        closing(sqlite3.connect(deployment.directory / "data" / "linkhub.sqlite3", isolation_level=None)) as other,
        watched_consumer(evolve(deployment, elsewhere={"LINKHUB_DRAIN_SECONDS": "0"})) as (consumer, url),
    ):
        other.execute("BEGIN IMMEDIATE")  # held until the process has ended
        wait_for(consumer, url, 503, lambda checks: "no answer within" in problem_of(checks["writes"]))
        assert consumer.terminate() == 0
        assert any('"event":"exit_forced"' in line for line in consumer.stderr_lines)
        assert not any("Traceback" in line for line in consumer.stderr_lines)


@pytest.mark.parametrize("command", ["serve", "consume"])
def test_a_service_that_never_answers_does_not_hold_the_end(deployment: Deployment, command: str) -> None:
    """A process that waits for AWS while it starts ends at the signal to stop."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        aws = evolve(
            deployment,
            backend="aws",
            elsewhere={
                "LINKHUB_DRAIN_SECONDS": "0",
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "SQS_CAPTION_QUEUE_URL": f"{endpoint}/000000000000/caption",
                "SQS_THUMBNAIL_QUEUE_URL": f"{endpoint}/000000000000/thumbnail",
            },
        )
        with aws.start(command) as process:
            silent.settimeout(60)
            connection, _ = silent.accept()
            with connection:
                assert process.terminate() == 0
                assert any('"event":"exit_forced"' in line for line in process.stderr_lines)


def test_a_hang_up_drains(deployment: Deployment) -> None:
    """SIGHUP, as a terminal sends that is closed, ends the process as SIGTERM does."""
    server, _ = deployment.serve()
    with server:
        os.kill(server.pid, signal.SIGHUP)
        assert server.wait() == 0
        assert any('"event":"stopped"' in line for line in server.stderr_lines)


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-"])
def test_closed_standard_files_change_nothing(deployment: Deployment, closed: str) -> None:
    """A server that was started without them serves, and ends with 0 and no abort."""
    command = f"exec {shlex.quote(str(LINKHUB))} serve {closed}"
    with Process(["/bin/sh", "-c", command], environment=deployment.environment, cwd=deployment.directory) as server:
        url = server.wait_for_line(r'"url":"(http://[^"]+)"').group(1)
        server.wait_for_http(f"{url}/readyz")
        assert server.terminate() == 0
