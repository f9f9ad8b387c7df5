"""``linkhub doctor``: checks a configuration against reality, and prints each finding with its remedy.

Lines are never wrapped, so that a remedy can be copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs
import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.doctor.examine import examine, of_faulty_settings
from linkhub_cli.failures import MISTAKEN
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, plain, print_lines, print_status, styled
from linkhub_core.ports.finding import Finding, Verdict

_COLOURS = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.FAULT: "red",
    Verdict.NOT_CHECKED: "cyan",
}
_MARK_WIDTH = max(map(len, Verdict))


@click.command(
    epilog=examples(
        Example("linkhub doctor", "check all resources of the settings"),
        Example("linkhub doctor --json", "one JSON object a finding: subject, verdict, seen, mend"),
        Example("linkhub doctor && linkhub serve", "start only without faults"),
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Compare the configuration with what exists: settings, tables or file, queues, topic, clock.

    Nothing is changed, and no message is received. Below each fault is its remedy. The exit code is 0 without a
    fault (warnings do not count), 1 with a fault, and 2 if the settings are at fault.
    """
    from linkhub_adapters.runtime import SystemClock

    line: CommandLine = ctx.obj
    try:
        loaded = line.load()
    except SettingsFaulty as faulty:
        print_report(of_faulty_settings(faulty), as_json=as_json)
        ctx.exit(MISTAKEN)
    findings = examine(loaded, SystemClock())
    print_report(findings, as_json=as_json)
    ctx.exit(exit_code_of(findings))


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
