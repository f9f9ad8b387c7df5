"""The observability room: logs with structlog, metrics with prometheus-client, traces with OpenTelemetry.

:class:`TelemetryJournal` turns the core's journal entries into log lines and counters, :func:`observe_store` times a
store, and :class:`Metrics` reads all other figures at each scrape. :mod:`~.tracing` needs the extra ``telemetry``.
"""

from linkhub_adapters.observability.journal import TelemetryJournal
from linkhub_adapters.observability.logs import configure_logs, drain_logs, get_logger
from linkhub_adapters.observability.metrics import CloudUsage, Figures, Metrics, Readings
from linkhub_adapters.observability.observed_store import observe_store

__all__ = [
    "CloudUsage",
    "Figures",
    "Metrics",
    "Readings",
    "TelemetryJournal",
    "configure_logs",
    "drain_logs",
    "get_logger",
    "observe_store",
]
