"""The differences between a queue with its dead-letter queue, as SQS reports them, and the plan.

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
not the key of the plan                warning, if the plan has one. Provisioning sets it where there is none
requests without TLS are allowed       warning. Provisioning adds a statement to the queue's policy
dead letters that are redriven         warning: a reader of dead letters moves them on
every queue may use the dead-letter    none. Provisioning allows this queue alone, if the dead-letter queue has
queue                                  the name of the plan: another one may serve other queues
this queue may not use it              warning. Provisioning allows it, if single queues are allowed
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.resources.definitions import Queue, attribute_texts
from linkhub_adapters.aws.resources.difference import Call, Difference, Remedy
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, TLS_ONLY, is_tls_only, uses_key, with_tls_only
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict

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


def queue_differences(queue: Queue, found: FoundQueue) -> Sequence[Difference]:
    """The differences between a queue and the plan, except the attributes of its dead-letter queue."""
    return [
        *_redrive(queue, found),
        *_retention(queue, found),
        *_timing(queue, found),
        *_encryption(queue, found),
        *_transport(found),
    ]


def dead_letter_differences(
    queue: Queue, dead_letters: FoundQueue, *, source_arn: str, messages_kept_seconds: int
) -> list[Difference]:
    """The differences between a dead-letter queue and the plan.

    Args:
        queue: the plan.
        dead_letters: the dead-letter queue.
        source_arn: the ARN of its queue.
        messages_kept_seconds: how long its queue keeps messages.
    """
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
    return [
        *found,
        *_sources(queue, dead_letters, source_arn),
        *_encryption(queue, dead_letters),
        *_transport(dead_letters),
    ]


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
    return _set_all(url, {attribute: value})


def _set_all(url: str, attributes: Mapping[str, str]) -> Call:
    parameters = {"QueueUrl": url, "Attributes": attributes}
    return Call(service="sqs", operation="set_queue_attributes", parameters=parameters)


def creation(name: str, attributes: Mapping[str, Any], tags: Mapping[str, str]) -> Call:
    """The call that makes a queue."""
    parameters = {"QueueName": name, "Attributes": attribute_texts(attributes), **({"tags": tags} if tags else {})}
    return Call(service="sqs", operation="create_queue", parameters=parameters)


def _redrive(queue: Queue, found: FoundQueue) -> Iterator[Difference]:
    arn = found.dead_letter_arn(queue)
    policy = json.dumps(attribute_texts(queue.redrive_policy(arn)), separators=(",", ":"))
    is_absent = found.dead_letters is None and found.unread is None
    secure = {**queue.dead_letter_attributes, "Policy": with_tls_only(None, ALL_OF_SQS, arn)}
    make = [creation(name_of(arn), secure, queue.tags)] if is_absent else []
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


def _encryption(queue: Queue, found: FoundQueue) -> Iterator[Difference]:
    key = found.attributes.get("KmsMasterKeyId")
    if queue.kms_key_arn is None:
        if found.attributes.get("SqsManagedSseEnabled") == "false" and not key:
            problem = f"{found.name} does not encrypt its messages"
            yield _difference(found, "SqsManagedSseEnabled", "true", problem, remedy=Remedy.DECIDE)
    elif not uses_key(key, queue.kms_key_arn):
        # A queue has one sort of encryption at a time.
        attributes = {"KmsMasterKeyId": queue.kms_key_arn, "SqsManagedSseEnabled": "false"}
        yield Difference(
            attribute="KmsMasterKeyId",
            found=key or "absent",
            wanted=queue.kms_key_arn,
            problem=f"{found.name} does not use the key that is configured: its key is {key or 'one of SQS'}",
            verdict=Verdict.WARNING,
            remedy=Remedy.DECIDE if key else Remedy.APPLY,
            calls=[_set_all(found.url, attributes)],
        )


def _transport(found: FoundQueue) -> Iterator[Difference]:
    policy = found.attributes.get("Policy")
    if not is_tls_only(policy):
        yield Difference(
            attribute="Policy",
            found=f"without {TLS_ONLY}",
            wanted=f"with {TLS_ONLY}",
            problem=f"{found.name} allows requests without TLS",
            verdict=Verdict.WARNING,
            calls=[_set(found.url, "Policy", with_tls_only(policy, ALL_OF_SQS, found.arn))],
        )


def _sources(queue: Queue, dead_letters: FoundQueue, source_arn: str) -> Iterator[Difference]:
    """By default every queue of the account may use it."""
    policy = json.loads(dead_letters.attributes.get("RedriveAllowPolicy") or "{}")
    permission, sources = policy.get("redrivePermission", "allowAll"), policy.get("sourceQueueArns", [])
    wanted = json.dumps(queue.redrive_allow_policy([*sources, source_arn]), separators=(",", ":"))
    if permission == "allowAll" and dead_letters.name == queue.dead_letter_name:
        problem = f"every queue of the account may use {dead_letters.name}"
        yield _difference(dead_letters, "RedriveAllowPolicy", wanted, problem, verdict=Verdict.OK)
    elif permission != "allowAll" and source_arn not in sources:
        problem = f"{dead_letters.name} does not allow {name_of(source_arn)} to use it as its dead-letter queue"
        remedy = Remedy.APPLY if permission == "byQueue" else Remedy.DECIDE
        yield _difference(dead_letters, "RedriveAllowPolicy", wanted, problem, remedy=remedy)
