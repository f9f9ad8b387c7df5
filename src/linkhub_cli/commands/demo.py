"""``linkhub demo``: a server on a fresh embedded file, with simulated workers that feed it."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Sequence
from functools import partial

import click
from attrs import evolve
from rich.console import Console

from linkhub_cli.command_line import CommandLine
from linkhub_cli.commands.serve import overrides_of
from linkhub_cli.demo.shops import CURRENCY, PICTURE_PATH, SHOPS, picture_route
from linkhub_cli.demo.status_line import StatusLine
from linkhub_cli.demo.workers import Feeding, SimulatedWorkers
from linkhub_cli.processes.lifecycle import Duty
from linkhub_cli.processes.serving import serve as serve_until_stopped
from linkhub_cli.settings import Settings
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import print_status
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.server_container import ServerContainer

_SHOPS_SHOWN = 3
_REMOVED = "Ctrl-C stops it and removes everything."
_KEPT = "Ctrl-C stops it. The products stay in the configured backend."


@click.command(
    epilog=examples(
        Example("linkhub demo", "then open the addresses that it prints"),
        Example("linkhub demo --rate 50", "many videos"),
        Example("linkhub watch nalu-fashion", "meanwhile, in another terminal"),
    )
)
@click.option("--rate", type=click.FloatRange(0.01, 1_000), default=1.0, show_default=True, help="Videos a second.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same shops.")
@click.option("--configured", is_flag=True, help="Feed the configured backend, and keep the data there.")
@click.option("--host", metavar="HOST", help="The address to listen on (LINKHUB_HOST).")
@click.option("--port", metavar="PORT", help="The port; 0 takes any free one (LINKHUB_PORT).")
@click.pass_obj
def demo(line: CommandLine, *, rate: float, seed: int, configured: bool, host: str | None, port: str | None) -> None:
    """Serve invented shops, fed by simulated workers: halves in any order, copies, later parses, mistakes.

    The data is in a temporary directory and is removed at the end. The configured backend is not used, unless
    --configured is given. The admin token is made at the start, and printed.
    """
    token = secrets.token_urlsafe(9)
    with tempfile.TemporaryDirectory(prefix="linkhub-demo-") as directory:
        overrides = {"LINKHUB_ADMIN_TOKEN": token}
        if not configured:
            overrides |= {"LINKHUB_BACKEND": "embedded", "LINKHUB_DATA_DIR": directory}
        if sys.stderr.isatty():  # a log line for each product would scroll the status line away
            overrides["LINKHUB_LOG_LEVEL"] = "error"
        line.run_service(
            partial(_demonstrate, rate=rate, seed=seed, token=token, ending=_KEPT if configured else _REMOVED),
            overrides | overrides_of(host=host, port=port, ws_port=None),
        )


async def _demonstrate(settings: Settings, *, rate: float, seed: int, token: str, ending: str) -> None:
    feeds = partial(_feeds, rate=rate, seed=seed)
    settings = evolve(settings, shops=evolve(settings.shops, currency=settings.shops.currency or CURRENCY))
    greet = partial(_greet, token=token, ending=ending)
    await serve_until_stopped(settings, consumes=True, greet=greet, routes=[picture_route()], feeds=feeds)


def _feeds(container: ServerContainer, url: str, *, rate: float, seed: int) -> Sequence[Duty]:
    clock = container.clock()
    workers = SimulatedWorkers(seed=seed, start=clock.now(), videos_per_second=rate, picture_url=f"{url}{PICTURE_PATH}")
    feeding = Feeding(workers=workers, publisher=container.backend().publisher, clock=clock)
    status = StatusLine(console=Console(stderr=True), metrics=container.metrics(), gauges=container.gauges())
    return [feeding.run, status.run]


def _greet(process: ListenerInfo, *, token: str, ending: str) -> None:
    print_status("\nlinkhub is up, and the simulated workers are at work.\n")
    print_status(f"  {process.url}/#token={token}   the operator's page, with the admin token")
    for shop in SHOPS[:_SHOPS_SHOWN]:
        print_status(f"  {process.url}/shop/{shop.seller_handle:<16} a shop, live")
    print_status(f"\n{ending}\n")
