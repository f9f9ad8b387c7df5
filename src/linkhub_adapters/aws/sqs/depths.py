"""The numbers of messages in the queues: for gauges, and as a probe of the queues.

SQS counts approximately, within a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sqs.dead_letter_origin import dead_letter_queues
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

# A message is visible, leased or delayed until it is deleted.
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@frozen(kw_only=True)
class SqsDepths:
    """Counts messages, with one call for each queue.

    Raises:
        ServiceUnavailable: from each method, if a queue cannot be reached.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SQSClient
    calls: AwsCalls

    async def queued(self) -> Mapping[Kind, int]:
        """The messages that wait or are leased, by kind."""
        return await self._counts({kind: queue.url for kind, queue in self.queues.items()})

    async def dead_letters(self) -> Mapping[Kind, int]:
        """The dead letters by kind; a dead-letter queue that both queues share counts once, for the first."""
        queues = dead_letter_queues(self.queues)
        return await self._counts({queue.sources[0].kind: queue.url for queue in queues})

    async def _counts(self, urls: Mapping[Kind, str]) -> Mapping[Kind, int]:
        counts = await asyncio.gather(*map(self._count, urls.values()))
        return dict(zip(urls, counts, strict=True))

    async def _count(self, url: str) -> int:
        reply = await self.calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=_COUNTS)
        return sum(map(int, reply["Attributes"].values()))
