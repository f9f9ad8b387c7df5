"""Commands on a full disk: the same error each time, with a remedy that loses no data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.cli.conftest import Terminal
from tests.support.small_disk import SmallDisk, mount_small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk under the data directory."""
    with mount_small_disk(tmp_path / "data", megabytes=2) as mounted:
        yield mounted


@pytest.mark.parametrize("is_new", [True, False], ids=["a new file", "a file that was there"])
def test_each_attempt_says_the_same(terminal: Terminal, disk: SmallDisk, is_new: bool) -> None:
    """The second and the third attempt name the full disk as the first does, with exit code 3."""
    if not is_new:
        assert terminal.publish(an_event(Kind.CAPTION)).exit_code == 0
    disk.fill()
    for arguments in (["publish", "-"], ["publish", "-"], ["init"], ["sweep"]):
        result = terminal.run(*arguments, stdin=json.dumps(an_event(Kind.CAPTION)))
        assert result.exit_code == 3, result.output
        assert "the disk is full; make room, nothing that was accepted is lost" in result.stderr
        assert "rollback" not in result.stderr
    disk.make_room()
    assert terminal.publish(an_event(Kind.THUMBNAIL)).exit_code == 0
    terminal.consume()
    kept = ["staging", "list", "--json"] if is_new else ["export"]
    assert len(terminal.lines(*kept)) == 1, "what was accepted before is still there"


def test_doctor_does_not_advise_to_move_a_file_that_is_whole(terminal: Terminal, disk: SmallDisk) -> None:
    """It says to make room, and to leave the file where it is."""
    terminal.publish(an_event(Kind.CAPTION))
    disk.fill()
    result = terminal.run("doctor", "--json", LINKHUB_PORT="0")
    assert result.exit_code == 1
    found = {finding["subject"]: finding for finding in map(json.loads, result.stdout.splitlines())}
    assert found["disk"]["verdict"] == "fault"
    assert "the disk is full" in found["file"]["seen"]
    advice = " ".join((*found["disk"]["mend"], *found["file"]["mend"]))
    assert "make room" in advice
    assert "leave it where it is" in advice
    assert "backup" not in advice
    assert "away" not in advice
