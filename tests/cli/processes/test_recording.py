"""Recording what a consumer receives: complete, private, and never in its way."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
import structlog
from attrs import define, evolve, field

from linkhub_cli.processes.recording import Recorder, RecordingFile, recording
from linkhub_core.testing.builders import a_delivery
from linkhub_core.testing.fakes import FakeClock

DELIVERIES = [evolve(a_delivery(), message_id=f"m-{number}") for number in range(3)]
LOG = structlog.get_logger("linkhub")


def _recorded(path: Path) -> list[str]:
    return [json.loads(line)["message_id"] for line in path.read_text("utf-8").splitlines()]


@define(eq=False)
class StuckFile(RecordingFile):
    """A file that takes lines only when the test lets it."""

    free: threading.Event = field(factory=threading.Event)

    def add(self, lines: bytes) -> None:
        """Wait."""
        self.free.wait()
        super().add(lines)


def test_batches_are_added_in_their_order(tmp_path: Path) -> None:
    """Behind what is there; at the end all of it is in the file, which only its owner may read."""
    path = tmp_path / "hour.jsonl"
    for deliveries in (DELIVERIES[:1], DELIVERIES[1:]):
        with recording(RecordingFile.open(path), redacts=False, clock=FakeClock(), log=LOG) as received:
            for delivery in deliveries:
                received([delivery])
        path.chmod(0o644)
    assert _recorded(path) == ["m-0", "m-1", "m-2"]
    os.close(RecordingFile.open(path).number)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_stays_alone(tmp_path: Path) -> None:
    """A process was killed in the middle of it: the next line is whole."""
    path = tmp_path / "hour.jsonl"
    path.write_bytes(b'{"kind": "cap')
    with recording(RecordingFile.open(path), redacts=True, clock=FakeClock(), log=LOG) as received:
        received(DELIVERIES[:1])
    cut, whole = path.read_text("utf-8").splitlines()
    assert (cut, json.loads(whole)["message_id"]) == ('{"kind": "cap', "m-0")


def test_without_a_file_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is there, and does nothing."""
    monkeypatch.chdir(tmp_path)
    with recording(None, redacts=False, clock=FakeClock(), log=LOG) as received:
        received(DELIVERIES)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_recording_with_one_line() -> None:
    """Later messages are not recorded, and the consumer does not notice."""
    with structlog.testing.capture_logs() as logs:
        log = structlog.get_logger("linkhub")
        recorder = Recorder(file=RecordingFile.open(Path("/dev/full")), clock=FakeClock(), log=log)
        for delivery in DELIVERIES:
            recorder.record([delivery])
        recorder.end()
        recorder.record(DELIVERIES)
    stopped, ended = logs
    assert (stopped["event"], stopped["problem"]) == ("recording_stopped", os.strerror(28))
    assert (ended["event"], ended["recorded"]) == ("recording_ended", 0)


def test_a_slow_file_leaves_messages_out(tmp_path: Path) -> None:
    """Those above the limit, which is logged once; ``record`` returns at once, and those below are all written."""
    path = tmp_path / "hour.jsonl"
    with structlog.testing.capture_logs() as logs:
        log = structlog.get_logger("linkhub")
        file = StuckFile(RecordingFile.open(path).number)
        most = 3 * len(DELIVERIES[0].body)
        recorder = Recorder(file=file, clock=FakeClock(), log=log, max_waiting_characters=most)
        for _ in range(3):
            recorder.record(DELIVERIES)
        file.free.set()
        recorder.end()
    assert [line["event"] for line in logs] == ["recording_behind", "recording_ended"]
    assert (logs[-1]["recorded"], logs[-1]["left_out"]) == (len(_recorded(path)), 9 - len(_recorded(path)))
    assert len(_recorded(path)) in (3, 6)


def test_lines_are_added_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written of lines before the disk was full is cut off again."""
    path = tmp_path / "hour.jsonl"
    file = RecordingFile.open(path)
    file.add(b"first\n")
    write, calls = os.write, iter([4])

    def short(number: int, data: bytes) -> int:
        most = next(calls, None)
        if most is None:
            raise OSError(28, os.strerror(28))
        return write(number, data[:most])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        with pytest.raises(OSError, match=os.strerror(28)):
            file.add(b"second\n")
    file.add(b"third\n")
    file.close()
    assert path.read_bytes() == b"first\nthird\n"


@pytest.mark.parametrize("name", [".", "absent/hour.jsonl", "pipe"])
def test_what_cannot_be_recorded_to(tmp_path: Path, name: str) -> None:
    """A directory, a file in one that is absent, and a pipe, on which opening would wait."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"."):
        RecordingFile.open(tmp_path / name)
