"""Publishes announcements on a topic, for all serving nodes and other subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sns.messages import entry_bytes, entry_of, report_entry_of
from linkhub_adapters.aws.sqs.batches import EntryFault, in_batches, send_batches
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Announcement, HalfReport
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

SERVICE = "SNS"
MAX_BATCH_BYTES = 262_144


@frozen(kw_only=True)
class SnsNotifier:
    """A :class:`~linkhub_core.ports.Notifier` on a standard SNS topic; receivers put announcements in order."""

    sns: SNSClient
    topic_arn: str
    calls: AwsCalls
    clock: Clock

    def __attrs_post_init__(self) -> None:
        speed_up(self.sns)

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        await self._send([entry_of(number, announcement) for number, announcement in enumerate(announcements)])

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port."""
        now = self.clock.now()
        await self._send([report_entry_of(number, report, now) for number, report in enumerate(reports)])

    async def _send(self, entries: Sequence[PublishBatchRequestEntryTypeDef]) -> None:
        batches = in_batches(entries, entry_bytes, MAX_BATCH_BYTES)
        outcome = await send_batches(batches, self._publish, service=SERVICE, clock=self.clock)
        outcome.check()
        for fault in outcome.refused:
            raise ServiceUnavailable(SERVICE, f"a message was refused: {fault.code}: {fault.problem}")

    async def _publish(self, batch: Sequence[PublishBatchRequestEntryTypeDef]) -> Sequence[EntryFault]:
        reply = await self.calls(self.sns.publish_batch, TopicArn=self.topic_arn, PublishBatchRequestEntries=batch)
        return [EntryFault.of(entry) for entry in reply.get("Failed", [])]
