"""``linkhub init``: makes what the backend needs, or prints the CloudFormation template of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import click

from linkhub_adapters.aws.resources import Subscription
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.command_line import CommandLine
from linkhub_cli.provisioning import provision
from linkhub_cli.provisioning.wanted import settings_before_queues, settings_to_use, wanted_of
from linkhub_cli.settings import Settings
from linkhub_cli.views.failures import SOME_FAILED, UNAVAILABLE
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import news, plain, print_lines
from linkhub_cli.wiring.logs import set_up_logs
from linkhub_core.ports.provisioned import Provisioned, Status

__all__ = ["init"]

_WORDS = {
    Status.MADE: "made",
    Status.UNCHANGED: "was there, unchanged",
    Status.CHANGED: "was there, changed",
    Status.UNFIT: "UNFIT, left alone",
    Status.FAILED: "FAILED",
}
_AGAIN = "mend what the notes say and run `linkhub init` again: it goes on where this run stopped"


def _subscriptions(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> Sequence[Subscription]:
    wanted = []
    for text in texts:
        protocol, separator, endpoint = text.partition(":")
        if not (protocol and separator and endpoint):
            raise click.BadParameter(f"{text!r} is not PROTOCOL:ENDPOINT, such as sqs:arn:aws:sqs:eu-west-1:123:orders")
        # A URL stands for itself: its scheme is the protocol, and belongs to the endpoint, too.
        endpoint = text if endpoint.startswith("//") else endpoint
        wanted.append(Subscription(protocol=protocol, endpoint=endpoint))
    return wanted


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
def init(ctx: click.Context, template: bool, subscriptions: Sequence[Subscription], as_json: bool) -> None:
    """Make what the backend needs, or look whether it is there and mend what is safe to mend.

    With LINKHUB_BACKEND=aws: both tables, both queues with their dead-letter queues, and the topic, under the names
    that the settings give them. Standard error says what was done with each resource; the settings to use are
    printed, ready for .env. Nothing is deleted or lowered, and a second run changes nothing. With the embedded backend
    it makes the file.
    """
    line: CommandLine = ctx.obj
    settings = settings_before_queues(line.settings)
    if template:
        _print_template(settings, subscriptions)
        return
    set_up_logs(settings.logs, quiet=True)
    outcomes = asyncio.run(_provision(settings, subscriptions, quiet=as_json))
    found = settings_to_use(wanted_of(settings), outcomes) if settings.storage.backend == "aws" else {}
    if as_json:
        print_lines([{"resources": [attrs.asdict(told) for told in outcomes], "settings": found}])
    else:
        _tell_end(outcomes, found)
    ctx.exit(_exit_code(outcomes))


def _print_template(settings: Settings, subscriptions: Sequence[Subscription]) -> None:
    from linkhub_adapters.aws.resources.template import template_json  # noqa: PLC0415  only for the template

    click.echo(template_json(wanted_of(settings, subscriptions)), nl=False)


async def _provision(settings: Settings, subscriptions: Sequence[Subscription], *, quiet: bool) -> list[Provisioned]:
    outcomes = []
    async for told in provision(settings, SystemClock(), subscriptions):
        outcomes.append(told)
        if not quiet:
            _tell(told)
    return outcomes


def _tell(told: Provisioned) -> None:
    news(plain(f"{told.resource} {told.name}: {_WORDS[told.status]}"))
    for text in (*told.changes, *told.notes):
        news(plain(f"  {text}"))


def _tell_end(outcomes: Sequence[Provisioned], found: Mapping[str, Any]) -> None:
    if not outcomes:
        news("there is nothing to make: the memory backend keeps all in the process")
    elif _exit_code(outcomes):
        news(_AGAIN)
    elif all(told.status is Status.UNCHANGED for told in outcomes):
        news("nothing was changed")
    for variable, text in found.items():
        click.echo(f"{variable}={text}")


def _exit_code(outcomes: Sequence[Provisioned]) -> int:
    statuses = {told.status for told in outcomes}
    if Status.FAILED in statuses:
        return UNAVAILABLE
    return SOME_FAILED if Status.UNFIT in statuses else 0
