"""Where traces go, as the settings say; and the parts of the assembly line, wrapped where they are to be traced.

OpenTelemetry is imported only when traces are wanted. Its SDK reads the standard ``OTEL_*`` variables by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_cli.settings import Settings
from linkhub_cli.settings.optional_packages import how_to_install
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_core.application import AssembleBatch
from linkhub_core.ports import Journal, Notifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from linkhub_core.ports import Delivery

__all__ = [
    "Tracing",
    "open_tracing",
    "traced_assembly",
    "traced_journal",
    "traced_notifier",
    "traced_steps",
]

_SYSTEMS = {"aws": ("aws_sqs", "aws.sns")}
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@frozen(kw_only=True)
class Tracing:
    """What makes spans, and what the technologies of the queues and of the bus are called in them."""

    tracer: Tracer
    queue_system: str
    bus_system: str


@asynccontextmanager
async def open_tracing(settings: Settings) -> AsyncIterator[Tracing | None]:
    """Make what ``LINKHUB_TRACES`` asks for, none by default; leaving sends what has not been sent yet.

    Raises:
        SettingsFaulty: a package that it needs is missing.
    """
    if settings.logs.traces == "none":
        yield None
        return
    if not all(map(_is_there, _NEEDED)):
        problem = f"needs OpenTelemetry, which is missing: {how_to_install('telemetry')}"
        raise SettingsFaulty([SettingFault("LINKHUB_TRACES", problem, settings.logs.traces)])
    provider = _provider(settings.logs.traces)
    queue_system, bus_system = _SYSTEMS.get(settings.storage.backend, ("linkhub", "linkhub"))
    try:
        yield Tracing(tracer=provider.get_tracer("linkhub"), queue_system=queue_system, bus_system=bus_system)
    finally:
        await asyncio.to_thread(provider.shutdown)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # not even the package around it is there
        return False


def _provider(traces: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  an extra
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415  an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  an extra
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415  an extra
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):  # nobody named it
        resource = resource.merge(Resource({SERVICE_NAME: "linkhub"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(ConsoleSpanExporter()) if traces == "console" else BatchSpanProcessor(OTLPSpanExporter())
    )
    return provider


def traced_journal(journal: Journal, tracing: Tracing | None) -> Journal:
    """The journal, that makes spans, too."""
    if tracing is None:
        return journal
    from linkhub_adapters.observability.tracing import TracingJournal  # noqa: PLC0415  an extra

    return TracingJournal(inner=journal, tracer=tracing.tracer)


def traced_notifier(notifier: Notifier, tracing: Tracing | None) -> Notifier:
    """The notifier, with a span for each announcement."""
    if tracing is None:
        return notifier
    from linkhub_adapters.observability.tracing import TracedNotifier  # noqa: PLC0415  an extra

    return TracedNotifier(inner=notifier, tracer=tracing.tracer, system=tracing.bus_system)


def traced_steps(tracing: Tracing | None) -> Callable[[str], None]:
    """Takes the beginning of each step of a batch."""
    if tracing is None:
        return lambda _: None
    from linkhub_adapters.observability.tracing import begin_step  # noqa: PLC0415  an extra

    return begin_step


def traced_assembly(
    assemble: AssembleBatch, tracing: Tracing | None
) -> Callable[[Sequence[Delivery]], Awaitable[None]]:
    """What works on a batch, with a span for each message."""
    if tracing is None:
        return assemble
    from linkhub_adapters.observability.tracing import TracedAssembly  # noqa: PLC0415  an extra

    return TracedAssembly(assemble=assemble, tracer=tracing.tracer, system=tracing.queue_system)
