"""Imports every module of the named packages and prints, as JSON lines, whatever that opened. Run as a script.

    python -B import_probe.py linkhub_core linkhub_adapters

Watched by an audit hook, which no code can take off again: sockets, files opened for writing, processes and SQLite
files; and, by wrappers, because Python 3.11 audits neither: starts of threads, and reads of the environment variables
that ``WATCHED_VARIABLES`` matches. Each finding says which module's top-level code was running; that is the third
party's where a third party does it at its own import.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

WATCHED_VARIABLES = re.compile(r"^(LINKHUB_|SQS_|DYNAMODB_|SNS_|WEBSOCKET_)")

_WATCHED_EVENTS = re.compile(
    r"^(socket\..+|subprocess\.Popen|os\.(system|exec|posix_spawn|fork|forkpty|startfile)|pty\.spawn"
    r"|sqlite3\.connect)$"
)
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def probe(package_names: list[str]) -> list[dict[str, str]]:
    """Import the packages and all of their modules; return what was opened meanwhile.

    Args:
        package_names: top-level packages that can be imported.
    """
    findings: list[dict[str, str]] = []
    sys.addaudithook(lambda event, arguments: _watch(findings, event, arguments))
    _watch_environment(findings)
    _watch_threads(findings)
    for package_name in package_names:
        for module_name in _modules_of(package_name):
            importlib.import_module(module_name)
    return list(findings)


def _modules_of(package_name: str) -> Iterator[str]:
    package = importlib.import_module(package_name)
    yield package_name
    for module in pkgutil.walk_packages(package.__path__, f"{package_name}.", onerror=_fail):
        if not module.name.endswith(".__main__"):  # importing that one is running the program
            yield module.name


def _fail(module_name: str) -> None:
    raise ImportError(f"{module_name} cannot be imported")


def _watch(findings: list[dict[str, str]], event: str, arguments: tuple[Any, ...]) -> None:
    if _WATCHED_EVENTS.match(event) or (event == "open" and _is_for_writing(*arguments)):
        findings.append({"what": event, "detail": repr(arguments)[:200], "module": _importing_module()})


def _is_for_writing(path: object, mode: str | None, flags: int) -> bool:
    return bool(set(mode or "") & set("wax+")) or bool(flags & _WRITE_FLAGS)


def _watch_environment(findings: list[dict[str, str]]) -> None:
    mapping = type(os.environ)
    for method_name in ("__getitem__", "__contains__"):
        setattr(mapping, method_name, _noting(findings, getattr(mapping, method_name, None) or _contains))


def _contains(environment: Any, name: str) -> bool:
    try:
        environment[name]
    except KeyError:
        return False
    return True


def _noting(findings: list[dict[str, str]], method: Any) -> Any:
    def noting(environment: Any, name: str) -> Any:
        if WATCHED_VARIABLES.match(name):
            findings.append({"what": "os.environ", "detail": name, "module": _importing_module()})
        return method(environment, name)

    return noting


def _watch_threads(findings: list[dict[str, str]]) -> None:
    start = threading.Thread.start

    def noting(thread: threading.Thread) -> None:
        findings.append({"what": "threading.Thread", "detail": repr(thread), "module": _importing_module()})
        start(thread)

    setattr(threading.Thread, "start", noting)  # noqa: B010 - mypy forbids the plain assignment to a method


def _importing_module() -> str:
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "?"))
        if frame.f_code.co_name == "<module>" and name != "__main__":
            return name
        frame = frame.f_back
    return "?"


if __name__ == "__main__":
    for finding in probe(sys.argv[1:]):
        print(json.dumps(finding))  # noqa: T201 - its output is its result
