"""Which calls of a consumer's work fail at present. Readiness is judged by them: no read proves a right to write.

A failure counts until the same operation on the same resource succeeds, and for a minute at most: without work there is
no call that could succeed. Long polls are judged by :mod:`.long_polls`: their success may take 20 seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from linkhub_core.errors import LinkhubError

__all__ = ["RecentFailures"]

RECENT_SECONDS = 60.0
# What a consumer calls for each batch. Probes and the upkeep of node queues are judged by their own probes.
WORK = frozenset(
    {
        "batch_execute_statement",
        "batch_get_item",
        "change_message_visibility_batch",
        "delete_message_batch",
        "publish",
        "publish_batch",
        "send_message_batch",
    }
)

_Call = tuple[str, str]


@define(kw_only=True, eq=False)
class RecentFailures:
    """The newest failures of one service, by operation and resource. Safe to use from several threads."""

    seconds: Callable[[], float] = time.monotonic
    _failures: dict[_Call, tuple[LinkhubError, float]] = field(factory=dict, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def failed(self, operation: str, parameters: Mapping[str, Any], error: LinkhubError) -> None:
        """A call could not be made."""
        if operation in WORK:
            with self._lock:
                self._failures[_call(operation, parameters)] = error, self.seconds()

    def succeeded(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """A call was answered."""
        if self._failures:
            with self._lock:
                self._failures.pop(_call(operation, parameters), None)

    async def check(self) -> None:
        """Return if no call of a consumer's work fails at present.

        Raises:
            ServiceUnavailable: what the newest of those calls failed with.
        """
        expired_at = self.seconds() - RECENT_SECONDS
        with self._lock:
            recent = [failure for failure in self._failures.values() if failure[1] > expired_at]
        if recent:
            error, _ = max(recent, key=lambda failure: failure[1])
            raise error


def _call(operation: str, parameters: Mapping[str, Any]) -> _Call:
    """The operation, and the queue, topic or table that the call is about; all statements of a call are about one."""
    if statements := parameters.get("Statements"):
        return operation, str(statements[0]["Statement"]).split('"', 2)[1]
    if tables := parameters.get("RequestItems"):
        return operation, next(iter(tables))
    return operation, str(parameters.get("QueueUrl") or parameters.get("TopicArn") or "")
