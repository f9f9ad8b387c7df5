"""Adds messages of another store to the queues. It cannot show messages, because SQS only leases them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.checked_sending import Outgoing, add_messages
from linkhub_adapters.aws.sqs.fifo import FifoIds, digest_of, video_group
from linkhub_adapters.aws.sqs.messages import sendable_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import AddOutcome, Known, QueuedMessage
from linkhub_core.ports.event_queue import carry_first_sent


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
        new = {_identity(message): message for message in messages}
        outcomes: dict[str, AddOutcome] = {}
        for queue in self.queues.values():
            own = {identity: message for identity, message in new.items() if message.kind is queue.kind}
            outgoing = [_outgoing(message, identity, queue) for identity, message in own.items()]
            added = await add_messages(self.sqs, queue.url, outgoing, queue.max_message_bytes, dry_run=dry_run)
            outcomes |= dict(zip(own, added, strict=True))
        return [outcomes.pop(_identity(message), Known()) for message in messages]


def _identity(message: QueuedMessage) -> str:
    """The identity of a message."""
    return digest_of(f"{message.message_id} {message.sent_at} {message.body}")


def _outgoing(message: QueuedMessage, identity: str, queue: SqsQueue) -> Outgoing:
    ids = FifoIds(group_id=video_group(message.body), deduplication_id=identity) if queue.is_fifo else None
    return Outgoing(message.body, sendable_attributes(carry_first_sent(message.attributes, message.sent_at)), ids)
