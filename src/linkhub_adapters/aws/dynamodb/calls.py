"""DynamoDB's calls: what each reply says of consumption and time, reads of any number of keys, and waits.

botocore repeats a call that failed as a whole. Here the parts are repeated that a reply of 200 left undone, with
jittered backoff, because the other parts must not be repeated. There is a wait between two rounds also after progress:
a table that serves one key for each call is throttled, and faster calls would keep it so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from random import random
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field
from botocore.exceptions import ClientError

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_adapters.aws.client.errors import DYNAMODB
from linkhub_adapters.aws.client.gather_all import gather_all
from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.store_clock import StoreClock
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MAX_KEYS = 100
MAX_ATTEMPTS = 8
FIRST_RETRY_SECONDS = 0.05
MAX_RETRY_SECONDS = 2.0


def in_chunks(entries: Sequence[Any], most: int) -> list[Sequence[Any]]:
    """Cut ``entries`` into runs of at most ``most``, in order."""
    return [entries[start : start + most] for start in range(0, len(entries), most)]


@define(kw_only=True, eq=False)
class DynamoDbCalls:
    """DynamoDB through one boto3 client, which is safe to share between threads.

    Args:
        dynamodb: the client; :func:`~linkhub_adapters.aws.botocore_speedups.speed_up` saves it a third of its CPU.
        calls: makes the calls on threads.
        clock: waits between attempts.
        consumption: counts the charged units.
        store_clock: estimates the time of DynamoDB.
        jitter: gives a number from 0 to 1 for each wait.
    """

    dynamodb: DynamoDBClient
    calls: AwsCalls
    clock: Clock
    consumption: Consumption = field(factory=Consumption)
    store_clock: StoreClock = field(factory=StoreClock)
    jitter: Callable[[], float] = random

    async def make(self, operation: Callable[..., Any], *, is_write: bool = False, **parameters: Any) -> Any:
        """Make one call; its reply, or its error, is taken into the store's clock and the consumption.

        Raises:
            ServiceUnavailable: DynamoDB did not do it.
            StoreRefused: DynamoDB will never accept one of the values.
        """
        sent_at = self.store_clock.seconds()
        try:
            reply = await self.calls(operation, **parameters)
        except ServiceUnavailable as error:
            if isinstance(error.__cause__, ClientError):
                self._observe(sent_at, error.__cause__.response)
            raise
        self._observe(sent_at, reply)
        self.consumption.add(reply, is_write=is_write)
        return reply

    def _observe(self, sent_at: float, reply: Any) -> None:
        headers = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.store_clock.observe(sent_at, headers.get("date"))

    async def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Read any number of items consistently, in no order; keys without an item are left out.

        Raises:
            ServiceUnavailable: some could not be read.
        """
        items: list[Item] = []
        await gather_all(self._get(table, chunk, items) for chunk in in_chunks(keys, MAX_KEYS))
        return items

    async def _get(self, table: str, keys: Sequence[Item], items: list[Item]) -> None:
        rounds = fruitless = 0
        while keys:
            reply = await self.make(
                self.dynamodb.batch_get_item,
                RequestItems={table: {"Keys": keys, "ConsistentRead": True}},
                ReturnConsumedCapacity="TOTAL",
            )
            found = reply["Responses"].get(table, [])
            items += found
            keys = reply.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            rounds, fruitless = rounds + 1, 0 if found else fruitless + 1
            if keys:  # throttled, or full at 16 MB: the reply does not say which
                self._check_attempts(fruitless, f"{len(keys)} keys were left unread")
                await self._wait(rounds)

    async def replies(self, operation: Literal["query", "scan"], **parameters: Any) -> AsyncIterator[Any]:
        """Query or scan to the end, one page at a time.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        call: Callable[..., Any] = self.dynamodb.query if operation == "query" else self.dynamodb.scan
        start: dict[str, Any] = {}
        while True:
            reply = await self.make(call, **(parameters | start), ReturnConsumedCapacity="TOTAL")
            yield reply
            if not reply.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}

    async def pages(self, operation: Literal["query", "scan"], **parameters: Any) -> AsyncIterator[list[Item]]:
        """The items of :meth:`replies`; an empty page may be followed by others."""
        async for reply in self.replies(operation, **parameters):
            yield reply["Items"]

    async def back_off(self, attempt: int, problem: str) -> None:
        """Wait before another attempt.

        Args:
            attempt: how many have failed in a row, from 1.
            problem: the text of the error if there were enough.

        Raises:
            ServiceUnavailable: there were enough attempts.
        """
        self._check_attempts(attempt, problem)
        await self._wait(attempt)

    def _check_attempts(self, fruitless: int, problem: str) -> None:
        if fruitless >= MAX_ATTEMPTS:
            raise ServiceUnavailable(DYNAMODB, f"{problem}, {fruitless} times in a row")

    async def _wait(self, rounds: int) -> None:
        """Wait, longer after each round that left something undone: half of it fixed, the other half random."""
        ceiling = backoff_seconds(rounds, first_seconds=FIRST_RETRY_SECONDS, max_seconds=MAX_RETRY_SECONDS)
        await self.clock.sleep(ceiling * (1 + self.jitter()) / 2)
