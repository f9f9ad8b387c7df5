"""What is said of the topic, from what SNS tells."""

from __future__ import annotations

from typing import Any

import pytest

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_adapters.aws.checks.topic import TopicSeen, topic_findings
from linkhub_core.ports.finding import Verdict

ARN = "arn:aws:sns:eu-west-1:123456789012:news"


@pytest.mark.parametrize(
    ("attributes", "verdict", "told"),
    [
        ({"SubscriptionsConfirmed": "3", "SubscriptionsPending": "0"}, Verdict.OK, "subscriptions: 3"),
        ({"SubscriptionsConfirmed": "3", "SubscriptionsPending": "2"}, Verdict.WARNING, "2 of its subscriptions wait"),
        (Refusal(why=Why.MISSING, code="NotFound"), Verdict.FAULT, "it does not exist"),
        (Refusal(why=Why.OTHER, code="InvalidParameter"), Verdict.FAULT, "it does not exist"),
        (Refusal(why=Why.DENIED), Verdict.NOT_CHECKED, "sns:GetTopicAttributes is denied"),
        (Refusal(why=Why.UNREACHABLE, problem="no way"), Verdict.FAULT, "does not answer: no way"),
    ],
)
def test_the_verdict_follows_from_what_was_seen(attributes: Any, verdict: Verdict, told: str) -> None:
    """One finding, and it alone."""
    (finding,) = topic_findings(TopicSeen(arn=ARN, attributes=attributes), AwsCommand())
    assert finding.verdict is verdict
    assert finding.seen.startswith(told)
    assert bool(finding.mend) is (verdict is not Verdict.OK)
