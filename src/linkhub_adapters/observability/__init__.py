"""What linkhub tells of itself: logs with structlog, metrics with prometheus-client.

The core's journal entries come in through :class:`TelemetryJournal` and leave as log lines and counters; stores are
timed by the wrappers of :func:`observe_store`; what only a look can tell (how many halves
wait, how many sockets are open) is taken as :class:`Figures`.
"""

from linkhub_adapters.observability.gauges import CloudUsage, Figures, Readings
from linkhub_adapters.observability.journal import TelemetryJournal
from linkhub_adapters.observability.logs import configure_logs, drain_logs, get_logger
from linkhub_adapters.observability.metrics import Metrics
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
