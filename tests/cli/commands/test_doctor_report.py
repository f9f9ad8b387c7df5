"""How findings are printed."""

from __future__ import annotations

import click
import pytest

from linkhub_cli.commands.doctor import exit_code_of, lines_of, summary_of
from linkhub_core.ports.finding import Finding

FINE, OFF = Finding.ok("a", "well"), Finding.warning("bb", "could be better", "do this")
WRONG, OPEN = Finding.fault("c", "broken", "first", "then"), Finding.not_checked("d", "not known")


def test_a_line_each_and_what_mends_it_below() -> None:
    """Nothing is wrapped, and what mends is indented."""
    assert [click.unstyle(line) for line in lines_of([FINE, OFF, WRONG, OPEN])] == [
        "ok           a   well",
        "warning      bb  could be better",
        "               do this",
        "fault        c   broken",
        "               first",
        "               then",
        "not checked  d   not known",
    ]


def test_what_a_terminal_would_act_upon_is_shown() -> None:
    """A text from elsewhere cannot move the cursor."""
    (line,) = lines_of([Finding.ok("a", "\x1b[2J")])
    assert "\\x1b[2J" in line


def test_the_summary_counts() -> None:
    """Each verdict, faults first."""
    assert summary_of([FINE, FINE, OFF, WRONG, OPEN]) == "1 fault, 1 warning, 1 not checked, 2 ok"


@pytest.mark.parametrize(("findings", "code"), [([FINE], 0), ([FINE, OFF, OPEN], 0), ([FINE, WRONG], 1)])
def test_only_a_fault_fails(findings: list[Finding], code: int) -> None:
    """Warnings, and what could not be checked, do not."""
    assert exit_code_of(findings) == code
