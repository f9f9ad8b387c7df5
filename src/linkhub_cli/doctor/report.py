"""How findings are told: a line each with its verdict first, what mends it below, and a count in the end.

Lines are never wrapped: what mends is there to be copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs
import click

from linkhub_cli.views.output import counted, news, plain, print_lines, styled
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
    news(f"\n{summary_of(findings)}")


def lines_of(findings: Sequence[Finding]) -> Iterator[str]:
    """The report, line by line."""
    width = min(48, max(len(finding.subject) for finding in findings))
    for finding in findings:
        mark = styled(f"{finding.verdict:<{_MARK_WIDTH}}", _COLOURS[finding.verdict])
        yield f"{mark}  {plain(finding.subject):<{width}}  {plain(finding.seen)}"
        yield from (f"{'':<{_MARK_WIDTH}}    {plain(step)}" for step in finding.mend)


def summary_of(findings: Sequence[Finding]) -> str:
    """How many of each verdict there are."""
    counts = Counter(finding.verdict for finding in findings)
    told = [counted(counts[Verdict.FAULT], "fault"), counted(counts[Verdict.WARNING], "warning")]
    return ", ".join([*told, f"{counts[Verdict.NOT_CHECKED]} not checked", f"{counts[Verdict.OK]} ok"])


def exit_code_of(findings: Sequence[Finding]) -> int:
    """0 where there is no fault, whatever else there is; else 1."""
    return int(any(finding.verdict is Verdict.FAULT for finding in findings))
