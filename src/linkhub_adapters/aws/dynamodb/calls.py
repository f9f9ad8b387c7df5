"""The calls of DynamoDB that read, and the waits between attempts; what writes is in :mod:`.partiql`.

botocore tries a call again that failed as a whole. What a reply of 200 says was left undone is asked for again here,
with jittered backoff, because the part that was done must not be done twice. Between two rounds there is always a wait,
and progress does not shorten it: a table that serves one key a call is throttled, and asking faster keeps it so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from random import random
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_adapters.aws.client.errors import DYNAMODB
from linkhub_adapters.aws.client.gather_all import gather_all
from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDbCalls", "in_chunks"]

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
        dynamodb: the client; :func:`~.fast_items.speed_up` saves it a third of its time.
        calls: makes the calls on threads.
        clock: waits between attempts.
        consumption: counts what was charged.
        jitter: gives a number from 0 to 1 for each wait.
    """

    dynamodb: DynamoDBClient
    calls: AwsCalls
    clock: Clock
    consumption: Consumption = field(factory=Consumption)
    jitter: Callable[[], float] = random

    async def get(self, table: str, keys: Sequence[Item]) -> list[Item]:
        """Read items consistently, in any number and in no order; keys without an item bring none.

        Raises:
            ServiceUnavailable: some could not be read.
        """
        items: list[Item] = []
        await gather_all(self._get(table, chunk, items) for chunk in in_chunks(keys, MAX_KEYS))
        return items

    async def _get(self, table: str, keys: Sequence[Item], items: list[Item]) -> None:
        rounds = fruitless = 0
        while keys:
            reply: Any = await self.calls(
                self.dynamodb.batch_get_item,
                RequestItems={table: {"Keys": keys, "ConsistentRead": True}},
                ReturnConsumedCapacity="TOTAL",
            )
            self.consumption.add(reply, is_write=False)
            found = reply["Responses"].get(table, [])
            items += found
            keys = reply.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            rounds, fruitless = rounds + 1, 0 if found else fruitless + 1
            if keys:  # throttled, or full at 16 MB: the reply does not tell which
                self._check_patience(fruitless, f"{len(keys)} keys were left unread")
                await self._wait(rounds)

    async def pages(self, operation: Literal["query", "scan"], **parameters: Any) -> AsyncIterator[list[Item]]:
        """Query or scan to the end, a page at a time; a page may be empty and not be the last.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        call: Callable[..., Any] = self.dynamodb.query if operation == "query" else self.dynamodb.scan
        start: dict[str, Any] = {}
        while True:
            reply: Any = await self.calls(call, **parameters, **start, ReturnConsumedCapacity="TOTAL")
            self.consumption.add(reply, is_write=False)
            yield reply["Items"]
            if not reply.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}

    async def back_off(self, attempt: int, problem: str) -> None:
        """Wait before another attempt.

        Args:
            attempt: how many have failed in a row, from 1.
            problem: what is to be said when there were enough.

        Raises:
            ServiceUnavailable: there were enough attempts.
        """
        self._check_patience(attempt, problem)
        await self._wait(attempt)

    def _check_patience(self, fruitless: int, problem: str) -> None:
        if fruitless >= MAX_ATTEMPTS:
            raise ServiceUnavailable(DYNAMODB, f"{problem}, {fruitless} times in a row")

    async def _wait(self, rounds: int) -> None:
        """Wait, longer after each round that left something undone: half of it for sure, the other half by chance."""
        ceiling = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(rounds - 1, 10))
        await self.clock.sleep(ceiling * (1 + self.jitter()) / 2)
