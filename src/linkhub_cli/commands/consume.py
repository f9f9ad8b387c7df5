"""``linkhub consume``: the consumer alone."""

from __future__ import annotations

import asyncio

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.container import Container, open_container
from linkhub_cli.help_text import Example, examples
from linkhub_cli.lifecycle import Phase, run_phases, stopped_by_signals
from linkhub_cli.settings import Settings
from linkhub_cli.settings_sources import SettingFault, SettingsFaulty

__all__ = ["consume"]


@click.command(
    epilog=examples(
        Example("linkhub consume", "work on the queues until Ctrl-C"),
        Example("linkhub serve --no-consume & linkhub consume & linkhub consume", "one server, two consumers"),
    )
)
@click.pass_obj
def consume(line: CommandLine) -> None:
    """Take messages from the queues, join halves, save products and announce them; sweep every hour.

    Run as many processes as you like. SIGTERM or Ctrl-C drains: no more messages are taken, work in hand is finished,
    and the exit code is 0; a second signal ends the process at once, and its messages are delivered again.
    """
    line.run_service(_consume)


async def _consume(settings: Settings) -> None:
    if settings.storage.backend == "memory":
        problem = "gives every process a memory of its own: there is nothing to consume, use `linkhub serve`"
        raise SettingsFaulty([SettingFault("LINKHUB_BACKEND", problem, "memory")])
    stop = asyncio.Event()
    async with open_container(settings, Container) as container:
        log = container.log()
        work = Phase(name="consume", duties=[container.consumer().run, container.sweeper().run])
        with stopped_by_signals(stop):
            log.info("consuming", backend=settings.storage.backend)
            await run_phases(
                [work],
                stop,
                drain_seconds=settings.consuming.drain_seconds,
                cut_short=lambda phases: log.warning("drain_cut_short", phases=phases),
            )
        log.info("stopped")
