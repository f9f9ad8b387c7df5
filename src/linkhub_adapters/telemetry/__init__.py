"""What linkhub tells of itself: logs with structlog, metrics with prometheus-client.

The core's journal entries come in through :class:`TelemetryJournal` and leave as log lines and counters; stores are
timed by the wrappers of :mod:`~linkhub_adapters.telemetry.measured`; what only a look can tell (how many halves wait,
how many sockets are open) is taken as :class:`Figures`.
"""

from linkhub_adapters.telemetry.figures import CloudUsage, Figures, HttpFigures, RealtimeFigures
from linkhub_adapters.telemetry.journal import TelemetryJournal
from linkhub_adapters.telemetry.logs import configure_logs, drain_logs, get_logger
from linkhub_adapters.telemetry.measured import MeasuredProductStore, MeasuredStagingStore
from linkhub_adapters.telemetry.metrics import Metrics

__all__ = [
    "CloudUsage",
    "Figures",
    "HttpFigures",
    "MeasuredProductStore",
    "MeasuredStagingStore",
    "Metrics",
    "RealtimeFigures",
    "TelemetryJournal",
    "configure_logs",
    "drain_logs",
    "get_logger",
]
