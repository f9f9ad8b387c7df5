"""``linkhub sweep``: one sweep, now."""

from __future__ import annotations

import attrs
import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, print_lines
from linkhub_cli.wiring.container import Container
from linkhub_core.model.journal_entries import Swept


@click.command(
    epilog=examples(
        Example("linkhub sweep", "sweep once"),
        Example("linkhub sweep --json", "the same, its figures as JSON"),
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def sweep(line: CommandLine, as_json: bool) -> None:
    """Read every half in staging, and complete unfinished work.

    A half whose product exists is joined with it. An expired half is removed. A product whose announcement is not
    confirmed is announced. Stalled halves are reported. Consumers do the same, every hour or more often; running it
    again is harmless.
    """
    swept = line.run(_sweep, opening=OPEN_STORES)
    if as_json:
        print_lines([attrs.asdict(swept)])
    else:
        skipped = f"; {counted(swept.skipped, 'row')} skipped, see the log" if swept.skipped else ""
        click.echo(
            f"saw {counted(swept.seen, 'row')} in staging: {swept.folded:,} folded into their products, "
            f"{swept.expired:,} removed after their time; {counted(swept.announced, 'product')} announced late{skipped}"
        )


async def _sweep(container: Container) -> Swept:
    swept = await container.sweep()()
    await container.report_stalled()()
    return swept
