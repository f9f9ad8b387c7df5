"""The composition root of a command and of a consumer: the adapters of the chosen backend, wired to the use cases.

Importing this module opens nothing. :func:`open_container` opens the backend first, and makes the container of parts
that exist; nothing is replaced afterwards. Each provider makes its part once, when it is first asked for.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Callable as Function
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Callable, Dependency, Factory, Object, Provider, Singleton
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.http import FailedRequest
from linkhub_adapters.observability import Metrics, Readings, TelemetryJournal, get_logger, observe_store
from linkhub_adapters.runtime import Consumer, Repeater, SystemClock
from linkhub_cli.backends import OPEN_ALL, Backend, Opening, usable_plugin_of
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.letter_changes import ChangeLetters
from linkhub_cli.operator.letters_in_turns import LettersInTurns
from linkhub_cli.operator.process_registry import Node, ProcessRegistry
from linkhub_cli.operator.seen import SeenMoment
from linkhub_cli.settings import Settings
from linkhub_cli.wiring.readiness import probes_of
from linkhub_cli.wiring.tracing import (
    Tracing,
    open_tracing,
    traced_assembly,
    traced_journal,
    traced_notifier,
    traced_steps,
)
from linkhub_core.application import (
    Adopt,
    AssembleBatch,
    BrowseShop,
    ExamineDeadLetters,
    ExplainVideo,
    ExportAll,
    ImportAll,
    ListShops,
    MendDeadLetter,
    ReportStalled,
    SetListing,
    Sweep,
)
from linkhub_core.ports import Clock, Delivery


def _heartbeat_seconds(visibility_timeout_seconds: float) -> float:
    """A lease is renewed after a third of it, so two renewals may fail before it ends."""
    return visibility_timeout_seconds / 3


def _report_seconds(stall_seconds: float) -> float:
    """A half is reported after at most four thirds of the time; each look reads the staging table."""
    return max(1.0, stall_seconds / 3)


def _refresh_seconds(backend: Backend) -> float:
    """A file is read often; a service's counts are approximate, and each read is billed."""
    return 2.0 if backend.cheap_to_scan else 10.0


def _consumer(clock: Clock) -> Node:
    """This process in reports to others; a server has another name."""
    return Node(node_id=f"{socket.gethostname()} {os.getpid()}", role="consume", started_at=clock.now())


def _no_readings() -> None:
    """A process without a server has no readings of one."""


def _logging(log: FilteringBoundLogger) -> Function[[FailedRequest], None]:
    def failed(request: FailedRequest) -> None:
        line = log.warning if request.status == 503 else log.error
        line(
            "request_failed",
            method=request.method,
            path=request.path,
            status=request.status,
            problem=str(request.error),
            exc_info=request.error if request.status != 503 else None,
        )

    return failed


class Container(DeclarativeContainer):
    """Every part that works on events, wired from the settings and one opened backend."""

    settings: Dependency[Settings] = Dependency(instance_of=Settings)
    backend: Dependency[Backend] = Dependency(instance_of=Backend)

    tracing: Object[Tracing | None] = Object(None)
    clock = Singleton(SystemClock)
    node: Provider[Node] = Singleton(_consumer, clock)
    take_realtime: Object[Function[[], Readings | None]] = Object(_no_readings)
    received: Object[Function[[Sequence[Delivery]], None]] = Object(lambda _: None)
    take_http: Object[Function[[], Readings | None]] = Object(_no_readings)

    seen = Singleton(SeenMoment, clock=clock, read=backend.provided.read_seen, write=backend.provided.write_seen)
    stall_after = Factory(timedelta, seconds=settings.provided.consuming.stall_seconds)
    gauges = Singleton(BackendGauges, backend=backend, clock=clock, seen=seen, stall_after=stall_after)
    metrics = Singleton(
        Metrics,
        take_figures=gauges.provided.known_figures,
        take_usage=backend.provided.usage,
        take_realtime=take_realtime,
        take_http=take_http,
    )
    log = Singleton(get_logger, "linkhub")
    journal = Singleton(traced_journal, Singleton(TelemetryJournal, metrics=metrics, log=log), tracing)
    registry = Singleton(
        ProcessRegistry,
        node=node,
        metrics=metrics,
        clock=clock,
        journal=journal,
        log=log,
        exchange=backend.provided.exchange_report,
        remove=backend.provided.remove_report,
        realtime=take_realtime,
    )
    steps = Callable(traced_steps, tracing)
    products = Singleton(observe_store, backend.provided.products, "products", metrics, steps)
    staging = Singleton(observe_store, backend.provided.staging, "staging", metrics, steps)

    notifier = Singleton(traced_notifier, backend.provided.notifier, tracing)
    staging_ttl = Factory(timedelta, seconds=settings.provided.consuming.staging_ttl_seconds)
    # Of each use case that saves and announces.
    writing: Mapping[str, Provider[Any]] = {
        "products": products,
        "staging": staging,
        "notifier": notifier,
        "journal": journal,
        "clock": clock,
    }
    assemble = Singleton(
        AssembleBatch,
        **writing,
        queue=backend.provided.queue,
        staging_ttl=staging_ttl,
        jitter=Object(random.random),
    )
    sweep = Singleton(Sweep, **writing)
    report_stalled = Singleton(ReportStalled, **writing, stall_after=stall_after, seen=gauges.provided.take_stalled)
    set_listing = Singleton(SetListing, **writing)
    export_all = Singleton(
        ExportAll,
        queue_contents=backend.provided.queue_contents,
        staging=staging,
        products=products,
        dead_letters=backend.provided.dead_letters,
        clock=clock,
    )
    import_all = Singleton(
        ImportAll,
        **writing,
        queue_contents=backend.provided.queue_contents,
        dead_letters=backend.provided.dead_letters,
        staging_ttl=staging_ttl,
    )
    adopt = Singleton(Adopt, products=products, staging=staging, sweep=sweep)
    shops = Singleton(ListShops, directory=backend.provided.shops)
    browse = Singleton(BrowseShop, products=products, clock=clock, journal=journal)
    examine = Singleton(ExamineDeadLetters, letters=Singleton(LettersInTurns, backend.provided.dead_letters))
    why = Singleton(ExplainVideo, videos=backend.provided.videos, examine=examine, clock=clock)
    mend = Singleton(MendDeadLetter, letters=backend.provided.dead_letters, publisher=backend.provided.publisher)
    change_letters = Singleton(ChangeLetters, examine=examine, mend_letter=mend)

    consumer = Singleton(
        Consumer,
        queue=backend.provided.queue,
        assemble=Singleton(traced_assembly, assemble, tracing),
        journal=journal,
        received=received,
        heartbeat_seconds=Callable(_heartbeat_seconds, settings.provided.consuming.visibility_timeout_seconds),
        max_in_flight=settings.provided.consuming.max_in_flight,
    )
    sweeper = Singleton(
        Repeater,
        activity="sweep",
        action=sweep,
        journal=journal,
        interval_seconds=settings.provided.consuming.sweep_interval_seconds,
    )
    reporter = Singleton(
        Repeater,
        activity="report",
        action=report_stalled,
        journal=journal,
        interval_seconds=Callable(_report_seconds, settings.provided.consuming.stall_seconds),
    )
    refreshing = Singleton(
        Repeater,
        activity="look",
        action=gauges.provided.refresh,
        journal=journal,
        interval_seconds=Callable(_refresh_seconds, backend),
    )

    probes = Singleton(probes_of, backend.provided.probes, backend.provided.work_probes, consumes=True)
    failed_request = Callable(_logging, log)


@asynccontextmanager
async def open_parts(
    settings: Settings, opening: Opening = OPEN_ALL, *, clock: Clock | None = None
) -> AsyncIterator[Mapping[str, Provider[Any]]]:
    """Open the backend that the settings name, and give what a container is made of, by the names of its providers.

    Raises:
        SettingsFaulty: a package that the backend needs is missing.
        ServiceUnavailable: the backend cannot be reached.
    """
    clock, plugin = clock or SystemClock(), usable_plugin_of(settings)
    async with open_tracing(settings.logs, plugin) as tracing, plugin.open(settings, clock, opening) as backend:
        yield {
            "settings": Object(settings),
            "backend": Object(backend),
            "tracing": Object(tracing),
            "clock": Object(clock),
        }


@asynccontextmanager
async def open_container(
    settings: Settings, opening: Opening = OPEN_ALL, *, received: Function[[Sequence[Delivery]], None] = lambda _: None
) -> AsyncIterator[Container]:
    """The container of a command or a consumer, which calls ``received`` with its messages; see :func:`open_parts`."""
    async with open_parts(settings, opening) as parts:
        yield Container(**parts, received=Object(received))
