"""A server goes on when its log cannot be written: the reader is gone, or the disk is full."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import LINKHUB, Deployment
from tests.support.processes import Process, free_port
from tests.support.small_disk import SmallDisk, mount_small_disk

pytestmark = pytest.mark.e2e


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk for the log alone."""
    with mount_small_disk(tmp_path / "logs", megabytes=1) as mounted:
        yield mounted


def serve(deployment: Deployment, destination: str) -> tuple[Process, str]:
    """A server whose standard error goes to ``destination``, in the words of a shell; and its address."""
    port = free_port()
    command = f"exec {shlex.quote(str(LINKHUB))} serve --port {port} {destination}"
    server = Process(["/bin/sh", "-c", command], environment=deployment.environment, cwd=deployment.directory)
    return server, f"http://127.0.0.1:{port}"


def dropped_lines(url: str) -> int:
    """The counters of the server."""
    counted = re.search(r"^linkhub_log_lines_dropped_total (\S+)$", httpx2.get(f"{url}/metrics").text, re.MULTILINE)
    assert counted is not None
    return int(float(counted.group(1)))


def publish(deployment: Deployment, first: int, count: int) -> None:
    """More products, by both their halves: their lines fill some pages of a log."""
    ids = range(first, first + count)
    lines = [json.dumps({**an_event(kind), "video_id": str(video_id)}) for video_id in ids for kind in Kind]
    (deployment.directory / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    deployment.run("publish", "events.jsonl")


def products(deployment: Deployment) -> int:
    """How many there are."""
    return len(deployment.run("export").splitlines())


def test_a_reader_that_goes_away(deployment: Deployment) -> None:
    """The reader of the log stops after the first line: events are still joined, and dropped lines are counted."""
    server, url = serve(deployment, "2>&1 >/dev/null | head -n 1")
    with server:
        server.wait_for_http(f"{url}/readyz")
        publish(deployment, 1, 40)
        server.wait_until(lambda: dropped_lines(url) > 0, "count the lines that it dropped")
        server.wait_until(lambda: products(deployment) == 40, "save the products")
        server.wait_for_http(f"{url}/readyz")


def test_a_full_disk(deployment: Deployment, disk: SmallDisk) -> None:
    """When there is room again, the log goes on, and says how much it lacks."""
    log = disk.directory / "log"
    server, url = serve(deployment, f"2>{shlex.quote(str(log))}")
    with server:
        server.wait_for_http(f"{url}/readyz")
        disk.fill()
        publish(deployment, 1, 40)
        server.wait_until(lambda: dropped_lines(url) > 0, "count the lines that it dropped")
        disk.make_room()
        publish(deployment, 41, 1)
        server.wait_until(lambda: '"event":"log_resumed"' in log.read_text(encoding="utf-8"), "log that it logs again")
        assert server.terminate() == 0
    resumed = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if "log_resumed" in line]
    assert all(line["dropped"] > 0 for line in resumed)
