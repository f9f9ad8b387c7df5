"""Processes are read without blocking, waited for by condition, and gone with everything that they started."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.processes import Process, ProcessFailed

_WAIT_FOREVER = "import signal; signal.pause()"


def _python(code: str) -> Process:
    return Process([sys.executable, "-c", code])


def test_both_streams_are_read_while_it_runs() -> None:
    """Lines of both streams can be waited for, with the groups of the pattern."""
    with _python(
        f"import sys; print('port 123'); print('ready', file=sys.stderr, flush=True); {_WAIT_FOREVER}"
    ) as process:
        assert process.wait_for_line(r"port (\d+)")[1] == "123"
        process.wait_for_line("^ready$")
        assert (process.stdout_lines, process.stderr_lines) == (["port 123"], ["ready"])
        assert process.returncode is None


def test_more_output_than_a_pipe_holds_does_not_block_it() -> None:
    """A process that prints a megabyte ends although no test reads its lines."""
    with _python("print(('x' * 99 + '\\n') * 10_000, end='')") as process:
        assert process.wait() == 0
        assert len(process.stdout_lines) == 10_000


def test_lines_seen_before_can_be_skipped() -> None:
    """A repeated line is distinguished from its first occurrence."""
    with _python("print('tick 1'); print('tick 2')") as process:
        assert process.wait_for_line(r"tick (\d)", skip_lines=1)[1] == "2"


def test_an_early_end_is_reported_at_once_with_the_output() -> None:
    """Waiting for what a dead process will never print fails and shows what it did print."""
    with (
        _python("raise SystemExit('bad configuration')") as process,
        pytest.raises(ProcessFailed, match="bad configuration"),
    ):
        process.wait_for_line("never", timeout_seconds=60)


def test_a_condition_ends_with_the_process() -> None:
    """Waiting for an answer over HTTP fails with the status when the process ends first."""
    with (
        _python("raise SystemExit(3)") as process,
        pytest.raises(ProcessFailed, match=r"status 3 and did not answer 200"),
    ):
        process.wait_for_http("http://127.0.0.1:1/", timeout_seconds=60)


def test_the_time_out_is_the_last_resort() -> None:
    """A process that neither ends nor speaks is given up, and the error says for what it was waited."""
    with _python(_WAIT_FOREVER) as process, pytest.raises(ProcessFailed, match="no line that matches 'never'"):
        process.wait_for_line("never", timeout_seconds=0)


def test_an_http_server_is_waited_for(tmp_path: Path) -> None:
    """The wait ends with the body once the server answers as wanted."""
    (tmp_path / "hello.txt").write_text("hello")
    command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with Process(command, cwd=tmp_path) as process:
        port = process.wait_for_line(r"port (\d+)")[1]
        assert process.wait_for_http(f"http://127.0.0.1:{port}/hello.txt") == b"hello"
        process.wait_for_http(f"http://127.0.0.1:{port}/none", status=404)


def test_only_loopback_is_asked() -> None:
    """An address outside of this machine is refused, not tried."""
    with _python(_WAIT_FOREVER) as process, pytest.raises(ValueError, match="loopback"):
        process.wait_for_http("http://192.0.2.1/")


def test_it_can_be_asked_to_end_and_killed() -> None:
    """SIGTERM lets a process tidy up and choose its status; SIGKILL does not."""
    tidy = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); print('up', flush=True)"
    with _python(f"{tidy}; {_WAIT_FOREVER}") as process:
        process.wait_for_line("up")
        assert process.terminate() == 5
    with _python(f"{tidy}; {_WAIT_FOREVER}") as process:
        process.wait_for_line("up")
        assert process.kill() == -signal.SIGKILL


def test_grandchildren_do_not_outlive_the_block() -> None:
    """The children of a process end with it, even if the process itself is dead already."""
    start_another = (
        "import subprocess, sys; "
        f"child = subprocess.Popen([sys.executable, '-c', {_WAIT_FOREVER!r}], stdout=subprocess.DEVNULL, "
        "stderr=subprocess.DEVNULL); print('child', child.pid, flush=True)"
    )
    with _python(start_another) as process:
        child_id = int(process.wait_for_line(r"child (\d+)")[1])
        assert process.wait() == 0
        assert _is_running(child_id)
    with _python(_WAIT_FOREVER) as other:
        other.wait_until(lambda: not _is_running(child_id), "see the grandchild end")


def test_the_environment_is_added_to() -> None:
    """Variables of the caller's come on top of the inherited ones."""
    code = "import os; print(os.environ['GIVEN'], 'PATH' in os.environ)"
    with Process([sys.executable, "-c", code], environment={"GIVEN": "yes"}) as process:
        assert process.wait_for_line("^yes").string == "yes True"


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")  # a zombie waits only for its parent: it does nothing any more
    try:
        return not status.parent.parent.is_dir() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
