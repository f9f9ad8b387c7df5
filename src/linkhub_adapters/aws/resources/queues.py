"""SQS's queues with their dead-letter queues: reads them, compares them with the plan, and makes missing ones.

    found                                  difference
    -------------------------------------  -------------------------------------------------------------------------
    no redrive policy, no dead-letter      fault: consumers do not start. Provisioning sets the policy and makes the
    queue                                  queue; a policy that names another queue is kept
    dead letters kept shorter than         fault: SQS counts their age from the first sending, so they may be gone on
    messages                               arrival. Provisioning raises retention
    maxReceiveCount below 3; below 10      fault: two restarts suffice; warning: a short outage moves valid messages
    messages kept shorter than 4 days      warning: an outage over a long weekend loses them. Provisioning raises it
    visibility time-out below the          warning: Lambda and the console use the queue's own. Provisioning raises it
    consumers'
    a delivery delay                       warning: no product is shown within a second
    no encryption                          warning
    dead letters that are redriven         warning: a reader of dead letters moves them on

Provisioning deletes nothing and lowers nothing: a queue may serve others, too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_adapters.aws.resources.definitions import Queue, attribute_texts
from linkhub_adapters.aws.resources.difference import Call, Difference, Remedy, apply, attempt
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

__all__ = ["DEAD_LETTER_QUEUE", "QUEUE", "FoundQueue", "SqsQueues", "dead_letter_differences", "queue_differences"]

QUEUE, DEAD_LETTER_QUEUE = "queue", "dead-letter queue"
FEWEST_RECEIVES, FEW_RECEIVES = 3, 10
DEFAULT_RETENTION_SECONDS = 4 * 24 * 3600  # SQS's own


@frozen(kw_only=True)
class FoundQueue:
    """A queue, as SQS reports it.

    Args:
        url: its URL.
        attributes: all its attributes.
        dead_letters: its dead-letter queue; none if it does not exist or could not be read.
        unread: why the dead-letter queue could not be read.
    """

    url: str
    attributes: Mapping[str, str]
    dead_letters: FoundQueue | None = None
    unread: LinkhubError | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.url)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.attributes["QueueArn"]

    @property
    def redrive_policy(self) -> Mapping[str, Any]:
        """Its redrive policy; empty if it has none."""
        policy: Mapping[str, Any] = json.loads(self.attributes.get("RedrivePolicy") or "{}")
        return policy

    @property
    def retention_seconds(self) -> int:
        """How long it keeps messages."""
        return int(self.attributes["MessageRetentionPeriod"])

    def dead_letter_arn(self, queue: Queue) -> str:
        """The ARN that its redrive policy names; without a policy the one of the plan."""
        planned = f"{self.arn.rpartition(':')[0]}:{queue.dead_letter_name}"
        return str(self.redrive_policy.get("deadLetterTargetArn", planned))


# --- differences


def queue_differences(queue: Queue, found: FoundQueue) -> Sequence[Difference]:
    """The differences between a queue and the plan, except the attributes of its dead-letter queue."""
    return [*_redrive(queue, found), *_retention(queue, found), *_timing(queue, found), *_encryption(found)]


def dead_letter_differences(queue: Queue, dead_letters: FoundQueue, messages_kept_seconds: int) -> list[Difference]:
    """The differences between a dead-letter queue and the plan."""
    found = []
    kept = dead_letters.retention_seconds
    if kept < queue.retention_seconds:
        is_shorter = kept < messages_kept_seconds
        problem = f"its dead letters are kept {kept:,} s, its messages {messages_kept_seconds:,} s: "
        problem += "they may be gone on arrival"
        found.append(
            _difference(
                dead_letters,
                "MessageRetentionPeriod",
                str(queue.retention_seconds),
                problem,
                verdict=Verdict.FAULT if is_shorter else Verdict.OK,
            )
        )
    if dead_letters.redrive_policy:
        problem = f"{dead_letters.name} has a redrive policy of its own: dead letters that are often read are moved on"
        found.append(_difference(dead_letters, "RedrivePolicy", "", problem, remedy=Remedy.DECIDE))
    return [*found, *_encryption(dead_letters)]


def _difference(
    found: FoundQueue,
    attribute: str,
    wanted: str,
    problem: str,
    *,
    verdict: Verdict = Verdict.WARNING,
    remedy: Remedy = Remedy.APPLY,
    before: Sequence[Call] = (),
) -> Difference:
    return Difference(
        attribute=attribute,
        found=found.attributes.get(attribute, "absent"),
        wanted=wanted,
        problem=problem,
        verdict=verdict,
        remedy=remedy,
        calls=[*before, _set(found.url, attribute, wanted)],
    )


def _set(url: str, attribute: str, value: str) -> Call:
    parameters = {"QueueUrl": url, "Attributes": {attribute: value}}
    return Call(service="sqs", operation="set_queue_attributes", parameters=parameters)


def _create(name: str, attributes: Mapping[str, Any], tags: Mapping[str, str]) -> Call:
    parameters = {"QueueName": name, "Attributes": attribute_texts(attributes), **({"tags": tags} if tags else {})}
    return Call(service="sqs", operation="create_queue", parameters=parameters)


def _redrive(queue: Queue, found: FoundQueue) -> Iterator[Difference]:
    arn = found.dead_letter_arn(queue)
    policy = json.dumps(attribute_texts(queue.redrive_policy(arn)), separators=(",", ":"))
    is_absent = found.dead_letters is None and found.unread is None
    make = [_create(name_of(arn), queue.dead_letter_attributes, queue.tags)] if is_absent else []
    if not found.redrive_policy:
        problem = "it has no redrive policy, and so no dead-letter queue: consumers do not start"
        yield _difference(found, "RedrivePolicy", policy, problem, verdict=Verdict.FAULT, before=make)
        return
    if is_absent:
        yield Difference(
            attribute="RedrivePolicy",
            found=arn,
            wanted=arn,
            problem=f"its dead-letter queue {name_of(arn)} does not exist",
            verdict=Verdict.FAULT,
            calls=make,
        )
    count = int(found.redrive_policy["maxReceiveCount"])
    if count < queue.max_receive_count:
        verdict = Verdict.WARNING if count < FEW_RECEIVES else Verdict.OK
        verdict = Verdict.FAULT if count < FEWEST_RECEIVES else verdict
        outage = "a restart makes" if count < FEWEST_RECEIVES else "an outage makes"
        problem = f"its maxReceiveCount is {count}, linkhub's is {queue.max_receive_count}: "
        problem += f"{outage} dead letters of valid messages"
        yield _difference(found, "RedrivePolicy", policy, problem, verdict=verdict, remedy=Remedy.DECIDE)


def _retention(queue: Queue, found: FoundQueue) -> Iterator[Difference]:
    kept, wanted = found.retention_seconds, str(queue.retention_seconds)
    if kept >= queue.retention_seconds:
        return
    dead = found.dead_letters
    # First, because dead letters must never be kept shorter than messages.
    is_short = dead is not None and dead.retention_seconds < queue.retention_seconds
    before = [_set(dead.url, "MessageRetentionPeriod", wanted)] if dead is not None and is_short else []
    yield _difference(
        found,
        "MessageRetentionPeriod",
        wanted,
        f"its messages are kept {kept:,} s: a longer outage loses them",
        verdict=Verdict.WARNING if kept < DEFAULT_RETENTION_SECONDS else Verdict.OK,
        before=before,
    )


def _timing(queue: Queue, found: FoundQueue) -> Iterator[Difference]:
    hidden, delay = int(found.attributes["VisibilityTimeout"]), int(found.attributes.get("DelaySeconds", 0))
    if hidden < queue.visibility_timeout_seconds:
        problem = (
            f"its visibility time-out is {hidden} s, consumers ask for {queue.visibility_timeout_seconds} s: "
            "a receiver that asks for none, such as Lambda, has less time for the same work"
        )
        yield _difference(found, "VisibilityTimeout", str(queue.visibility_timeout_seconds), problem)
    if delay:
        problem = f"it delays each message by {delay} s: no product is shown before that"
        yield _difference(found, "DelaySeconds", "0", problem, remedy=Remedy.DECIDE)


def _encryption(found: FoundQueue) -> Iterator[Difference]:
    if found.attributes.get("SqsManagedSseEnabled") == "false" and not found.attributes.get("KmsMasterKeyId"):
        problem = f"{found.name} does not encrypt its messages"
        yield _difference(found, "SqsManagedSseEnabled", "true", problem, remedy=Remedy.DECIDE)


# --- calls


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
        if dead_letters is None:
            url = (await self._make(_create(name, queue.dead_letter_attributes, queue.tags)))["QueueUrl"]
            return Provisioned(resource=DEAD_LETTER_QUEUE, name=name, status=Status.MADE, address=url)
        kept = queue.retention_seconds if found is None else found.retention_seconds
        differences = dead_letter_differences(queue, dead_letters, kept)
        return await apply(DEAD_LETTER_QUEUE, name, dead_letters.url, differences, self._make)

    async def _ensure_queue(self, queue: Queue, found: FoundQueue | None, dead_letter_url: str) -> Provisioned:
        dead_letters = FoundQueue(url=dead_letter_url, attributes=await self._attributes(dead_letter_url))
        if found is None:
            policy = json.dumps(queue.redrive_policy(dead_letters.arn))
            make = _create(queue.name, {**queue.attributes, "RedrivePolicy": policy}, queue.tags)
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
        try:
            return (await self.calls(self.sqs.get_queue_url, QueueName=name, **owner))["QueueUrl"]
        except LinkhubError as error:
            if not is_missing(error):
                raise
            return None

    async def _read(self, url: str) -> FoundQueue | None:
        try:
            return FoundQueue(url=url, attributes=await self._attributes(url))
        except LinkhubError as error:
            if not is_missing(error):
                raise
            return None

    async def _attributes(self, url: str) -> Mapping[str, str]:
        reply = await self.calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        return {str(name): text for name, text in reply["Attributes"].items()}

    async def _make(self, call: Call) -> Any:
        return await self.calls(getattr(self.sqs, call.operation), **call.parameters)
