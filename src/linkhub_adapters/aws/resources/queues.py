"""SQS's queues with their dead-letter queues: reads them, and makes or changes them as planned.

:mod:`.queue_differences` compares them with the plan. Provisioning deletes nothing and lowers nothing: a queue may
serve others, too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_adapters.aws.resources.definitions import Queue
from linkhub_adapters.aws.resources.difference import Call, apply, attempt
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, with_tls_only
from linkhub_adapters.aws.resources.queue_differences import (
    FoundQueue,
    creation,
    dead_letter_differences,
    queue_differences,
)
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError, ResourceMissing
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

QUEUE, DEAD_LETTER_QUEUE = "queue", "dead-letter queue"


@frozen(kw_only=True)
class SqsQueues:
    """The queues of one account and region."""

    sqs: SQSClient
    calls: AwsCalls

    async def read(self, url: str, queue: Queue) -> FoundQueue | None:
        """The queue at a URL, and its dead-letter queue; none if there is no such queue. No message is received.

        Raises:
            ServiceUnavailable: SQS does not report its attributes.
        """
        found = await self._read(url)
        return None if found is None else await self._with_dead_letters(queue, found)

    async def ensure(self, queue: Queue, account_id: str | None = None) -> AsyncIterator[Provisioned]:
        """Make a queue and its dead-letter queue, or change what is there; the dead-letter queue comes first.

        Args:
            queue: the wanted queue.
            account_id: the owner of the queue, if it is configured; a queue that is made belongs to the caller.
        """
        try:
            url = await self._url(queue.name, account_id)
            found = None if url is None else await self.read(url, queue)
        except SdkUnavailable:
            raise
        except LinkhubError as error:
            yield Provisioned.failed(QUEUE, queue.name, str(error))
            return
        name = queue.dead_letter_name if found is None else name_of(found.dead_letter_arn(queue))
        outcome = await attempt(DEAD_LETTER_QUEUE, name, self._ensure_dead_letters(queue, name, found))
        yield outcome
        if outcome.status is Status.FAILED:
            yield Provisioned.failed(QUEUE, queue.name, f"it needs its dead-letter queue {name} first")
            return
        yield await attempt(QUEUE, queue.name, self._ensure_queue(queue, found, outcome.address))

    async def _ensure_dead_letters(self, queue: Queue, name: str, found: FoundQueue | None) -> Provisioned:
        if found is None:
            url = await self._url(name)
            dead_letters = None if url is None else await self._read(url)
        elif found.unread is not None:
            raise found.unread
        else:
            dead_letters = found.dead_letters
        is_made = dead_letters is None
        if dead_letters is None:
            url = (await self._make(creation(name, queue.dead_letter_attributes, queue.tags)))["QueueUrl"]
            dead_letters = FoundQueue(url=url, attributes=await self._attributes(url))
        differences = dead_letter_differences(
            queue,
            dead_letters,
            source_arn=_beside(dead_letters.arn, queue.name) if found is None else found.arn,
            messages_kept_seconds=queue.retention_seconds if found is None else found.retention_seconds,
        )
        outcome = await apply(DEAD_LETTER_QUEUE, name, dead_letters.url, differences, self._make)
        return evolve(outcome, status=Status.MADE, changes=()) if is_made else outcome

    async def _ensure_queue(self, queue: Queue, found: FoundQueue | None, dead_letter_url: str) -> Provisioned:
        dead_letters = FoundQueue(url=dead_letter_url, attributes=await self._attributes(dead_letter_url))
        if found is None:
            policies = {
                "RedrivePolicy": json.dumps(queue.redrive_policy(dead_letters.arn)),
                "Policy": with_tls_only(None, ALL_OF_SQS, _beside(dead_letters.arn, queue.name)),
            }
            make = creation(queue.name, {**queue.attributes, **policies}, queue.tags)
            url = (await self._make(make))["QueueUrl"]
            return Provisioned(resource=QUEUE, name=queue.name, status=Status.MADE, address=url)
        differences = queue_differences(queue, evolve(found, dead_letters=dead_letters))
        return await apply(QUEUE, queue.name, found.url, differences, self._make)

    async def _with_dead_letters(self, queue: Queue, found: FoundQueue) -> FoundQueue:
        arn = found.dead_letter_arn(queue)
        try:
            url = await self._url(name_of(arn), arn.split(":")[4])
            return evolve(found, dead_letters=None if url is None else await self._read(url))
        except LinkhubError as error:
            return evolve(found, unread=error)

    async def _url(self, name: str, account_id: str | None = None) -> str | None:
        owner = {"QueueOwnerAWSAccountId": account_id} if account_id else {}
        reply = await self.calls.unless_missing(self.sqs.get_queue_url, QueueName=name, **owner)
        return None if reply is None else reply["QueueUrl"]

    async def _read(self, url: str) -> FoundQueue | None:
        try:
            return FoundQueue(url=url, attributes=await self._attributes(url))
        except ResourceMissing:
            return None

    async def _attributes(self, url: str) -> Mapping[str, str]:
        reply = await self.calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        return {str(name): text for name, text in reply["Attributes"].items()}

    async def _make(self, call: Call) -> Any:
        return await self.calls(getattr(self.sqs, call.operation), **call.parameters)


def _beside(arn: str, name: str) -> str:
    """The ARN of a queue of this name, of the account and region of another queue."""
    return f"{arn.rpartition(':')[0]}:{name}"
