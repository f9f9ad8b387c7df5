"""``linkhub init``: makes what the backend needs, or prints a template of it for another tool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import attrs
import click

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import BackendPlugin, all_plugins, plugin_of, usable_plugin_of
from linkhub_cli.command_line import CommandLine, set_up_logs
from linkhub_cli.failures import SOME_FAILED, UNAVAILABLE
from linkhub_cli.settings import Settings
from linkhub_cli.settings.definition import BACKEND
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import plain, print_lines, print_status
from linkhub_core.ports.provisioned import Provisioned, Status

_WORDS = {
    Status.MADE: "made",
    Status.UNCHANGED: "was there, unchanged",
    Status.CHANGED: "was there, changed",
    Status.UNFIT: "UNFIT, left alone",
    Status.FAILED: "FAILED",
    Status.REMOVED: "removed",
}
_AGAIN = "mend what the notes say and run `linkhub init` again: it goes on where this run stopped"


def _subscriptions(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> Sequence[str]:
    for text in texts:
        protocol, separator, endpoint = text.partition(":")
        if not (protocol and separator and endpoint):
            raise click.BadParameter(f"{text!r} is not PROTOCOL:ENDPOINT, such as sqs:arn:aws:sqs:eu-west-1:123:orders")
    return texts


@click.command(
    epilog=examples(
        Example("LINKHUB_BACKEND=aws linkhub init >> .env", "make all, and keep the settings to use"),
        Example("linkhub init --template > linkhub.json", "the same as a CloudFormation template"),
        Example("linkhub init --subscribe sqs:ARN", "let another service's queue hear of products"),
        Example("linkhub init --json | jq .settings", "for a program"),
    )
)
@click.option("--template", is_flag=True, help="Print a CloudFormation template of the AWS resources; make nothing.")
@click.option(
    "--subscribe",
    "subscriptions",
    metavar="PROTOCOL:ENDPOINT",
    multiple=True,
    callback=_subscriptions,
    help="Subscribe another service to announcements, such as sqs:ARN, lambda:ARN, https://..., email:ADDRESS. "
    "Servers subscribe themselves.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with resources and settings.")
@click.pass_context
def init(ctx: click.Context, template: bool, subscriptions: Sequence[str], as_json: bool) -> None:
    """Make the resources of the backend; if they exist, check them and correct safe differences.

    With LINKHUB_BACKEND=aws: both tables, both queues with their dead-letter queues, and the topic, under the names
    that the settings give them. Standard error reports each resource; the settings to use are printed, ready for .env.
    It deletes nothing and lowers no value, and a second run changes nothing. With the embedded backend it makes the
    file.
    """
    line: CommandLine = ctx.obj
    settings = line.load_and_warn(before_init=True).settings
    plugin = usable_plugin_of(settings) if not template else plugin_of(settings)
    if template:
        click.echo(_template(plugin, settings, subscriptions), nl=False)
        return
    if subscriptions and not plugin.has_subscriptions:
        raise click.UsageError(f"the backend {settings.storage.backend} has no subscriptions: leave out --subscribe")
    set_up_logs(settings.logs, quiet=True)
    outcomes = asyncio.run(_provision(plugin, settings, subscriptions, quiet=as_json))
    found = _settings_to_use(plugin, settings, outcomes)
    if as_json:
        print_lines([{"resources": [attrs.asdict(outcome) for outcome in outcomes], "settings": found}])
    else:
        _print_end(settings, outcomes, found)
    ctx.exit(_exit_code(outcomes))


def _template(plugin: BackendPlugin, settings: Settings, subscriptions: Sequence[str]) -> str:
    """The template of the chosen backend, else of the first that has one."""
    templates = (one.template(settings, subscriptions) for one in (plugin, *all_plugins()))
    found = next(filter(None, templates), None)
    if found is None:
        raise click.UsageError("no backend that is installed has a template")
    return found


async def _provision(
    plugin: BackendPlugin, settings: Settings, subscriptions: Sequence[str], *, quiet: bool
) -> list[Provisioned]:
    outcomes = []
    async for outcome in plugin.provision(settings, SystemClock(), subscriptions):
        outcomes.append(outcome)
        if not quiet:
            print_outcome(outcome)
    return outcomes


def _settings_to_use(plugin: BackendPlugin, settings: Settings, outcomes: Sequence[Provisioned]) -> Mapping[str, str]:
    """The backend is named only if all of it exists: ``>> .env`` must not choose a backend that cannot start."""
    found = plugin.settings_to_use(settings, outcomes)
    return {BACKEND: settings.storage.backend, **found} if found and not _exit_code(outcomes) else found


def print_outcome(outcome: Provisioned) -> None:
    """Print the outcome of a resource, with its changes and notes."""
    print_status(plain(f"{outcome.resource} {outcome.name}: {_WORDS[outcome.status]}"))
    for text in (*outcome.changes, *outcome.notes):
        print_status(plain(f"  {text}"))


def _print_end(settings: Settings, outcomes: Sequence[Provisioned], found: Mapping[str, str]) -> None:
    if not outcomes:
        print_status(f"there is nothing to make for the {settings.storage.backend} backend")
    elif _exit_code(outcomes):
        print_status(_AGAIN)
    elif all(outcome.status is Status.UNCHANGED for outcome in outcomes):
        print_status("nothing was changed")
    for variable, text in found.items():
        click.echo(f"{variable}={text}")


def _exit_code(outcomes: Sequence[Provisioned]) -> int:
    statuses = {outcome.status for outcome in outcomes}
    if Status.FAILED in statuses:
        return UNAVAILABLE
    return SOME_FAILED if Status.UNFIT in statuses else 0
