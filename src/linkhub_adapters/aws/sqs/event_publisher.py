"""Publishes events on the queues, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs import xml_text as sqs_text
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.fifo import fifo_ids_of
from linkhub_adapters.aws.sqs.messages import message_bytes, send_entry
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage, Refusal

__all__ = ["SqsEventPublisher"]


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
        refusals = [
            Refusal(message=message, problem=problem)
            for message in messages
            if (problem := _fault_of(message, self.queues[message.kind])) is not None
        ]
        refused = {id(refusal.message) for refusal in refusals}
        for queue in self.queues.values():
            accepted = [m for m in messages if m.kind is queue.kind and id(m) not in refused]
            refusals += await self._publish(queue, accepted)
        return refusals

    async def _publish(self, queue: SqsQueue, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        entries = [
            send_entry(number, message.body, message.attributes, fifo_ids_of(message.body) if queue.is_fifo else None)
            for number, message in enumerate(messages)
        ]
        outcome = await self.sqs.send(queue.url, entries)
        outcome.check()
        return [
            Refusal(message=messages[int(fault.entry_id)], problem=f"{fault.code}: {fault.problem}")
            for fault in outcome.refused
        ]


def _fault_of(message: OutgoingMessage, queue: SqsQueue) -> str | None:
    """Why a message cannot be sent; checked here because SQS refuses a whole batch for some of these faults."""
    if (fault := sqs_text.fault_of(message.body)) is not None:
        return fault
    if (fault := sqs_text.attributes_fault(message.attributes)) is not None:
        return fault
    size = message_bytes(message.body, message.attributes)
    if size > queue.max_message_bytes:
        return f"it has {size:,} bytes, the queue takes {queue.max_message_bytes:,}"
    return None
