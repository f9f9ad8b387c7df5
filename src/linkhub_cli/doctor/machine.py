"""The machine: the limit of open connections, and the event loop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from attrs import frozen

from linkhub_core.ports.finding import Finding

CONNECTIONS = 10_000
SPARE_FILES = 240  # the file, sockets to AWS, logs, connections that are about to close
WANTED_FILES = CONNECTIONS + SPARE_FILES


@frozen(kw_only=True)
class MachineSeen:
    """The limits of open files, none on systems without them, and whether uvloop is installed."""

    soft_files: int | None
    hard_files: int | None
    has_uvloop: bool
    is_windows: bool = False


def look_at_machine() -> MachineSeen:
    """Ask the system."""
    soft, hard = _file_limits()
    return MachineSeen(
        soft_files=soft,
        hard_files=hard,
        has_uvloop=find_spec("uvloop") is not None,
        is_windows=sys.platform == "win32",
    )


def _file_limits() -> tuple[int | None, int | None]:
    try:
        import resource
    except ImportError:
        return None, None
    soft, hard = (
        sys.maxsize if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return soft, hard


def machine_findings(seen: MachineSeen) -> Sequence[Finding]:
    """Judge the machine."""
    return [_files_finding(seen), _loop_finding(seen)]


def _files_finding(seen: MachineSeen) -> Finding:
    subject = "open files"
    if seen.soft_files is None or seen.hard_files is None:
        return Finding.not_checked(subject, "this system has no limit to ask for")
    if seen.soft_files >= WANTED_FILES:
        return Finding.ok(subject, f"enough for {CONNECTIONS:,} connections")
    viewers = max(0, seen.soft_files - SPARE_FILES)
    problem = f"the limit is {seen.soft_files:,}: a server holds some {viewers:,} connections"
    steps = [
        f"ulimit -n {WANTED_FILES} (in the shell or unit that starts linkhub; systemd: LimitNOFILE={WANTED_FILES})"
    ]
    if seen.hard_files < WANTED_FILES:
        steps.insert(0, f"raise the hard limit of {seen.hard_files:,} first, in /etc/security/limits.conf")
    return Finding.warning(subject, problem, *steps)


def _loop_finding(seen: MachineSeen) -> Finding:
    if seen.has_uvloop:
        return Finding.ok("event loop", "uvloop")
    if seen.is_windows:
        return Finding.ok("event loop", "asyncio's own: there is no uvloop for Windows")
    return Finding.warning("event loop", "asyncio's own: it is slower than uvloop", "pip install uvloop")
