"""The queues and their dead-letter queues: what SQS says of each, against what linkhub needs to lose nothing.

    seen                                              verdict   because
    ------------------------------------------------  --------  -------------------------------------------------------
    no queue, no redrive policy, no dead-letter queue fault     consumers do not start
    dead letters kept shorter than messages           fault     SQS counts their age from the sending: they are gone
                                                                the moment they arrive
    maxReceiveCount below 3                           fault     two consumers that are restarted suffice
    maxReceiveCount below 10                          warning   a short outage makes dead letters of sound messages
    messages kept shorter than 4 days, SQS's default  warning   an outage over a long weekend loses them
    visibility time-out below the consumers'          warning   consumers ask for their own, but a Lambda function and
                                                                the console take the queue's
    a delivery delay                                  warning   nobody sees a product within a second

What is asked of the consumers' own time-out stands in :func:`lease_findings`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.checks.aws_command import AwsCommand, compact
from linkhub_adapters.aws.checks.call_failures import unread
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.resources.definitions import MAX_RETENTION_SECONDS, QUEUE_SETTINGS, Queue, attribute_texts
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Finding

__all__ = ["DeadLetterQueueSeen", "QueueSeen", "layout_findings", "lease_findings", "look_at_queue", "queue_findings"]

FEWEST_RECEIVES, FEW_RECEIVES = 3, 10
DEFAULT_RETENTION_SECONDS = 4 * 24 * 3600
LEAST_LEASE_SECONDS = 10  # a call of the stores is given up after so long: a lease should outlive one

Reply = Mapping[str, Any] | Refusal


@frozen(kw_only=True)
class DeadLetterQueueSeen:
    """What SQS said of a dead-letter queue; ``url`` is none where there is no such queue."""

    arn: str
    url: str | None
    attributes: Reply

    @property
    def name(self) -> str:
        """The queue's name."""
        return name_of(self.arn)


@frozen(kw_only=True)
class QueueSeen:
    """What SQS said of a queue, and of the one that its redrive policy names."""

    kind: Kind
    url: str
    attributes: Reply
    dead_letters: DeadLetterQueueSeen | None = None

    @property
    def subject(self) -> str:
        """What findings call it."""
        return f"queue {name_of(self.url)}"

    @property
    def arn(self) -> str:
        """Its ARN, as far as it is known."""
        told = {} if isinstance(self.attributes, Refusal) else self.attributes
        return str(told.get("QueueArn", f"arn:aws:sqs:*:*:{name_of(self.url)}"))


async def look_at_queue(inquiry: Probe, services: Services, kind: Kind, url: str) -> QueueSeen:
    """Ask SQS; no message is received."""
    attributes = await _attributes(inquiry, services, url)
    if isinstance(attributes, Refusal) or "RedrivePolicy" not in attributes:
        return QueueSeen(kind=kind, url=url, attributes=attributes)
    arn = str(json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"])
    found = await inquiry(services.sqs.get_queue_url, QueueName=name_of(arn), QueueOwnerAWSAccountId=arn.split(":")[4])
    if isinstance(found, Refusal):
        dead = DeadLetterQueueSeen(arn=arn, url=None, attributes=found)
    else:
        dead_url = str(found["QueueUrl"])
        dead = DeadLetterQueueSeen(arn=arn, url=dead_url, attributes=await _attributes(inquiry, services, dead_url))
    return QueueSeen(kind=kind, url=url, attributes=attributes, dead_letters=dead)


async def _attributes(inquiry: Probe, services: Services, url: str) -> Reply:
    reply = await inquiry(services.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
    return reply if isinstance(reply, Refusal) else reply.get("Attributes", {})


def queue_findings(seen: QueueSeen, visibility_timeout_seconds: float, aws: AwsCommand) -> Sequence[Finding]:
    """Everything that is to be said of a queue: its faults, or that there are none.

    Args:
        seen: what SQS said.
        visibility_timeout_seconds: what consumers ask for with each receive.
        aws: writes the commands.
    """
    if isinstance(seen.attributes, Refusal):
        if seen.attributes.why is Why.MISSING:
            mend = f"set {QUEUE_SETTINGS[seen.kind]} to the URL of a queue that exists, or make it: linkhub init"
            return [Finding.fault(seen.subject, f"it does not exist ({QUEUE_SETTINGS[seen.kind]})", mend)]
        return [_unread(seen.subject, seen.attributes, seen.arn)]
    found = [
        *_redrive_faults(seen, seen.attributes, aws),
        *_dead_letter_faults(seen, seen.attributes, aws),
        *_timing_warnings(seen, seen.attributes, visibility_timeout_seconds, aws),
    ]
    return found or [Finding.ok(seen.subject, _as_it_is(seen, seen.attributes))]


def layout_findings(seen: Sequence[QueueSeen]) -> Sequence[Finding]:
    """Whether the queues share a dead-letter queue, and whether one is the dead-letter queue of another.

    A shared one is a sound layout: each letter says which queue it came from.
    """
    by_arn: dict[str, list[QueueSeen]] = {}
    for queue in seen:
        if queue.dead_letters is not None:
            by_arn.setdefault(queue.dead_letters.arn, []).append(queue)
    working = {queue.arn: queue for queue in seen}
    findings = [_taken_for_letters(working[arn], queues) for arn, queues in by_arn.items() if arn in working]
    if not by_arn or findings:
        return findings
    names = ", ".join(name_of(arn) for arn in by_arn)
    if len(by_arn) < sum(map(len, by_arn.values())):
        layout = f"both queues share {names}: the origin of a letter says which of them it came from"
    else:
        layout = f"each queue has its own: {names}"
    return [Finding.ok("dead letters", layout)]


def _taken_for_letters(working: QueueSeen, sources: Sequence[QueueSeen]) -> Finding:
    names = ", ".join(name_of(queue.url) for queue in sources)
    problem = f"it is the dead-letter queue of {names}: consumers take dead letters for events"
    return Finding.fault(
        working.subject, problem, f"give {names} a redrive policy that names a queue which no worker sends to"
    )


def lease_findings(visibility_timeout_seconds: float) -> Sequence[Finding]:
    """Whether the consumers' leases, which are renewed when a third of them is over, outlive a slow call."""
    subject = "visibility time-out of consumers"
    seen = f"{visibility_timeout_seconds:g} s, renewed every {visibility_timeout_seconds / 3:.3g} s while work goes on"
    if visibility_timeout_seconds >= LEAST_LEASE_SECONDS:
        return [Finding.ok(subject, seen)]
    problem = f"{seen}: a call to AWS may take {LEAST_LEASE_SECONDS} s, and messages would come twice meanwhile"
    return [Finding.warning(subject, problem, "LINKHUB_VISIBILITY_TIMEOUT_SECONDS=30")]


def _as_it_is(seen: QueueSeen, attributes: Mapping[str, Any]) -> str:
    dead = seen.dead_letters.name if seen.dead_letters else ""
    count = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    days = int(attributes["MessageRetentionPeriod"]) / 86_400
    facts = (
        f"dead letters after {count} receives in {dead}, kept {days:g} days, hidden {attributes['VisibilityTimeout']} s"
    )
    if attributes.get("FifoQueue") != "true":
        return facts
    is_quick = attributes.get("FifoThroughputLimit") == "perMessageGroupId"
    return f"{facts}, FIFO{'' if is_quick else ' of 300 calls a second'}"


def _unread(subject: str, refusal: Refusal, arn: str) -> Finding:
    return unread(subject, refusal, action="sqs:GetQueueAttributes", resource=arn, is_needed=True)


def _redrive_faults(seen: QueueSeen, attributes: Mapping[str, Any], aws: AwsCommand) -> Iterator[Finding]:
    policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    wanted = Queue(kind=seen.kind, name=name_of(seen.url))
    arn = str(policy.get("deadLetterTargetArn") or f"{seen.arn.rpartition(':')[0]}:{wanted.dead_letter_name}")
    redrive = _set(aws, seen.url, RedrivePolicy=compact(attribute_texts(wanted.redrive_policy(arn))))
    if not policy:
        yield Finding.fault(
            seen.subject,
            "it has no redrive policy, and so no dead-letter queue: consumers do not start",
            _make_dead_letter_queue(aws, wanted, wanted.dead_letter_name),
            redrive,
        )
        return
    count = int(policy["maxReceiveCount"])
    if count < FEWEST_RECEIVES:
        yield Finding.fault(seen.subject, f"its maxReceiveCount is {count}: a restart makes dead letters", redrive)
    elif count < FEW_RECEIVES:
        problem = f"its maxReceiveCount is {count}: a short outage makes dead letters of sound messages"
        yield Finding.warning(seen.subject, problem, redrive)


def _dead_letter_faults(seen: QueueSeen, attributes: Mapping[str, Any], aws: AwsCommand) -> Iterator[Finding]:
    dead = seen.dead_letters
    if dead is None:
        return
    if isinstance(dead.attributes, Refusal):
        if dead.attributes.why is Why.MISSING:
            mend = _make_dead_letter_queue(aws, Queue(kind=seen.kind, name=name_of(seen.url)), dead.name)
            yield Finding.fault(seen.subject, f"its dead-letter queue {dead.name} does not exist", mend)
        elif dead.url is None:
            yield unread(
                f"queue {dead.name}", dead.attributes, action="sqs:GetQueueUrl", resource=dead.arn, is_needed=True
            )
        else:
            yield _unread(f"queue {dead.name}", dead.attributes, dead.arn)
        return
    kept, letters_kept = int(attributes["MessageRetentionPeriod"]), int(dead.attributes["MessageRetentionPeriod"])
    if letters_kept < kept:
        yield Finding.fault(
            seen.subject,
            f"its dead letters are kept {letters_kept:,} s, its messages {kept:,} s: letters may be gone on arrival",
            _set(aws, str(dead.url), MessageRetentionPeriod=str(MAX_RETENTION_SECONDS)),
        )


def _timing_warnings(
    seen: QueueSeen, attributes: Mapping[str, Any], visibility_timeout_seconds: float, aws: AwsCommand
) -> Iterator[Finding]:
    kept, hidden, delay = (
        int(attributes[name]) for name in ("MessageRetentionPeriod", "VisibilityTimeout", "DelaySeconds")
    )
    if kept < DEFAULT_RETENTION_SECONDS:
        steps = [_set(aws, seen.url, MessageRetentionPeriod=str(MAX_RETENTION_SECONDS))]
        if seen.dead_letters and seen.dead_letters.url:  # first, lest letters be kept shorter than messages
            steps.insert(0, _set(aws, seen.dead_letters.url, MessageRetentionPeriod=str(MAX_RETENTION_SECONDS)))
        yield Finding.warning(seen.subject, f"its messages are kept {kept:,} s: a longer outage loses them", *steps)
    if hidden < visibility_timeout_seconds:
        problem = (
            f"its visibility time-out is {hidden} s, consumers ask for {visibility_timeout_seconds:g} s: "
            "whoever asks for none, as Lambda does, has less time for the same work"
        )
        mend = _set(aws, seen.url, VisibilityTimeout=f"{visibility_timeout_seconds:.0f}")
        yield Finding.warning(seen.subject, problem, mend)
    if delay:
        problem = f"it delays each message by {delay} s: nobody sees a product before that"
        yield Finding.warning(seen.subject, problem, _set(aws, seen.url, DelaySeconds="0"))


def _set(aws: AwsCommand, url: str, **attributes: str) -> str:
    return aws("sqs", "set-queue-attributes", queue_url=url, attributes=compact(attributes))


def _make_dead_letter_queue(aws: AwsCommand, queue: Queue, name: str) -> str:
    attributes = compact(attribute_texts(queue.dead_letter_attributes))
    return aws("sqs", "create-queue", queue_name=name, attributes=attributes)
