"""A stream of log lines outlives its target: a pipe without a reader, a full disk, a reader that does not read."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkhub_adapters.observability.log_stream import LogStream
from tests.support.small_disk import SmallDisk, mount_small_disk


def resumed(dropped: int) -> str:
    """The line that counts the dropped ones."""
    return f"dropped {dropped}"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of a megabyte."""
    with mount_small_disk(tmp_path / "disk", megabytes=1) as mounted:
        yield mounted


def test_a_reader_that_is_gone_is_no_error() -> None:
    """Each line is counted, and nothing is raised."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8", closefd=True) as target:  # noqa: PTH123  a descriptor
        lines = LogStream(target, resumed)
        for _ in range(3):
            lines.write("line\n")
        assert lines.dropped_total == 3


def test_a_full_disk_is_no_error_and_the_first_line_after_it_says_what_was_dropped(disk: SmallDisk) -> None:
    """A line that was cut is ended first, so that the next one can be read."""
    log = disk.directory / "log"
    with log.open("w", encoding="utf-8") as target:
        lines = LogStream(target, resumed)
        lines.write("before\n")
        disk.fill()
        lines.write("x" * 8_192 + "\n")
        lines.write("y" * 8_192 + "\n")
        disk.make_room()
        lines.write("after\n")
    first, *_, notice, last = log.read_text(encoding="utf-8").splitlines()
    assert (first, notice, last) == ("before", "dropped 2", "after")
    assert lines.dropped_total == 2


def test_a_closed_target_is_no_error() -> None:
    """A library may log after the stream is closed."""
    target = io.StringIO()
    lines = LogStream(target, resumed)
    target.close()
    lines.write("line\n")
    assert lines.dropped_total == 1


def test_a_reader_that_does_not_read_blocks_no_writer() -> None:
    """Lines that fit wait for the reader, further lines are dropped, and a later line counts them."""
    reading, writing = os.pipe()
    line = "x" * 999 + "\n"
    with open(writing, "w", encoding="utf-8") as target:  # noqa: PTH123  a descriptor
        lines = LogStream(target, resumed, has_thread=True, max_waiting_characters=200_000)
        for _ in range(1_000):
            lines.write(line)
        dropped = lines.dropped_total
        assert dropped >= 600, "a pipe holds 64 KiB, the stream 200,000 characters, and a batch is in hand"
        received = b""
        while received.count(b"x\n") < 1_000 - dropped:
            received += os.read(reading, 65_536)
        lines.write("after\n")
        while not received.endswith(b"after\n"):
            received += os.read(reading, 65_536)
        lines.drain(30)
    os.close(reading)
    assert f"dropped {dropped}\n".encode() in received
    assert received.count(b"x\n") == 1_000 - dropped


def test_a_burst_loses_no_line_and_keeps_the_order() -> None:
    """Far more than may wait at once, into a target that takes it: all of it comes out as it went in."""
    target = io.StringIO()
    lines = LogStream(target, resumed, has_thread=True, max_waiting_characters=10_000)
    for number in range(50_000):
        lines.write(f"{number}\n")
    lines.drain(30)
    assert lines.dropped_total == 0
    assert target.getvalue().split() == [str(number) for number in range(50_000)]
