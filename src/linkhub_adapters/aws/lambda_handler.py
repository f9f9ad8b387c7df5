"""The same assembly behind AWS Lambda, for SQS event sources with ``ReportBatchItemFailures``.

Lambda leases, and deletes what the reply does not name; so the records of an event are a queue of their own, where to
acknowledge is to leave a message out of the reply. Whatever the assembly has not settled when it ends is named,
released or not: Lambda deletes nothing of which nobody said that it is durable.

    handler = LambdaHandler(
        queues=..., dead_letter_writer=..., journal=..., assembly=lambda queue: AssembleBatch(queue=queue, ...)
    )

Build it once, at import: a container keeps its event loop and its clients from one event to the next. Delays of
released messages are the queue's visibility time-out.

With FIFO queues a reply names everything of a group from its first failure on, as Lambda asks for, so that the order of
the group is kept for whoever shares the queue. What was done of it is done again, which changes nothing; only dead
letters are not named, for they would be buried twice, and nobody waits for them.
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

__all__ = ["LambdaEventQueue", "LambdaHandler"]

Event = Mapping[str, Any]
Reply = dict[str, list[dict[str, str]]]
Assembly = Callable[[Sequence[Delivery]], Awaitable[None]]


@define(kw_only=True, eq=False)
class LambdaEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` over the records of one event.

    ``groups`` tells the group of each message of a FIFO queue, by its id.
    """

    deliveries: Sequence[Delivery]
    dead_letter_writer: SqsDeadLetterWriter
    groups: Mapping[str, str] = field(factory=dict)
    _settled: set[str] = field(factory=set, init=False)
    _buried: set[str] = field(factory=set, init=False)
    _is_received: bool = field(default=False, init=False)

    async def receive(self) -> Sequence[Delivery]:
        """See the port: all records, once."""
        if self._is_received:
            return []
        self._is_received = True
        return self.deliveries

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port: Lambda deletes them, after the reply."""
        self._settled.update(delivery.message_id for delivery in deliveries)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port: what nobody settled comes again anyway, after the queue's visibility time-out."""

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port: the queue's visibility time-out is to be six times the function's, so there is no need."""

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        there, error = await self.dead_letter_writer.put(rejections)
        self._buried.update(delivery.message_id for delivery in there)
        if error is not None:
            raise error

    @property
    def failed(self) -> Sequence[str]:
        """The ids of the messages that are to come again: each that nobody settled, and its group after it."""
        failed: list[str] = []
        held_up: set[str] = set()
        for message_id in (one.message_id for one in self.deliveries):
            group = self.groups.get(message_id)
            is_settled = message_id in self._settled and group not in held_up
            if is_settled or message_id in self._buried:
                continue
            failed.append(message_id)
            held_up.update([group] if group is not None else [])
        return failed


@define(kw_only=True, eq=False)
class LambdaHandler:
    """The function that Lambda calls, with all that one container keeps.

    Args:
        queues: the queue of each kind; a record's ``eventSourceARN`` tells which one it is from.
        dead_letter_writer: where rejected messages go.
        journal: hears of an assembly that could not reach a queue.
        assembly: makes what works on a batch, for a queue that is good for one event.
    """

    queues: Mapping[Kind, SqsQueue]
    dead_letter_writer: SqsDeadLetterWriter
    journal: Journal
    assembly: Callable[[EventQueue], Assembly]
    _runner: asyncio.Runner = field(factory=asyncio.Runner, init=False)

    def __call__(self, event: Event, context: object) -> Reply:  # noqa: ARG002  Lambda passes it
        """Assemble what the records hold, and name those that are to come again.

        Raises:
            MalformedEvent: it is no event of an SQS queue, or one of a queue that is none of ours; Lambda keeps all
                of its messages.
        """
        kinds = {queue.arn: queue.kind for queue in self.queues.values()}
        deliveries = [_delivery_of(_kind_of(record, kinds), record) for record in _records_of(event)]
        queue = LambdaEventQueue(
            deliveries=deliveries, dead_letter_writer=self.dead_letter_writer, groups=_groups_of(event)
        )
        self._runner.run(_assemble(self.assembly(queue), queue, self.journal))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in queue.failed]}

    def close(self) -> None:
        """End the event loop; Lambda has no such moment, a test has."""
        self._runner.close()


async def _assemble(assemble: Assembly, queue: LambdaEventQueue, journal: Journal) -> None:
    try:
        await assemble(await queue.receive())
    except TransientError as error:  # what is not settled is named in the reply, and Lambda tries it again
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
