"""What linkhub tells of itself: logs with structlog, metrics with prometheus-client.

The core's journal entries come in through :class:`TelemetryJournal` and leave as log lines and counters; stores are
timed by the wrappers of :mod:`~linkhub_adapters.observability.measured`; what only a look can tell (how many halves
wait, how many sockets are open) is taken as :class:`Figures`.
"""

from linkhub_adapters.observability.gauges import CloudUsage, Figures, HttpFigures, RealtimeFigures
from linkhub_adapters.observability.journal import TelemetryJournal
from linkhub_adapters.observability.logs import configure_logs, drain_logs, get_logger
from linkhub_adapters.observability.measured import MeasuredProductStore, MeasuredStagingStore
from linkhub_adapters.observability.metrics import Metrics

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
