"""Puts messages of another store on the queues. What is there cannot be shown: SQS only leases messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.checked_sending import Outgoing, add_messages
from linkhub_adapters.aws.sqs.fifo import FifoIds, digest_of, video_group
from linkhub_adapters.aws.sqs.messages import sendable_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import AddOutcome, QueuedMessage
from linkhub_core.ports.event_queue import carry_first_sent

__all__ = ["SqsQueueContents"]


@frozen(kw_only=True)
class SqsQueueContents:
    """A :class:`~linkhub_core.ports.QueueContents` on SQS.

    A standard queue does not know what was on it: a message that is added twice is there twice, and the second one
    changes no product. A FIFO queue drops the second one within five minutes. Attributes that SQS cannot carry are
    left out.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    can_browse: bool = False

    async def browse(self) -> AsyncIterator[QueuedMessage]:
        """See the port: nothing."""
        nothing: Sequence[QueuedMessage] = ()
        for message in nothing:
            yield message

    async def add(self, messages: Sequence[QueuedMessage], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        outcomes: dict[int, AddOutcome] = {}
        for queue in self.queues.values():
            own = {place: message for place, message in enumerate(messages) if message.kind is queue.kind}
            outgoing = [_outgoing(message, queue) for message in own.values()]
            added = await add_messages(self.sqs, queue.url, outgoing, queue.max_message_bytes, dry_run=dry_run)
            outcomes |= dict(zip(own, added, strict=True))
        return [outcomes[place] for place in range(len(messages))]


def _outgoing(message: QueuedMessage, queue: SqsQueue) -> Outgoing:
    return Outgoing(
        message.body,
        sendable_attributes(carry_first_sent(message.attributes, message.sent_at)),
        FifoIds(
            group_id=video_group(message.body),
            deduplication_id=digest_of(f"{message.message_id} {message.sent_at} {message.body}"),
        )
        if queue.is_fifo
        else None,
    )
