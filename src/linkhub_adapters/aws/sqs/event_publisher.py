"""Publishes events on the queues, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.checked_sending import Outgoing, send_checked
from linkhub_adapters.aws.sqs.fifo import fifo_ids_of
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage, Refusal


@frozen(kw_only=True)
class SqsEventPublisher:
    """An :class:`~linkhub_core.ports.EventPublisher` on SQS.

    A FIFO queue drops a body that was published within the last five minutes, also if the first copy became a dead
    letter.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        return [refusal for queue in self.queues.values() for refusal in await self._publish(queue, messages)]

    async def _publish(self, queue: SqsQueue, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        own = [message for message in messages if message.kind is queue.kind]
        outgoing = [
            Outgoing(message.body, message.attributes, fifo_ids_of(message.body) if queue.is_fifo else None)
            for message in own
        ]
        problems = await send_checked(self.sqs, queue.url, outgoing, queue.max_message_bytes)
        return [Refusal(message=own[place], problem=problem) for place, problem in problems.items()]
