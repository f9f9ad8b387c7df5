"""A refusal is told as a fault, or as a question that stays open."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.call_failures import unread
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_core.ports.finding import Verdict


@pytest.mark.parametrize(
    ("why", "is_needed", "verdict"),
    [
        (Why.UNREACHABLE, False, Verdict.FAULT),
        (Why.UNKNOWN_CALLER, False, Verdict.FAULT),
        (Why.STRANGER, False, Verdict.FAULT),
        (Why.OTHER, False, Verdict.FAULT),
        (Why.DENIED, True, Verdict.FAULT),
        (Why.DENIED, False, Verdict.NOT_CHECKED),
        (Why.UNSUPPORTED, True, Verdict.NOT_CHECKED),
        (Why.CLOCK, True, Verdict.NOT_CHECKED),
    ],
)
def test_the_verdict_follows_from_the_reason(why: Why, is_needed: bool, verdict: Verdict) -> None:
    """What only linkhub's examination may not do leaves a question open; what linkhub may not do is a fault."""
    refusal = Refusal(why=why, code="Code", problem="told so")
    finding = unread("queue x", refusal, action="sqs:GetQueueAttributes", resource="arn:x", is_needed=is_needed)
    assert finding.verdict is verdict
    assert finding.mend or verdict is Verdict.NOT_CHECKED


def test_a_denial_is_mended_by_a_statement() -> None:
    """The statement names the action and the resource."""
    finding = unread("x", Refusal(why=Why.DENIED), action="sqs:GetQueueUrl", resource="arn:x", is_needed=True)
    assert finding.mend[0].endswith('{"Effect":"Allow","Action":["sqs:GetQueueUrl"],"Resource":"arn:x"}')
