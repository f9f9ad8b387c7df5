"""``linkhub serve``: REST, realtime and pages on one port, and the consumer."""

from __future__ import annotations

import sys

import click

from linkhub_cli.backends import plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.processes.serving import serve as serve_until_stopped
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import print_status
from linkhub_cli.wiring.listener_info import ListenerInfo


@click.command(
    epilog=examples(
        Example("linkhub serve", "everything in one process, on the embedded file"),
        Example("linkhub serve --no-consume --port 8080", "with separate `linkhub consume` processes"),
        Example("LINKHUB_BACKEND=aws linkhub serve --consume", "everything in one process, on AWS"),
        Example("linkhub serve --realtime-only --port 3003", "WebSockets alone, with separate servers for REST"),
        Example("LINKHUB_BACKEND=memory linkhub serve", "a short test that stores nothing"),
    )
)
@click.option(
    "--consume/--no-consume",
    "consumes",
    default=None,
    help="Take messages, too, or leave the queues to `linkhub consume`. By default it consumes, except on aws.",
)
@click.option("--host", metavar="HOST", help="The address to listen on (LINKHUB_HOST).")
@click.option("--port", metavar="PORT", help="The port; 0 takes any free one (LINKHUB_PORT).")
@click.option("--ws-port", metavar="PORT", help="A second port, for WebSockets alone (LINKHUB_WS_PORT).")
@click.option("--realtime-only", is_flag=True, help="Serve WebSockets, Socket.IO and event streams; no REST, no pages.")
@click.pass_obj
def serve(
    line: CommandLine,
    *,
    consumes: bool | None,
    host: str | None,
    port: str | None,
    ws_port: str | None,
    realtime_only: bool,
) -> None:
    """Serve REST, realtime and pages on one port, and consume.

    With the aws backend, and with --realtime-only, it consumes only with --consume: run `linkhub consume` as well.
    SIGTERM, SIGHUP or Ctrl-C drains: readiness is false first, no more messages are taken, work in hand is finished,
    sockets are closed with 1001, and the exit code is 0. A second signal ends the process at once.
    """

    line.run_service(
        lambda settings: serve_until_stopped(
            settings,
            consumes=not realtime_only and plugin_of(settings).consumes_by_default if consumes is None else consumes,
            realtime_only=realtime_only,
            greet=greet,
        ),
        overrides_of(host=host, port=port, ws_port=ws_port),
    )


def overrides_of(*, host: str | None, port: str | None, ws_port: str | None) -> dict[str, str]:
    """The settings that the options set."""
    given = {"LINKHUB_HOST": host, "LINKHUB_PORT": port, "LINKHUB_WS_PORT": ws_port}
    return {variable: text for variable, text in given.items() if text is not None}


def greet(process: ListenerInfo) -> None:
    """Print the addresses, if a person reads standard error."""
    if sys.stderr.isatty():
        shop = "" if process.realtime_only else f"\n  a shop is at  {process.url}/shop/SELLER"
        print_status(f"\n  linkhub is at {process.url}{shop}\n  Ctrl-C stops it\n")
