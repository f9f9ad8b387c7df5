"""``linkhub doctor``: checks a configuration against reality, and says for each fault what mends it."""

from __future__ import annotations

import click

from linkhub_cli import doctor as examination
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import MISTAKEN
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.help_text import Example, examples


@click.command(
    epilog=examples(
        Example("linkhub doctor", "look at everything that the settings name"),
        Example("linkhub doctor --json", "one JSON object a finding: subject, verdict, seen, mend"),
        Example("linkhub doctor && linkhub serve", "start only where nothing is at fault"),
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Compare the configuration with what is there: settings, tables or file, queues, topic, clock.

    Nothing is changed, and no message is received. Below each fault is what mends it. The exit code is 0 without a
    fault (warnings do not count), 1 with a fault, and 2 if the settings are at fault.
    """
    from linkhub_adapters.runtime import SystemClock

    line: CommandLine = ctx.obj
    try:
        loaded = line.load()
    except SettingsFaulty as faulty:
        examination.print_report(examination.of_faulty_settings(faulty), as_json=as_json)
        ctx.exit(MISTAKEN)
    findings = examination.examine(loaded, SystemClock())
    examination.print_report(findings, as_json=as_json)
    ctx.exit(examination.exit_code_of(findings))
