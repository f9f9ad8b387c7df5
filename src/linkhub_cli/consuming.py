"""A consuming process: which duties it has, and in which order they end.

phase      duties                                     stopped
consume    consumer, sweeper                          first: nothing new is taken, what is in hand is finished
answer     health and metrics, vital signs            last; only with `LINKHUB_METRICS_PORT`
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from linkhub_adapters.http import HealthServices, HttpSettings, create_health_app
from linkhub_cli.container import Container, open_container
from linkhub_cli.http_server import HttpServer, bind, http_config
from linkhub_cli.lifecycle import Phase, run_phases, stopped_by_signals
from linkhub_cli.settings import Listener, Settings

__all__ = ["consume"]


async def consume(settings: Settings) -> None:
    """Consume until SIGTERM or Ctrl-C.

    Raises:
        SettingsFaulty: the port cannot be had.
        ServiceUnavailable: the backend cannot be reached.
    """
    stop = asyncio.Event()
    with ExitStack() as opened:
        listening = _bind(settings.listener, opened)
        async with open_container(settings, Container) as container:
            opened.enter_context(stopped_by_signals(stop))
            log = container.log()
            log.info("consuming", backend=settings.storage.backend, metrics_port=_port_of(listening))
            await run_phases(
                _phases(container, listening, stop),
                stop,
                drain_seconds=settings.consuming.drain_seconds,
                cut_short=lambda phases: log.warning("drain_cut_short", phases=phases),
            )
            log.info("stopped")


def _bind(listener: Listener, opened: ExitStack) -> socket.socket | None:
    if listener.metrics_port is None:
        return None
    return opened.enter_context(bind(listener.host, listener.metrics_port, variable="LINKHUB_METRICS_PORT"))


def _port_of(listening: socket.socket | None) -> int | None:
    return None if listening is None else int(listening.getsockname()[1])


def _phases(container: Container, listening: socket.socket | None, stop: asyncio.Event) -> Sequence[Phase]:
    work = Phase(name="consume", duties=[container.consumer().run, container.sweeper().run])
    if listening is None:
        return [work]
    settings = container.settings()
    app = create_health_app(
        HealthServices(
            metrics=container.metrics().expose,
            failed=container.failed_request(),
            draining=stop.is_set,
            probes=container.probes(),
        ),
        HttpSettings(
            admin_token=settings.listener.admin_token,
            probe_timeout_seconds=settings.listener.probe_timeout_seconds,
        ),
    )
    server = HttpServer(http_config(app, "none", settings.consuming.drain_seconds), listening)
    return [work, Phase(name="answer", duties=[container.looking().run, server.run])]
