"""Reads what is needed of the queues from SQS, by their configured URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue, name_of
from linkhub_core.errors import PermanentError
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeFilterType


class NoDeadLetterQueue(PermanentError):
    """A queue has no redrive policy, which rejected messages need. ``kind`` and ``name`` are those of the queue."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(kind, name)
        self.kind = kind
        self.name = name

    def __str__(self) -> str:
        return f"the queue {self.name} has no dead-letter queue: it needs a redrive policy"


@frozen(kw_only=True)
class FindQueues:
    """Finds queues and their dead-letter queues. Its calls block the thread: it is for the start of a process."""

    sqs: SQSClient
    calls: AwsCalls

    def __call__(self, urls: Mapping[Kind, str]) -> Mapping[Kind, SqsQueue]:
        """Find the queue of each kind.

        Raises:
            ServiceUnavailable: one cannot be reached.
            NoDeadLetterQueue: one has no redrive policy.
        """
        return {kind: self._find(kind, url) for kind, url in urls.items()}

    def _find(self, kind: Kind, url: str) -> SqsQueue:
        found = self._attributes(url, "QueueArn", "MaximumMessageSize", "RedrivePolicy")
        if "RedrivePolicy" not in found:
            raise NoDeadLetterQueue(kind, name_of(url))
        policy = json.loads(found["RedrivePolicy"])
        dead_letter_url = self._url_of(policy["deadLetterTargetArn"])
        room = self._attributes(dead_letter_url, "MaximumMessageSize")
        return SqsQueue(
            kind=kind,
            url=url,
            arn=found["QueueArn"],
            dead_letter_url=dead_letter_url,
            max_message_bytes=min(int(found["MaximumMessageSize"]), int(room["MaximumMessageSize"])),
            max_receive_count=int(policy["maxReceiveCount"]),
        )

    def _attributes(self, url: str, *names: QueueAttributeFilterType) -> Mapping[str, str]:
        reply = self.calls.now(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=names)
        return {str(name): value for name, value in reply.get("Attributes", {}).items()}

    def _url_of(self, arn: str) -> str:
        account = arn.split(":")[4]
        reply = self.calls.now(self.sqs.get_queue_url, QueueName=name_of(arn), QueueOwnerAWSAccountId=account)
        return reply["QueueUrl"]
