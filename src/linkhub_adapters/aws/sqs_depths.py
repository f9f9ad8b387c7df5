"""How many messages stand in the queues: for an operator's figures, and to see that the queues answer.

SQS counts approximately, and within a minute; that is what its own console shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.aws_calls import AwsCalls
from linkhub_adapters.aws.sqs_queue import SqsQueue
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

__all__ = ["SqsDepths"]

# Visible, leased, and delayed: a message is in one of the three until it is deleted.
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@frozen(kw_only=True)
class SqsDepths:
    """Counts messages, one call a queue.

    Raises:
        ServiceUnavailable: from each method, when a queue cannot be reached.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SQSClient
    calls: AwsCalls

    async def queued(self) -> Mapping[Kind, int]:
        """How many messages wait or are leased, by kind."""
        return await self._counts(lambda queue: queue.url)

    async def dead_letters(self) -> Mapping[Kind, int]:
        """How many dead letters there are, by kind."""
        return await self._counts(lambda queue: queue.dead_letter_url)

    async def _counts(self, url_of: Callable[[SqsQueue], str]) -> Mapping[Kind, int]:
        counts = await asyncio.gather(*(self._count(url_of(queue)) for queue in self.queues.values()))
        return dict(zip(self.queues, counts, strict=True))

    async def _count(self, url: str) -> int:
        reply = await self.calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=_COUNTS)
        return sum(map(int, reply["Attributes"].values()))
