"""OpenTelemetry's tracer as the settings say, and the wrappers of the parts that are traced.

OpenTelemetry is imported only if traces are wanted. Its SDK reads the standard ``OTEL_*`` variables itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_cli.backends import BackendPlugin
from linkhub_cli.settings import Logs, SettingsFaulty
from linkhub_cli.settings.packages import how_to_install
from linkhub_core.application import AssembleBatch
from linkhub_core.ports import Journal, Notifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from linkhub_core.ports import Delivery

_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@frozen(kw_only=True)
class Tracing:
    """The tracer, and the backend that names the technologies of queues and bus in spans."""

    tracer: Tracer
    plugin: BackendPlugin


@asynccontextmanager
async def open_tracing(logs: Logs, plugin: BackendPlugin) -> AsyncIterator[Tracing | None]:
    """The tracing that ``LINKHUB_TRACES`` asks for, none by default; leaving sends the spans that are left.

    Raises:
        SettingsFaulty: a package that it needs is missing.
    """
    if logs.traces == "none":
        yield None
        return
    if not all(map(_is_there, _NEEDED)):
        problem = f"needs OpenTelemetry, which is missing: {how_to_install('telemetry')}"
        raise SettingsFaulty.of("LINKHUB_TRACES", problem, logs.traces)
    provider = _provider(logs.traces)
    try:
        yield Tracing(tracer=provider.get_tracer("linkhub"), plugin=plugin)
    finally:
        await asyncio.to_thread(provider.shutdown)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the package around it is missing, too
        return False


def _provider(traces: str) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):  # no name was configured
        resource = resource.merge(Resource({SERVICE_NAME: "linkhub"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(ConsoleSpanExporter()) if traces == "console" else BatchSpanProcessor(OTLPSpanExporter())
    )
    return provider


def traced_journal(journal: Journal, tracing: Tracing | None) -> Journal:
    """The journal, which makes spans as well."""
    if tracing is None:
        return journal
    from linkhub_adapters.observability.tracing import TracingJournal

    return TracingJournal(inner=journal, tracer=tracing.tracer)


def traced_notifier(notifier: Notifier, tracing: Tracing | None) -> Notifier:
    """The notifier, with a span for each announcement."""
    if tracing is None:
        return notifier
    from linkhub_adapters.observability.tracing import TracedNotifier

    return TracedNotifier(inner=notifier, tracer=tracing.tracer, system=tracing.plugin.bus_system)


def traced_steps(tracing: Tracing | None) -> Callable[[str], None]:
    """Takes the beginning of each step of a batch."""
    if tracing is None:
        return lambda _: None
    from linkhub_adapters.observability.tracing import begin_step

    return begin_step


def traced_assembly(
    assemble: AssembleBatch, tracing: Tracing | None
) -> Callable[[Sequence[Delivery]], Awaitable[None]]:
    """The work on a batch, with a span for each message."""
    if tracing is None:
        return assemble
    from linkhub_adapters.observability.tracing import TracedAssembly

    return TracedAssembly(assemble=assemble.assemble, tracer=tracing.tracer, system=tracing.plugin.queue_system)
