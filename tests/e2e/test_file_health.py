"""Readiness and the end of real processes whose file or disk fails under them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import evolve

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import Deployment
from tests.support.processes import Process
from tests.support.small_disk import SmallDisk, mount_small_disk

pytestmark = pytest.mark.e2e

FILE = "linkhub.sqlite3"
NOTICED_SECONDS = 5.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk under the data directory of ``hub``."""
    with mount_small_disk(tmp_path / "data") as mounted:
        yield mounted


def readiness(url: str) -> tuple[int, Mapping[str, Any]]:
    """The status code of ``/readyz``, and its document."""
    answer = httpx2.get(f"{url}/readyz", timeout=10)
    return answer.status_code, answer.json()


@contextmanager
def watched_consumer(deployment: Deployment) -> Iterator[tuple[Process, str]]:
    """A consumer that answers ``/readyz``, and its address."""
    with evolve(deployment, elsewhere={**deployment.elsewhere, "LINKHUB_METRICS_PORT": "0"}).start(
        "consume"
    ) as consumer:
        port = consumer.wait_for_line(r'"metrics_port":(\d+)').group(1)
        yield consumer, f"http://127.0.0.1:{port}"


def wait_for(process: Process, url: str, status: int, check: Callable[[Mapping[str, Any]], bool]) -> None:
    """Wait until ``/readyz`` says so, as long as a change may take to show."""

    def says_so() -> bool:
        code, document = readiness(url)
        return code == status and check(document["checks"])

    process.wait_until(says_so, f"answer {status} at /readyz", timeout_seconds=NOTICED_SECONDS)


def problem_of(check: Mapping[str, Any]) -> str:
    """The problem of a check; empty if it is well."""
    return str(check["problem"] or "")


def publish_one(deployment: Deployment) -> None:
    """Put one message on a queue, so that the file has pages of its own."""
    (deployment.directory / "one.jsonl").write_text(json.dumps(an_event(Kind.CAPTION)), encoding="utf-8")
    deployment.run("publish", "one.jsonl")


def test_a_full_disk(deployment: Deployment, disk: SmallDisk) -> None:
    """A consumer is not ready and says that the disk is full; a server that only shows stays ready and reports it."""
    publish_one(deployment)
    server, shown = deployment.serve("--no-consume")
    with server, watched_consumer(deployment) as (consumer, worked):
        assert readiness(worked)[0] == 200
        disk.fill()
        wait_for(consumer, worked, 503, lambda checks: "the disk is full" in problem_of(checks["writes"]))
        wait_for(server, shown, 200, lambda checks: "the disk is full" in problem_of(checks["writes"]))
        assert readiness(shown)[1]["checks"]["file"] == {"ok": True, "problem": None}
        disk.make_room()
        wait_for(consumer, worked, 200, lambda checks: checks["writes"]["ok"])
        assert [server.terminate(), consumer.terminate()] == [0, 0]


def overwrite(file: Path) -> None:
    """Put something else over all of it, in place."""
    with file.open("r+b") as opened:
        opened.write(b"no database " * (file.stat().st_size // 12 + 1))


def cut(file: Path) -> None:
    """Leave its first page alone."""
    with file.open("r+b") as opened:
        opened.truncate(4_096)


def damage_one_page(file: Path) -> None:
    """Overwrite one page in the middle."""
    with file.open("r+b") as opened:
        opened.seek(5 * 4_096)
        opened.write(os.urandom(4_096))


@pytest.mark.parametrize("damage", [overwrite, cut, damage_one_page])
def test_a_damaged_file(deployment: Deployment, damage: Callable[[Path], None]) -> None:
    """A server is not ready, be it that it only shows, and says what mends it."""
    publish_one(deployment)
    server, url = deployment.serve("--no-consume")
    with server:
        damage(deployment.directory / "data" / FILE)
        wait_for(server, url, 503, lambda checks: "restore it from a" in problem_of(checks["file"]))


def move_file(data: Path) -> None:
    """Move the main file away, as ``mv`` does."""
    (data / FILE).rename(data / "elsewhere")


def move_directory(data: Path) -> None:
    """Move the whole directory away."""
    data.rename(data.with_name("moved"))


def delete(data: Path) -> None:
    """Delete everything."""
    shutil.rmtree(data)


def replace(data: Path) -> None:
    """Put another file in its place."""
    shutil.copy(data / FILE, data / "copy")
    (data / "copy").rename(data / FILE)


def delete_log(data: Path) -> None:
    """Delete the write-ahead log alone."""
    (data / f"{FILE}-wal").unlink()


@pytest.mark.parametrize("take_away", [move_file, move_directory, delete, replace, delete_log])
def test_a_consumer_whose_file_was_taken_away_ends(deployment: Deployment, take_away: Callable[[Path], None]) -> None:
    """The process ends with one line that says what happened to the file; there is no traceback."""
    with deployment.consume() as consumer:
        take_away(deployment.directory / "data")
        assert consumer.wait(timeout_seconds=NOTICED_SECONDS + 5) == 1
        assert_says_what_was_lost(consumer, deployment)


def test_a_server_whose_file_was_taken_away_ends(deployment: Deployment) -> None:
    """A server that only shows ends likewise, and lets its connections go."""
    server, _ = deployment.serve("--no-consume")
    with server:
        move_file(deployment.directory / "data")
        assert server.wait(timeout_seconds=NOTICED_SECONDS + 5) == 1
        assert_says_what_was_lost(server, deployment)


def assert_says_what_was_lost(process: Process, deployment: Deployment) -> None:
    """A log line for machines, and the last line for people."""
    log = "\n".join(process.stderr_lines)
    assert '"event":"storage_lost"' in log
    assert f"linkhub: the file {deployment.directory}/data/{FILE} is lost: it" in log
    assert "while this process had it open" in log
    assert "Traceback" not in log


def test_publish_says_that_it_made_a_new_file(deployment: Deployment) -> None:
    """``publish`` prints that it made a new file; for an existing file it prints nothing."""
    (deployment.directory / "one.jsonl").write_text(json.dumps(an_event(Kind.CAPTION)), encoding="utf-8")
    for expected in (True, False):
        with deployment.start("publish", "one.jsonl") as publishing:
            assert publishing.wait() == 0
            assert any("made a new data file" in line for line in publishing.stderr_lines) is expected


def test_nothing_starts_beside_the_log_of_a_file_that_is_gone(deployment: Deployment) -> None:
    """A file that was moved without its -wal: publish and serve say so, and leave the -wal as it is."""
    publish_one(deployment)
    with watched_consumer(deployment) as (consumer, _):
        data = deployment.directory / "data"
        log = data / f"{FILE}-wal"
        publish_one(deployment)
        consumer.kill()
        (data / FILE).rename(deployment.directory / "moved")
        kept = log.read_bytes()
        assert kept
        for command in (["publish", "one.jsonl"], ["serve"]):
            with deployment.start(*command) as refused:
                assert refused.wait() == 1
                assert "put the file back beside it" in "\n".join(refused.stderr_lines)
        assert log.read_bytes() == kept
