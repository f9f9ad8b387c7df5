"""``linkhub config``: every setting, its value, and where the value came from."""

from __future__ import annotations

from itertools import groupby

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.settings import Loaded
from linkhub_cli.settings import reference as settings_reference
from linkhub_cli.settings.sources import Effective
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import print_lines, print_status, print_table


@click.command(
    epilog=examples(
        Example("linkhub config", "the values in use, and their sources"),
        Example("linkhub config --env-example > .env", "a file to start from"),
        Example("LINKHUB_PORT=8080 linkhub config --json", "the same for a program"),
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--env-example", is_flag=True, help="Print the example file, with every setting and its default.")
@click.option("--markdown", is_flag=True, help="Print the reference table of the docs.")
@click.pass_obj
def config(line: CommandLine, as_json: bool, env_example: bool, markdown: bool) -> None:
    """Show every setting: its value, and where the value came from.

    Secrets are masked. A configuration with faults is not shown: all its faults are, and the exit code is 2.
    """
    if env_example:
        click.echo(settings_reference.env_example(), nl=False)
    elif markdown:
        click.echo(settings_reference.markdown(), nl=False)
    else:
        _show(line.load(), as_json=as_json)


def _show(loaded: Loaded, *, as_json: bool) -> None:
    for warning in loaded.warnings:
        print_status(f"linkhub: warning: {warning}")
    if as_json:
        print_lines(settings_reference.as_documents(loaded.effective))
        return
    for section, settings in groupby(loaded.effective, key=lambda setting: setting.section):
        print_table(["variable", "value", "unit", "from"], map(_row, settings), title=f"{section}")


def _row(setting: Effective) -> tuple[str, str, str, str]:
    facts = setting.facts
    value = facts.shown(setting.value) if setting.value is not None else f"({facts.when_unset})"
    return facts.variable, value, facts.unit, setting.source
