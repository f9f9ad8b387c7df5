"""Makes sure that a queue and its dead-letter queue are there, and tells what was done.

What they have to be like stands in :mod:`.resources`; here it is compared and, as far as that is safe, mended.

    what is there                           what is done
    --------------------------------------  -----------------------------------------------------------------------
    no queue                                made, its dead-letter queue first
    no redrive policy                       set
    a redrive policy of somebody's          kept: the dead-letter queue is the one that it names, made if it is gone
    a time-out or a retention too short     raised
    anything else                           left as it is; a note says what linkhub would have otherwise

Rule 1. Nothing is deleted, lowered, or taken from a queue: it may serve others, too.
Rule 2. Whatever stopped half-way is finished by the next run.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_adapters.aws.resources import Queue, attribute_texts
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

__all__ = ["SqsProvisioning"]

QUEUE, DEAD_LETTER_QUEUE = "queue", "dead-letter queue"


@frozen(kw_only=True)
class _Standing:
    """A queue that is there."""

    url: str
    attributes: Mapping[str, str]

    @property
    def arn(self) -> str:
        return self.attributes["QueueArn"]

    @property
    def redrive_policy(self) -> Mapping[str, Any] | None:
        text = self.attributes.get("RedrivePolicy")
        return json.loads(text) if text else None


@frozen(kw_only=True)
class SqsProvisioning:
    """Provisions queues."""

    sqs: SQSClient
    calls: AwsCalls

    async def ensure(self, queue: Queue, account_id: str | None = None) -> AsyncIterator[Provisioned]:
        """Make a queue and its dead-letter queue, or mend what is there; the dead-letter queue is told first.

        Args:
            queue: what it has to be like.
            account_id: whose queue it is, where that is known; one that is made is always our own.
        """
        try:
            standing = await self._find(queue.name, account_id)
        except SdkUnavailable:
            raise
        except LinkhubError as error:
            yield Provisioned.failed(QUEUE, queue.name, str(error))
            return
        dead_letter_name = _dead_letter_name(queue, standing)
        try:
            told, dead_letter_arn = await self._ensure_dead_letters(queue, dead_letter_name)
        except SdkUnavailable:
            raise
        except LinkhubError as error:
            yield Provisioned.failed(DEAD_LETTER_QUEUE, dead_letter_name, str(error))
            yield Provisioned.failed(QUEUE, queue.name, f"it needs its dead-letter queue {dead_letter_name} first")
            return
        yield told
        try:
            yield await self._ensure_queue(queue, standing, dead_letter_arn)
        except SdkUnavailable:
            raise
        except LinkhubError as error:
            yield Provisioned.failed(QUEUE, queue.name, str(error))

    async def _ensure_queue(self, queue: Queue, standing: _Standing | None, dead_letter_arn: str) -> Provisioned:
        policy = json.dumps(queue.redrive_policy(dead_letter_arn))
        if standing is None:
            url = await self._make(queue.name, {**queue.attributes, "RedrivePolicy": policy})
            return Provisioned(resource=QUEUE, name=queue.name, status=Status.MADE, address=url)
        wanted = {**_raised(standing, queue.least_attributes)}
        if standing.redrive_policy is None:
            wanted["RedrivePolicy"] = policy
        return await self._mend(QUEUE, standing, wanted, [*_queue_notes(queue, standing)])

    async def _ensure_dead_letters(self, queue: Queue, name: str) -> tuple[Provisioned, str]:
        standing = await self._find(name)
        if standing is not None:
            wanted = _raised(standing, queue.least_dead_letter_attributes)
            told = await self._mend(DEAD_LETTER_QUEUE, standing, wanted, [*_dead_letter_notes(standing)])
            return told, standing.arn
        url = await self._make(name, queue.dead_letter_attributes)
        told = Provisioned(resource=DEAD_LETTER_QUEUE, name=name, status=Status.MADE, address=url)
        return told, (await self._attributes(url))["QueueArn"]

    async def _mend(
        self, resource: str, standing: _Standing, wanted: Mapping[str, str], notes: list[str]
    ) -> Provisioned:
        if wanted:
            attributes: Any = wanted
            await self.calls(self.sqs.set_queue_attributes, QueueUrl=standing.url, Attributes=attributes)
        return Provisioned(
            resource=resource,
            name=name_of(standing.url),
            status=Status.CHANGED if wanted else Status.UNCHANGED,
            address=standing.url,
            changes=[
                f"{name} was {standing.attributes.get(name, 'absent')}, is {text}" for name, text in wanted.items()
            ],
            notes=notes,
        )

    # --- calls

    async def _find(self, name: str, account_id: str | None = None) -> _Standing | None:
        owner = {"QueueOwnerAWSAccountId": account_id} if account_id else {}
        try:
            url = (await self.calls(self.sqs.get_queue_url, QueueName=name, **owner))["QueueUrl"]
            return _Standing(url=url, attributes=await self._attributes(url))
        except LinkhubError as error:
            if not is_missing(error):
                raise
            return None

    async def _attributes(self, url: str) -> Mapping[str, str]:
        reply = await self.calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        return {str(name): text for name, text in reply["Attributes"].items()}

    async def _make(self, name: str, attributes: Mapping[str, Any]) -> str:
        texts: Any = attribute_texts(attributes)
        return (await self.calls(self.sqs.create_queue, QueueName=name, Attributes=texts))["QueueUrl"]


def _dead_letter_name(queue: Queue, standing: _Standing | None) -> str:
    policy = standing.redrive_policy if standing else None
    return name_of(policy["deadLetterTargetArn"]) if policy else queue.dead_letter_name


def _raised(standing: _Standing, least: Mapping[str, int]) -> Mapping[str, str]:
    return {name: str(number) for name, number in least.items() if int(standing.attributes[name]) < number}


def _queue_notes(queue: Queue, standing: _Standing) -> Iterator[str]:
    policy = standing.redrive_policy
    if policy and int(policy["maxReceiveCount"]) < queue.max_receive_count:
        yield (
            f"its redrive policy gives up after {policy['maxReceiveCount']} receipts, linkhub's own after "
            f"{queue.max_receive_count}: a long outage may send sound messages to the dead letters; redrive them then, "
            "or raise maxReceiveCount"
        )
    yield from _encryption_notes(standing)


def _dead_letter_notes(standing: _Standing) -> Iterator[str]:
    if standing.redrive_policy:
        yield "it has a redrive policy of its own: whoever looks at letters often moves them on; remove that policy"
    yield from _encryption_notes(standing)


def _encryption_notes(standing: _Standing) -> Iterator[str]:
    is_plain = standing.attributes.get("SqsManagedSseEnabled") == "false"
    if is_plain and not standing.attributes.get("KmsMasterKeyId"):
        yield "it does not encrypt what it keeps: set SqsManagedSseEnabled to true"
