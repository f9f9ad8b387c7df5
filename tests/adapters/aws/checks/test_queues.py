"""What is said of a queue, from what SQS tells; the rest is tested against a real one in test_examination."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_adapters.aws.checks.queues import (
    DeadLetterQueueSeen,
    QueueSeen,
    layout_findings,
    lease_findings,
    queue_findings,
)
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Verdict

DAY_SECONDS = 86_400
URL = "https://sqs.eu-west-1.amazonaws.com/1/caption"


def attributes(*, receives: int = 20, kept_days: int = 14, hidden: int = 30, **different: str) -> dict[str, Any]:
    """What GetQueueAttributes says of a queue."""
    return {
        "QueueArn": "arn:aws:sqs:eu-west-1:1:caption",
        "MessageRetentionPeriod": str(kept_days * DAY_SECONDS),
        "VisibilityTimeout": str(hidden),
        "DelaySeconds": "0",
        "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:dead", "maxReceiveCount": receives}
        ),
        **different,
    }


DEAD = DeadLetterQueueSeen(
    arn="arn:aws:sqs:eu-west-1:1:dead",
    url="https://sqs.eu-west-1.amazonaws.com/1/dead",
    attributes={"MessageRetentionPeriod": str(14 * DAY_SECONDS)},
)
WELL = QueueSeen(kind=Kind.CAPTION, url=URL, attributes=attributes(), dead_letters=DEAD)
DENIED = Refusal(why=Why.DENIED, code="AccessDenied", problem="no")


@pytest.mark.parametrize(
    ("seen", "verdict", "told"),
    [
        (WELL, Verdict.OK, "dead letters after 20 receives in dead, kept 14 days, hidden 30 s"),
        (evolve(WELL, attributes=attributes(receives=2)), Verdict.FAULT, "its maxReceiveCount is 2"),
        (evolve(WELL, attributes=attributes(receives=3)), Verdict.WARNING, "its maxReceiveCount is 3"),
        (evolve(WELL, attributes=attributes(receives=10)), Verdict.OK, "dead letters after 10"),
        (evolve(WELL, attributes=attributes(kept_days=4)), Verdict.OK, "dead letters after 20"),
        (evolve(WELL, attributes=attributes(kept_days=3)), Verdict.WARNING, "its messages are kept 259,200 s"),
        (evolve(WELL, attributes=attributes(hidden=29)), Verdict.WARNING, "its visibility time-out is 29 s"),
        (evolve(WELL, attributes=attributes(hidden=600)), Verdict.OK, "dead letters after 20"),
        (evolve(WELL, attributes=DENIED), Verdict.FAULT, "sqs:GetQueueAttributes is denied"),
        (evolve(WELL, dead_letters=evolve(DEAD, attributes=DENIED)), Verdict.FAULT, "sqs:GetQueueAttributes is denied"),
        (
            evolve(WELL, dead_letters=evolve(DEAD, url=None, attributes=DENIED)),
            Verdict.FAULT,
            "sqs:GetQueueUrl is denied",
        ),
        (evolve(WELL, attributes=attributes(FifoQueue="true")), Verdict.OK, "dead letters after 20"),
    ],
)
def test_the_verdict_follows_from_what_was_seen(seen: QueueSeen, verdict: Verdict, told: str) -> None:
    """One finding, and it alone; whatever is at fault comes with what mends it."""
    (finding,) = queue_findings(seen, 30, AwsCommand())
    assert finding.verdict is verdict
    assert finding.seen.startswith(told)
    assert bool(finding.mend) is (verdict is not Verdict.OK)


def test_all_faults_of_a_queue_are_told_together() -> None:
    """None hides another."""
    seen = evolve(WELL, attributes=attributes(receives=1, kept_days=1, hidden=1, DelaySeconds="5"))
    findings = queue_findings(seen, 30, AwsCommand())
    assert [finding.verdict for finding in findings] == [Verdict.FAULT, *[Verdict.WARNING] * 3]


@pytest.mark.parametrize(
    ("other_dead", "verdict", "told"),
    [
        ("dead", Verdict.OK, "both queues share dead: the origin of a letter says"),
        ("dead-2", Verdict.OK, "each queue has its own: dead, dead-2"),
        ("caption", Verdict.FAULT, "it is the dead-letter queue of thumbnail: consumers take dead letters for events"),
    ],
)
def test_the_layout_of_dead_letters_is_named(other_dead: str, verdict: Verdict, told: str) -> None:
    """A shared dead-letter queue is sound; a working queue is none."""
    arn = "arn:aws:sqs:eu-west-1:1:"
    other = QueueSeen(
        kind=Kind.THUMBNAIL,
        url=URL.replace("caption", "thumbnail"),
        attributes=attributes(QueueArn=f"{arn}thumbnail"),
        dead_letters=evolve(DEAD, arn=f"{arn}{other_dead}"),
    )
    (finding,) = layout_findings([WELL, other])
    assert (finding.verdict, finding.seen[: len(told)]) == (verdict, told)
    assert layout_findings([evolve(WELL, dead_letters=None)]) == []


@pytest.mark.parametrize(("seconds", "verdict"), [(5, Verdict.WARNING), (10, Verdict.OK), (30, Verdict.OK)])
def test_a_lease_outlives_a_call(seconds: float, verdict: Verdict) -> None:
    """A call of the stores may take ten seconds before it fails."""
    (finding,) = lease_findings(seconds)
    assert finding.verdict is verdict
