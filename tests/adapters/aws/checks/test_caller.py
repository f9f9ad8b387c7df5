"""What is said of the region and of the credentials."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.caller import are_usable, caller_findings, region_findings, region_of
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_core.ports.finding import Verdict


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/caption", "eu-west-1"),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/caption", "eu-west-1"),
        ("arn:aws:sns:us-east-2:123456789012:news", "us-east-2"),
        ("http://localhost:4566/000000000000/caption", None),
        ("https://queue.amazonaws.com/123456789012/caption", None),
    ],
)
def test_a_place_names_its_region(place: str, region: str | None) -> None:
    """URLs and ARNs of AWS name it, those of stand-ins do not."""
    assert region_of(place) == region


def test_a_queue_of_another_region_is_told() -> None:
    """AWS would say that it does not exist, which is true and of no help."""
    (finding,) = region_findings(
        "us-east-1",
        {
            "SQS_CAPTION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/caption",
            "SQS_THUMBNAIL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/thumbnail",
            "SNS_NEW_PRODUCT_TOPIC_ARN": None,
        },
    )
    assert finding.verdict is Verdict.FAULT
    assert finding.seen == "it is us-east-1, and SQS_CAPTION_QUEUE_URL is in eu-west-1"
    assert finding.mend[0].startswith("AWS_REGION=eu-west-1")


@pytest.mark.parametrize(
    ("why", "verdict", "usable"),
    [
        (Why.UNKNOWN_CALLER, Verdict.FAULT, False),
        (Why.UNREACHABLE, Verdict.NOT_CHECKED, True),
        (Why.STRANGER, Verdict.NOT_CHECKED, True),
        (Why.CLOCK, Verdict.NOT_CHECKED, True),
        (Why.DENIED, Verdict.NOT_CHECKED, True),
    ],
)
def test_only_a_refused_caller_ends_the_examination(why: Why, verdict: Verdict, usable: bool) -> None:
    """STS that is away says nothing of the credentials: the others are asked all the same."""
    findings = caller_findings(Refusal(why=why, problem="told so"))
    assert [finding.verdict for finding in findings] == [verdict]
    assert are_usable(findings) is usable
