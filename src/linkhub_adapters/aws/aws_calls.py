"""boto3's blocking calls, off the event loop: on a thread, counted, and with their errors translated."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from attrs import define, field

from linkhub_adapters.aws.errors import AWS_ERRORS, translated

__all__ = ["AwsCalls"]

T = TypeVar("T")


@define(kw_only=True, eq=False)
class AwsCalls:
    """Makes calls of one service. ``counts`` tells how many, by operation."""

    service: str
    executor: Executor | None = None
    counts: Counter[str] = field(factory=Counter)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def now(self, operation: Callable[..., T], **parameters: Any) -> T:
        """Call on this very thread.

        Raises:
            ServiceUnavailable: the service did not do it.
            StoreRefused: DynamoDB will never take one of the values.
        """
        with self._lock:  # calls come from several threads, and += is not one step
            self.counts[operation.__name__] += 1
        try:
            return operation(**parameters)
        except AWS_ERRORS as error:
            raise translated(self.service, error) from error

    async def __call__(self, operation: Callable[..., T], **parameters: Any) -> T:
        """Call on a thread of the executor.

        Raises:
            ServiceUnavailable: the service did not do it.
            StoreRefused: DynamoDB will never take one of the values.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, partial(self.now, operation, **parameters))
