"""The calls of a consumer's work that fail at present. Readiness uses them: a read does not prove the right to write.

A failure counts until the same operation on the same resource succeeds, and for a minute at most: without work no call
can succeed. :mod:`~linkhub_adapters.aws.sqs.long_polls` checks long polls, whose success may take 20 seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from linkhub_adapters.aws.client.errors import resource_of
from linkhub_core.errors import LinkhubError

RECENT_SECONDS = 60.0
# The calls for each batch. Probes and node queues have their own checks.
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
        """Note a failed call."""
        if operation in WORK:
            with self._lock:
                self._failures[(operation, resource_of(parameters))] = error, self.seconds()

    def succeeded(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Note a call that succeeded."""
        if self._failures:
            with self._lock:
                self._failures.pop((operation, resource_of(parameters)), None)

    async def check(self) -> None:
        """Return if no call of a consumer's work fails at present.

        Raises:
            ServiceUnavailable: the error of the newest of those calls.
        """
        expired_at = self.seconds() - RECENT_SECONDS
        with self._lock:
            recent = [failure for failure in self._failures.values() if failure[1] > expired_at]
        if recent:
            error, _ = max(recent, key=lambda failure: failure[1])
            raise error
