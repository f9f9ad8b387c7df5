"""Prints findings: a line for each, its remedy below, and a count at the end.

Lines are never wrapped, so that a remedy can be copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs
import click

from linkhub_cli.views.output import counted, plain, print_lines, print_status, styled
from linkhub_core.ports.finding import Finding, Verdict

_COLOURS = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.FAULT: "red",
    Verdict.NOT_CHECKED: "cyan",
}
_MARK_WIDTH = max(map(len, Verdict))


def print_report(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print all findings."""
    if as_json:
        print_lines(attrs.asdict(finding) for finding in findings)
        return
    for line in lines_of(findings):
        click.echo(line)
    print_status(f"\n{summary_of(findings)}")


def lines_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The report, line by line."""
    width = min(48, max(len(finding.subject) for finding in findings))
    for finding in findings:
        mark = styled(f"{finding.verdict:<{_MARK_WIDTH}}", _COLOURS[finding.verdict])
        yield f"{mark}  {plain(finding.subject):<{width}}  {plain(finding.seen)}"
        yield from (f"{'':<{_MARK_WIDTH}}    {plain(step)}" for step in finding.mend)


def summary_of(findings: Sequence[Finding]) -> str:
    """The number of each verdict."""
    counts = Counter(finding.verdict for finding in findings)
    grave = [counted(counts[Verdict.FAULT], "fault"), counted(counts[Verdict.WARNING], "warning")]
    return ", ".join([*grave, f"{counts[Verdict.NOT_CHECKED]} not checked", f"{counts[Verdict.OK]} ok"])


def exit_code_of(findings: Sequence[Finding]) -> int:
    """1 if there is a fault, else 0."""
    return int(any(finding.verdict is Verdict.FAULT for finding in findings))
