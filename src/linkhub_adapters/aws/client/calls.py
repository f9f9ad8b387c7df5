"""boto3's blocking calls on a thread: counted, and with their errors translated.

AWS bills attempts, and botocore makes more than one if a service throttles or does not answer; they are counted, too.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from attrs import define, field
from botocore.exceptions import ClientError

from linkhub_adapters.aws.client.errors import AWS_ERRORS, resource_of, translated
from linkhub_adapters.aws.client.recent_failures import RecentFailures
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable, sdk_fault_of
from linkhub_core.errors import ResourceMissing, ServiceUnavailable, StoreRefused

T = TypeVar("T")


@define(kw_only=True, eq=False)
class AwsCalls:
    """Makes calls of one service.

    Args:
        service: its name in errors.
        executor: the threads.
        counts: the calls by operation.
        retries: the further attempts of botocore by operation.
        failures: the failed calls and parts of batches, by the service's code or the error's class.
        recent: the calls of a consumer's work that fail at present.
    """

    service: str
    executor: Executor | None = None
    counts: Counter[str] = field(factory=Counter)
    retries: Counter[str] = field(factory=Counter)
    failures: Counter[str] = field(factory=Counter)
    recent: RecentFailures = field(factory=RecentFailures)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def now(self, operation: Callable[..., T], **parameters: Any) -> T:
        """Call on this thread.

        Raises:
            ServiceUnavailable: the call failed.
            StoreRefused: DynamoDB refuses one of the values.
        """
        self._count(self.counts, operation.__name__)
        try:
            reply = operation(**parameters)
        except AWS_ERRORS as error:
            self._count(self.failures, _code_of(error))
            self._count_retries(operation.__name__, getattr(error, "response", None))
            fault = translated(self.service, error, resource_of(parameters))
            raise self._noted(operation.__name__, parameters, fault) from error
        except Exception as error:
            if (sdk_fault := sdk_fault_of(error)) is None:
                raise
            self._count(self.failures, type(error).__name__)
            raise self._noted(operation.__name__, parameters, SdkUnavailable(self.service, sdk_fault)) from error
        self._count_retries(operation.__name__, reply)
        self.recent.succeeded(operation.__name__, parameters)
        return reply

    def _noted(
        self, operation: str, parameters: Mapping[str, Any], error: ServiceUnavailable | StoreRefused
    ) -> ServiceUnavailable | StoreRefused:
        if isinstance(error, ServiceUnavailable):
            self.recent.failed(operation, parameters, error)
        return error

    def _count(self, counter: Counter[str], name: str, many: int = 1) -> None:
        with self._lock:  # calls come from several threads, and += is not one step
            counter[name] += many

    def _count_retries(self, operation: str, reply: object) -> None:
        metadata = reply.get("ResponseMetadata") if isinstance(reply, Mapping) else None
        if metadata and (again := metadata.get("RetryAttempts", 0)):
            self._count(self.retries, operation, again)

    async def __call__(self, operation: Callable[..., T], **parameters: Any) -> T:
        """Call on a thread of the executor.

        Raises:
            ServiceUnavailable: the call failed.
            StoreRefused: DynamoDB refuses one of the values.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, partial(self.now, operation, **parameters))

    async def unless_missing(self, operation: Callable[..., T], **parameters: Any) -> T | None:
        """Call on a thread of the executor; none if the table, queue, topic or subscription does not exist.

        Raises:
            ServiceUnavailable: the call failed.
        """
        try:
            return await self(operation, **parameters)
        except ResourceMissing:
            return None

    async def items(
        self, operation: Callable[..., Mapping[str, Any]], field_name: str, **parameters: Any
    ) -> AsyncIterator[Any]:
        """The items of all pages of a list that SQS or SNS gives with ``NextToken``.

        Raises:
            ServiceUnavailable: the call failed.
        """
        token: str | None = ""
        while token is not None:
            reply = await self(operation, **parameters, **({"NextToken": token} if token else {}))
            for item in reply.get(field_name, []):
                yield item
            token = reply.get("NextToken")

    async def elsewhere(self, work: Callable[[], T]) -> T:
        """Run ``work`` on a thread of the executor."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)


def _code_of(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__
