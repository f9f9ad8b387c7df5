"""``linkhub consume``: the consumer alone."""

from __future__ import annotations

import click

from linkhub_cli.backends import plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.processes.consuming import consume as consume_until_stopped
from linkhub_cli.settings import Settings, SettingsFaulty
from linkhub_cli.views.help_text import Example, examples


@click.command(
    epilog=examples(
        Example("linkhub consume", "work on the queues until Ctrl-C"),
        Example("linkhub serve --no-consume & linkhub consume & linkhub consume", "one server, two consumers"),
    )
)
@click.pass_obj
def consume(line: CommandLine) -> None:
    """Take messages from the queues, join halves, save products and announce them; sweep every hour.

    Run as many processes as you like. With LINKHUB_METRICS_PORT set, each answers /healthz, /readyz and /metrics there.
    SIGTERM, SIGHUP or Ctrl-C drains: no more messages are taken, work in hand is finished, and the exit code is 0; a
    second signal ends the process at once, and its messages are delivered again.
    """
    line.run_service(_consume)


async def _consume(settings: Settings) -> None:
    if not plugin_of(settings).is_shared:
        problem = "keeps everything within one process: there is nothing to consume, use `linkhub serve`"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, settings.storage.backend)
    await consume_until_stopped(settings)
