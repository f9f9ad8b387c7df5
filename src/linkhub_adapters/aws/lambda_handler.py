"""The assembly behind AWS Lambda, for SQS event sources with ``ReportBatchItemFailures``.

Lambda leases messages, and deletes those that the reply does not name. So the records of an event are an event queue of
their own, on which an acknowledged message is left out of the reply. The reply names every other message, released or
not: Lambda deletes no message that may not be durable.

    handler = LambdaHandler(
        queues=..., dead_letter_writer=..., journal=..., assembly=lambda queue: AssembleBatch(queue=queue, ...)
    )

Create it once, at import: Lambda keeps the event loop and the clients from one event to the next. Released messages
come again after the queue's visibility time-out.

On FIFO queues a reply names all messages of a group from its first failure on, as Lambda requires, to keep the order
for other users of the queue; processing a message again changes nothing. Messages already moved to the dead-letter
queue are left out of ``batchItemFailures``; otherwise they would be dead-lettered twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import define, field

from linkhub_adapters.aws.sqs.dead_letter_writer import SqsDeadLetterWriter
from linkhub_adapters.aws.sqs.messages import moment_of
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import Fault, MalformedEvent, TransientError
from linkhub_core.model import Kind
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import Delivery, EventQueue, Journal, Rejection

Event = Mapping[str, Any]
Reply = dict[str, list[dict[str, str]]]
Assembly = Callable[[Sequence[Delivery]], Awaitable[None]]


@define(kw_only=True, eq=False)
class LambdaEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` over the records of one event.

    ``groups`` are the groups of the messages of a FIFO queue, by message id.
    """

    deliveries: Sequence[Delivery]
    dead_letter_writer: SqsDeadLetterWriter
    groups: Mapping[str, str] = field(factory=dict)
    _acknowledged: set[str] = field(factory=set, init=False)
    _dead_lettered: set[str] = field(factory=set, init=False)
    _is_received: bool = field(default=False, init=False)

    async def receive(self) -> Sequence[Delivery]:
        """See the port: all records, once."""
        if self._is_received:
            return []
        self._is_received = True
        return self.deliveries

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port: Lambda deletes them after the reply."""
        self._acknowledged.update(delivery.message_id for delivery in deliveries)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port: they come again after the queue's visibility time-out."""

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port: not needed, because the queue's visibility time-out is six times the function's time-out."""

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        there, error = await self.dead_letter_writer.put(rejections)
        self._dead_lettered.update(delivery.message_id for delivery in there)
        if error is not None:
            raise error

    @property
    def failed(self) -> Sequence[str]:
        """The ids of the messages that come again: those without an acknowledgement, and their groups after them."""
        failed: list[str] = []
        stopped: set[str] = set()
        for message_id in (one.message_id for one in self.deliveries):
            group = self.groups.get(message_id)
            is_acknowledged = message_id in self._acknowledged and group not in stopped
            if is_acknowledged or message_id in self._dead_lettered:
                continue
            failed.append(message_id)
            stopped.update([group] if group is not None else [])
        return failed


@define(kw_only=True, eq=False)
class LambdaHandler:
    """The function that Lambda calls, with the state of one container.

    Args:
        queues: the queue of each kind; a record has its ARN in ``eventSourceARN``.
        dead_letter_writer: writes the rejected messages.
        journal: gets an entry if an assembly could not reach a service.
        assembly: creates the use case for the queue of one event.
    """

    queues: Mapping[Kind, SqsQueue]
    dead_letter_writer: SqsDeadLetterWriter
    journal: Journal
    assembly: Callable[[EventQueue], Assembly]
    _runner: asyncio.Runner = field(factory=asyncio.Runner, init=False)

    def __call__(self, event: Event, context: object) -> Reply:  # noqa: ARG002  Lambda passes it
        """Process the records, and name the messages that come again.

        Raises:
            MalformedEvent: it is no event of an SQS queue, or of another queue; Lambda keeps all its messages.
        """
        kinds = {queue.arn: queue.kind for queue in self.queues.values()}
        deliveries = [_delivery_of(_kind_of(record, kinds), record) for record in _records_of(event)]
        queue = LambdaEventQueue(
            deliveries=deliveries, dead_letter_writer=self.dead_letter_writer, groups=_groups_of(event)
        )
        self._runner.run(_assemble(self.assembly(queue), queue, self.journal))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in queue.failed]}

    def close(self) -> None:
        """Close the event loop; for tests, Lambda never calls it."""
        self._runner.close()


async def _assemble(assemble: Assembly, queue: LambdaEventQueue, journal: Journal) -> None:
    try:
        await assemble(await queue.receive())
    except TransientError as error:  # the reply names the messages that are not done, and Lambda delivers them again
        entry = ActivityFailed(activity="assemble", problem=str(error), transient=True, retry_seconds=0)
        journal.record([entry])


def _records_of(event: Event) -> Sequence[Event]:
    records: object = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list | tuple) or not records:
        raise MalformedEvent(
            [
                Fault(
                    "Records",
                    "is missing: this is no event of an SQS queue. In the Lambda console, test with the template"
                    " SQS, with the eventSourceARN of one of linkhub's queues",
                )
            ]
        )
    return records


def _kind_of(record: object, kinds: Mapping[str, Kind]) -> Kind:
    source = record.get("eventSourceARN") if isinstance(record, dict) else None
    kind = kinds.get(source) if isinstance(source, str) else None
    if kind is None:
        known = ", ".join(sorted(kinds))
        raise MalformedEvent([Fault("Records[].eventSourceARN", f"is {source}, and the queues are {known}")])
    return kind


def _groups_of(event: Event) -> Mapping[str, str]:
    groups = {record["messageId"]: record["attributes"].get("MessageGroupId") for record in event["Records"]}
    return {message_id: group for message_id, group in groups.items() if group is not None}


def _delivery_of(kind: Kind, record: Event) -> Delivery:
    system = record["attributes"]
    return Delivery(
        kind=kind,
        body=record["body"],
        message_id=record["messageId"],
        receipt=record["receiptHandle"],
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at=moment_of(system["SentTimestamp"]),
        attributes={
            name: value["stringValue"]
            for name, value in record.get("messageAttributes", {}).items()
            if value.get("stringValue") is not None
        },
    )
