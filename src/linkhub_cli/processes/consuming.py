"""A consuming process: its duties, and the order in which they end.

    phase      duties                                     stopped
    consume    consumer, sweeper, reporter                first: nothing new is taken, work in hand is finished
    tell       reports to the operator's page             then
    answer     health and metrics, backend gauges         last; only with `LINKHUB_METRICS_PORT`

A second signal ends the process at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from linkhub_adapters.http import HealthServices, HttpSettings, create_health_app
from linkhub_adapters.observability import get_logger
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.processes.http_server import check_server_package, open_ports
from linkhub_cli.processes.lifecycle import (
    Duty,
    Phase,
    guards,
    run_phases,
    start_exit_deadline,
    stopped_by_signals,
    warn_of_polling,
)
from linkhub_cli.processes.recording import RecordingFile, recording
from linkhub_cli.settings import Settings
from linkhub_cli.wiring.access import RefusalLog, access_policy
from linkhub_cli.wiring.container import Container, open_container


async def consume(settings: Settings, file: RecordingFile | None = None, *, redacts: bool = False) -> None:
    """Consume until SIGTERM or Ctrl-C, and record to ``file`` what is received.

    Raises:
        SettingsFaulty: the port cannot be had, or uvicorn is missing, which serves on it.
        ServiceUnavailable: the backend cannot be reached.
    """
    stop, deadline = asyncio.Event(), partial(start_exit_deadline, settings.consuming.drain_seconds)
    with ExitStack() as opened:
        listener = settings.listener
        if listener.metrics_port is not None:
            check_server_package("LINKHUB_METRICS_PORT", str(listener.metrics_port))
        listening = open_ports(opened, listener.host, listener.metrics_port, variable="LINKHUB_METRICS_PORT")
        opened.enter_context(stopped_by_signals(stop, stopping=deadline))
        log = get_logger("linkhub")
        received = opened.enter_context(recording(file, redacts=redacts, clock=SystemClock(), log=log))
        async with open_container(settings, received=received) as container:
            warn_of_polling(container.backend().missing_bus_setting, log, serves=False, consumes=True)
            metrics_port = int(listening[0].getsockname()[1]) if listening else None
            log.info("consuming", backend=settings.storage.backend, metrics_port=metrics_port)
            await run_phases(
                _phases(container, listening, stop), stop, drain_seconds=settings.consuming.drain_seconds, log=log
            )
            log.info("stopped")


def _phases(container: Container, listening: Sequence[socket.socket], stop: asyncio.Event) -> Sequence[Phase]:
    phases = [
        Phase(name="consume", duties=[container.consumer().run, container.sweeper().run, container.reporter().run]),
        Phase(name="tell", duties=[container.registry().run, *guards(container)]),
    ]
    if listening:
        phases.append(Phase(name="answer", duties=[container.refreshing().run, _health(container, listening, stop)]))
    return phases


def _health(container: Container, listening: Sequence[socket.socket], stop: asyncio.Event) -> Duty:
    from linkhub_adapters.realtime.server.uvicorn_server import HttpServer, http_config

    listener, consuming = container.settings().listener, container.settings().consuming
    services = HealthServices(
        metrics=container.metrics().expose,
        failed=container.failed_request(),
        draining=stop.is_set,
        probes=container.probes(),
        refused=RefusalLog(container.log()),
    )
    host, port = listening[0].getsockname()[:2]
    access = access_policy(listener, host=host, own_ports=(port,))
    settings = HttpSettings(
        access=access, admin_token=listener.admin_token, probe_timeout_seconds=listener.probe_timeout_seconds
    )
    app = create_health_app(services, settings)
    config = http_config(app, "none", consuming.drain_seconds, listener.keep_alive_seconds)
    return HttpServer(config, listening).run
