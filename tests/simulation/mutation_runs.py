"""Runs broken protocols, each in a fork of one process that has imported everything but linkhub.

A mutation has to be installed before linkhub is imported, so each one needs a process of its own. A fork of a process
that holds the other packages already starts in a quarter of the time.

    with open_runs() as run:
        exit_code, output = run("--mutation", "merge-by-arrival", "0-100")
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

Run = Callable[..., tuple[int, str]]

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = (
    "attrs",
    "boto3",
    "botocore.parsers",
    "botocore.session",
    "hypothesis.strategies",
    "orjson",
    "pytest",
    "starlette.applications",
    "websockets.asyncio.server",
)


@contextlib.contextmanager
def open_runs() -> Iterator[Run]:
    """Start the process; each call of what it gives runs ``python -m tests.simulation`` with these arguments.

    A call returns the exit code, and what was written to standard output and standard error.
    """
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, replies = process.stdin, process.stdout

        def run(*arguments: str) -> tuple[int, str]:
            requests.write(json.dumps(arguments) + "\n")
            requests.flush()
            exit_code, output = json.loads(replies.readline())
            return exit_code, output

        yield run


def _main() -> None:
    for package in _PACKAGES:
        importlib.import_module(package)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


def _fork(arguments: Sequence[str]) -> tuple[int, str]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os._exit(_simulate(arguments))
    os.close(writing)
    with os.fdopen(reading) as output:
        text = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def _simulate(arguments: Sequence[str]) -> int:
    from tests.simulation.__main__ import main  # noqa: PLC0415  in the fork, before which nothing of it may be imported

    exit_code = 2
    try:
        exit_code = main(arguments)
    except SystemExit as end:
        exit_code = end.code if isinstance(end.code, int) else 2
    except BaseException:  # noqa: BLE001  the fork must not go on with its parent's work
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return exit_code


if __name__ == "__main__":
    _main()
