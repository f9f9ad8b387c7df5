"""The checks of the region and of the credentials."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks import Advice, CallFailure, FailureKind, Subject
from linkhub_adapters.aws.checks.caller import are_usable, caller_result, region_of, region_results
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


def test_a_queue_of_another_region_is_reported() -> None:
    """AWS would say that it does not exist, which is true and of no help."""
    (result,) = region_results(
        "us-east-1",
        {
            Subject.CAPTION: "https://sqs.eu-west-1.amazonaws.com/1/caption",
            Subject.THUMBNAIL: "https://sqs.us-east-1.amazonaws.com/1/thumbnail",
            Subject.TOPIC: None,
        },
    )
    assert result.verdict is Verdict.FAULT
    assert result.seen == "it is us-east-1, and the caption queue is in eu-west-1"
    assert (result.advice, result.resource, result.details) == (Advice.CHANGE_REGION, Subject.CAPTION, "eu-west-1")


@pytest.mark.parametrize(
    ("kind", "verdict", "usable"),
    [
        (FailureKind.CREDENTIALS, Verdict.FAULT, False),
        (FailureKind.UNREACHABLE, Verdict.NOT_CHECKED, True),
        (FailureKind.WRONG_SERVICE, Verdict.NOT_CHECKED, True),
        (FailureKind.CLOCK, Verdict.NOT_CHECKED, True),
        (FailureKind.DENIED, Verdict.NOT_CHECKED, True),
    ],
)
def test_only_refused_credentials_end_the_check(kind: FailureKind, verdict: Verdict, usable: bool) -> None:
    """An unavailable STS shows nothing of the credentials: the other services are asked all the same."""
    result = caller_result(CallFailure(kind=kind, problem="a problem"))
    assert result.verdict is verdict
    assert are_usable(result) is usable
