"""The findings about the machine."""

from __future__ import annotations

import pytest

from linkhub_cli.doctor.machine import WANTED_FILES, MachineSeen, look_at_machine, machine_findings
from linkhub_core.ports.finding import Verdict


@pytest.mark.parametrize(
    ("soft", "hard", "verdict", "steps"),
    [
        (WANTED_FILES, WANTED_FILES, Verdict.OK, 0),
        (1_024, 1_048_576, Verdict.WARNING, 1),
        (1_024, 4_096, Verdict.WARNING, 2),
        (None, None, Verdict.NOT_CHECKED, 0),
    ],
)
def test_the_limit_of_open_files(soft: int | None, hard: int | None, verdict: Verdict, steps: int) -> None:
    """A connection is an open file; where the hard limit is in the way, it is raised first."""
    files, _ = machine_findings(MachineSeen(soft_files=soft, hard_files=hard, has_uvloop=True))
    assert (files.verdict, len(files.mend)) == (verdict, steps)


@pytest.mark.parametrize(
    ("has_uvloop", "is_windows", "verdict"),
    [(True, False, Verdict.OK), (False, False, Verdict.WARNING), (False, True, Verdict.OK)],
)
def test_the_event_loop(has_uvloop: bool, is_windows: bool, verdict: Verdict) -> None:
    """uvloop is missed where it exists."""
    seen = MachineSeen(soft_files=99_999, hard_files=99_999, has_uvloop=has_uvloop, is_windows=is_windows)
    _, loop = machine_findings(seen)
    assert loop.verdict is verdict


def test_this_machine_can_be_looked_at() -> None:
    """Both findings come from values of the system."""
    assert [finding.subject for finding in machine_findings(look_at_machine())] == ["open files", "event loop"]
