"""Output to a full disk, a closed file, a reader that leaves, and a terminal: what real commands do and say."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import struct
import subprocess
import termios
from fcntl import ioctl

import pytest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import LINKHUB, Deployment
from tests.support.processes import Process

pytestmark = pytest.mark.e2e

NASTY = "\x9b31m \u202egnp.exe\u2066 \x7f"
COMMANDS = ["config", "config --json", "--help", "--version"]


def shell(deployment: Deployment, command: str) -> tuple[int, str]:
    """Run a line of a shell, with the environment of ``hub``; give its exit code and standard error."""
    line = command.replace("linkhub", shlex.quote(str(LINKHUB)), 1)
    with Process(
        ["/bin/bash", "-o", "pipefail", "-c", line], environment=deployment.environment, cwd=deployment.directory
    ) as run:
        return run.wait(), "\n".join(run.stderr_lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_one_line(deployment: Deployment, command: str) -> None:
    """/dev/full takes nothing: exit code 1, and the line says why."""
    code, printed = shell(deployment, f"linkhub {command} > /dev/full")
    assert (code, printed) == (
        1,
        "linkhub: standard output cannot be written: No space left on device; it is incomplete",
    )


def test_a_closed_place_is_one_line(deployment: Deployment) -> None:
    """Results do not vanish in silence."""
    code, printed = shell(deployment, "linkhub config >&-")
    assert (code, printed) == (1, "linkhub: standard output cannot be written: Bad file descriptor; it is incomplete")


def test_a_reader_that_leaves_is_no_fault(deployment: Deployment) -> None:
    """Many products into a reader that takes one line: nothing is said."""
    events = [{**an_event(kind), "video_id": str(number)} for number in range(200) for kind in Kind]
    (deployment.directory / "events.jsonl").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    deployment.run("publish", "events.jsonl")
    with deployment.consume() as consumer:
        deployment.wait_until_settled(consumer)
    _, printed = shell(deployment, "linkhub export | head -n 1 >/dev/null")
    assert printed == ""


def on_terminal(deployment: Deployment, *arguments: str, columns: int = 100, **environment: str) -> str:
    """Run a command on a terminal of its own; give what it printed there."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    settings = {key: text for key, text in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    running = subprocess.Popen(
        [LINKHUB, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**settings, "TERM": "xterm", **deployment.environment, **environment},
        cwd=deployment.directory,
        start_new_session=True,
    )
    os.close(theirs)
    printed = b""
    try:
        while select.select([ours], [], [], 60)[0]:
            try:
                printed += os.read(ours, 65_536)
            except OSError:  # EIO: the last of them closed the terminal
                break
    finally:
        running.kill()
        running.wait()
        os.close(ours)
    return printed.decode()


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A product, a waiting half and a dead letter whose texts would steer a terminal; tests only look at them."""
    deployment = Deployment(tmp_path_factory.mktemp("nasty"))
    events = [
        {**an_event(Kind.CAPTION), "title": NASTY, "video_id": "1"},
        {**an_event(Kind.THUMBNAIL), "video_id": "1"},
        {**an_event(Kind.CAPTION), "title": NASTY, "video_id": "2"},
        {**an_event(Kind.CAPTION), "title": 7, "tags": NASTY, "video_id": "3"},
    ]
    (deployment.directory / "events.jsonl").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    deployment.run("publish", "events.jsonl")
    with deployment.consume() as consumer:
        deployment.wait_until_settled(consumer)
    return deployment


def test_a_terminal_gets_escapes_and_a_pipe_the_same_document(nasty: Deployment) -> None:
    """Control characters are shown escaped; it is the same JSON."""
    piped = nasty.run("export")
    assert NASTY in piped
    for command in (["export"], ["dead-letters", "list", "--json"], ["dead-letters", "show", "--all", "--json"]):
        printed = on_terminal(nasty, *command, columns=1_000)
        assert not re.search("[\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", printed), command
    assert json.loads(on_terminal(nasty, "export", columns=1_000)) == json.loads(piped)


@pytest.mark.parametrize("command", ["doctor", "config", "staging stats", "dead-letters list", "why 2"])
def test_no_color_is_heeded(nasty: Deployment, command: str) -> None:
    """With NO_COLOR set there is no escape for a colour on a terminal; without it there is one somewhere."""
    printed = on_terminal(nasty, *command.split(), NO_COLOR="1")
    assert not re.search("\x1b\\[[0-9;]*(3[0-7]|9[0-7])m", printed)


def test_tables_break_no_words(nasty: Deployment) -> None:
    """In a terminal of 60 columns each word of the settings' table is whole."""
    for columns in (60, 20):
        words = set(re.sub("\x1b\\[[0-9;]*m", "", on_terminal(nasty, "config", columns=columns)).split())
        variables = {str(json.loads(line)["variable"]) for line in nasty.run("config", "--json").splitlines()}
        assert variables <= words, columns
