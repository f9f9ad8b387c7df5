"""The calls of SQS that linkhub makes, each for any number of messages of one queue.

Rule 1. A call that takes ten entries is made concurrently for each ten, and failed entries are sent again.
Rule 2. A lease that is over is no error: its message is deleted, or leased by another consumer.
Rule 3. Any other entry that is not done raises :class:`~linkhub_core.errors.ServiceUnavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from math import ceil
from typing import TYPE_CHECKING, Any

from attrs import define

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sqs.batches import BatchOutcome, E, EntryFault, in_batches, send_batches
from linkhub_adapters.aws.sqs.dead_letter_origin import SOURCE_ARN
from linkhub_adapters.aws.sqs.messages import message_bytes
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        MessageTypeDef,
        ReceiveMessageRequestTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

SERVICE = "SQS"
MAX_VISIBILITY_SECONDS = 43_200
MAX_BATCH_BYTES = 262_144  # 1 MiB on AWS since 2025; other servers may have the older limit

# The codes for a receipt handle that is no lease any more, of standard and of FIFO queues.
_LEASE_IS_OVER = frozenset(
    {
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


@define(kw_only=True, eq=False)
class SqsCalls:
    """Calls of one boto3 client, which threads may share."""

    sqs: SQSClient
    calls: AwsCalls
    clock: Clock

    def __attrs_post_init__(self) -> None:
        speed_up(self.sqs)

    def receive(self, url: str, *, wait_seconds: float, visibility_timeout_seconds: float) -> Sequence[MessageTypeDef]:
        """Lease up to ten messages; this blocks its thread for up to ``wait_seconds``.

        Raises:
            ServiceUnavailable: SQS did not answer.
        """
        asked = _receiving(url, wait_seconds, visibility_timeout_seconds)
        return self.calls.now(self.sqs.receive_message, **asked).get("Messages", [])

    async def fetch(
        self, url: str, *, wait_seconds: float, visibility_timeout_seconds: float
    ) -> Sequence[MessageTypeDef]:
        """See :meth:`receive`; on a thread of the executor."""
        asked = _receiving(url, wait_seconds, visibility_timeout_seconds)
        reply = await self.calls(self.sqs.receive_message, **asked)
        return reply.get("Messages", [])

    async def send(self, url: str, entries: Sequence[SendMessageBatchRequestEntryTypeDef]) -> BatchOutcome:
        """Send messages to a queue."""
        return await self._in_batches(self.sqs.send_message_batch, url, entries, _entry_bytes)

    async def delete(self, url: str, receipts: Sequence[str]) -> None:
        """Delete messages by their receipts.

        Raises:
            ServiceUnavailable: some messages may still be there.
        """
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
        _done_of(await self._in_batches(self.sqs.delete_message_batch, url, entries))

    async def hide(self, url: str, receipts: Sequence[str], seconds: float) -> Sequence[str]:
        """Set leases to end ``seconds`` from now; 0 releases their messages.

        Returns:
            The receipts whose leases were not over.

        Raises:
            ServiceUnavailable: some leases may be unchanged.
        """
        entries = _hiding(receipts, seconds)
        held = _done_of(await self._in_batches(self.sqs.change_message_visibility_batch, url, entries))
        return [receipt for number, receipt in enumerate(receipts) if str(number) in held]

    async def _in_batches(
        self,
        operation: Callable[..., Mapping[str, Any]],
        url: str,
        entries: Sequence[E],
        size_bytes: Callable[[E], int] = lambda _: 0,
    ) -> BatchOutcome:
        async def call(batch: Sequence[E]) -> Sequence[EntryFault]:
            reply = await self.calls(operation, QueueUrl=url, Entries=batch)
            return [EntryFault.of(entry) for entry in reply.get("Failed", [])]

        batches = in_batches(entries, size_bytes, MAX_BATCH_BYTES)
        return await send_batches(batches, call, service=SERVICE, clock=self.clock)

    def give_back(self, url: str, receipts: Sequence[str]) -> None:
        """Release up to ten messages on this thread, in one attempt."""
        self.calls.now(self.sqs.change_message_visibility_batch, QueueUrl=url, Entries=_hiding(receipts, 0))


def _receiving(url: str, wait_seconds: float, visibility_timeout_seconds: float) -> ReceiveMessageRequestTypeDef:
    return {
        "QueueUrl": url,
        "MaxNumberOfMessages": 10,
        "WaitTimeSeconds": ceil(wait_seconds),
        "VisibilityTimeout": ceil(visibility_timeout_seconds),
        "MessageSystemAttributeNames": ["SentTimestamp", "ApproximateReceiveCount", SOURCE_ARN],
        "MessageAttributeNames": ["All"],
    }


def _hiding(receipts: Sequence[str], seconds: float) -> list[ChangeMessageVisibilityBatchRequestEntryTypeDef]:
    hidden_seconds = min(MAX_VISIBILITY_SECONDS, ceil(seconds))
    return [
        {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": hidden_seconds}
        for number, receipt in enumerate(receipts)
    ]


def _entry_bytes(entry: SendMessageBatchRequestEntryTypeDef) -> int:
    attributes = {name: value["StringValue"] for name, value in entry.get("MessageAttributes", {}).items()}
    return message_bytes(entry["MessageBody"], attributes)


def _done_of(outcome: BatchOutcome) -> Set[str]:
    """The ids of the entries that are done; the others are leases that are over."""
    outcome.check()
    for fault in outcome.refused:
        if fault.code not in _LEASE_IS_OVER:
            raise ServiceUnavailable(SERVICE, f"{fault.code}: {fault.problem}")
    return outcome.done
