"""Real processes in tests: started in a group of their own, read without blocking, certainly gone afterwards.

Rules:
 1. Every wait has a condition (a line, an answer, the end); the time-out is only a safety net, and its error
    shows what the process has printed.
 2. A process that ends while somebody waits for it to do something ends the wait at once.
 3. Leaving the ``with`` block kills the whole process group, so no grandchild outlives a test.
"""

import errno
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_POLL_SECONDS = 0.02
_PORTS_TO_LISTEN_ON = (20_000, 32_000)
_READER_JOIN_SECONDS = 5
# A proxy in the environment is for the world outside; what is asked here is on this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ProcessFailed(AssertionError):
    """A process ended, or let its time pass, before it did what was waited for; the text carries its output."""


def free_port() -> int:
    """Return a port that was free a moment ago; another process may be faster, so be ready to try again.

    It was free at every address of this machine, for some servers can only listen on all of them, and it is below those
    that the system gives to connections: thousands of these, open or just closed, neither take it nor are in its way.
    """
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("", random.randrange(*_PORTS_TO_LISTEN_ON)))
            except OSError as taken:
                if taken.errno != errno.EADDRINUSE:
                    raise
                continue
            return int(probe.getsockname()[1])


class Process:
    """A running process and what it has printed so far. Use it as a context manager.

    Args:
        command: program and arguments; no shell.
        environment: variables to set on top of this process's own.
        cwd: where it runs; by default here.
        pass_fds: file descriptors that it inherits.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.command = [os.fspath(part) for part in command]
        self._lines: list[tuple[str, str]] = []
        self._news = threading.Condition()
        self._popen = subprocess.Popen(
            self.command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            cwd=cwd,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._readers = [
            self._start_reader("stdout", self._popen.stdout),
            self._start_reader("stderr", self._popen.stderr),
        ]

    def _start_reader(self, stream_name: str, stream: IO[str] | None) -> threading.Thread:
        assert stream is not None
        reader = threading.Thread(target=self._read, args=(stream_name, stream), daemon=True)
        reader.start()
        return reader

    def _read(self, stream_name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append((stream_name, line.rstrip("\n")))
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    @property
    def pid(self) -> int:
        """The process's id, which is its group's id too."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def stdout_lines(self) -> list[str]:
        """The lines of standard output so far, without line ends."""
        return self._lines_of("stdout")

    @property
    def stderr_lines(self) -> list[str]:
        """The lines of standard error so far, without line ends."""
        return self._lines_of("stderr")

    def _lines_of(self, wanted: str) -> list[str]:
        with self._news:
            return [line for stream_name, line in self._lines if stream_name == wanted]

    def wait_for_line(self, pattern: str, *, skip_lines: int = 0, timeout_seconds: float = 30) -> re.Match[str]:
        """Wait until a line of either stream matches, and return the match.

        Lines printed before the call count, so there is no race with a fast process.

        Args:
            pattern: regular expression, searched for within each line.
            skip_lines: how many of the first lines, of both streams together, not to look at.
            timeout_seconds: the safety net.

        Raises:
            ProcessFailed: the process ended without such a line, or the time passed.
        """
        expression = re.compile(pattern)
        deadline = time.monotonic() + timeout_seconds
        with self._news:
            while True:
                for _, line in self._lines[skip_lines:]:
                    if match := expression.search(line):
                        return match
                if not any(reader.is_alive() for reader in self._readers):
                    raise self._failure(f"closed its output without a line that matches {pattern!r}")
                if time.monotonic() > deadline:
                    raise self._failure(f"printed no line that matches {pattern!r} in {timeout_seconds} s")
                self._news.wait(_POLL_SECONDS)

    def wait_for_http(self, url: str, *, status: int = 200, timeout_seconds: float = 30) -> bytes:
        """Wait until a URL on loopback answers with a status, and return the body.

        Raises:
            ProcessFailed: the process ended, or the time passed, without that answer.
        """
        answers: list[tuple[int, bytes]] = []

        def has_answered() -> bool:
            answer = _get(url)
            answers[:] = [answer] if answer is not None else []
            return answer is not None and answer[0] == status

        self.wait_until(has_answered, f"answer {status} at {url}", timeout_seconds=timeout_seconds)
        return answers[0][1]

    def wait_until(self, condition: Callable[[], bool], description: str, *, timeout_seconds: float = 30) -> None:
        """Wait until a condition holds; it is asked every 20 ms while the process lives.

        Args:
            condition: says whether what is waited for has come.
            description: completes "the process did not ...".
            timeout_seconds: the safety net.

        Raises:
            ProcessFailed: the process ended, or the time passed, first.
        """
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if self.returncode is not None:
                raise self._failure(f"ended with status {self.returncode} and did not {description}")
            if time.monotonic() > deadline:
                raise self._failure(f"did not {description} in {timeout_seconds} s")
            with self._news:
                self._news.wait(_POLL_SECONDS)

    def wait(self, *, timeout_seconds: float = 30) -> int:
        """Wait for the process to end; return its exit status, with all of its output read.

        Raises:
            ProcessFailed: it still ran after the time-out.
        """
        try:
            status = self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise self._failure(f"still ran after {timeout_seconds} s") from error
        for reader in self._readers:
            reader.join(_READER_JOIN_SECONDS)
        return status

    def terminate(self, *, timeout_seconds: float = 30) -> int:
        """Ask the process to end (SIGTERM), wait until it has, and return its exit status."""
        self._popen.send_signal(signal.SIGTERM)
        return self.wait(timeout_seconds=timeout_seconds)

    def kill(self) -> int:
        """Kill the process (SIGKILL) as a crash would, and return its exit status: -9 unless it was over before."""
        self._popen.send_signal(signal.SIGKILL)
        return self.wait()

    def _failure(self, what: str) -> ProcessFailed:
        with self._news:
            output = "\n".join(f"  {stream_name} | {line}" for stream_name, line in self._lines[-200:])
        return ProcessFailed(f"{' '.join(self.command)} {what}. It printed:\n{output or '  (nothing)'}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The leader may be gone while its children run on: the group is killed in any case, before the leader is
        # reaped and its id free for others.
        if not _is_group_gone(self.pid):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def _is_group_gone(group_id: int) -> bool:
    try:
        os.killpg(group_id, 0)
    except ProcessLookupError:
        return True
    return False


def _get(url: str) -> tuple[int, bytes] | None:
    if not url.startswith(("http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        raise ValueError(f"tests ask only servers on loopback, not {url}")
    try:
        with _DIRECT.open(url, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException):
        return None
