"""What became known of permissions, and how it is told."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.permissions import (
    Allowance,
    Needed,
    Permissions,
    outcome_of,
    permission_findings,
    policy_source_of,
)
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_core.ports.finding import Finding, Verdict

NEEDED = Needed(name="queue x", arn="arn:x", actions=("sqs:A", "sqs:B", "sqs:C"))
YES, NO = Allowance(is_allowed=True, how="tried"), Allowance(is_allowed=False, how="as IAM tells")


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"sqs:A": YES, "sqs:B": YES, "sqs:C": YES}, [(Verdict.OK, "allowed: A, B, C")]),
        ({"sqs:A": YES, "sqs:B": YES}, [(Verdict.NOT_CHECKED, "C (nobody knows)"), (Verdict.OK, "allowed: A, B")]),
        ({"sqs:A": YES, "sqs:B": NO, "sqs:C": YES}, [(Verdict.FAULT, "denied: B (as IAM tells)")]),
        (
            {"sqs:A": YES, "sqs:B": Allowance(is_allowed=None, how="it failed"), "sqs:C": YES},
            [(Verdict.NOT_CHECKED, "B (it failed)"), (Verdict.OK, "allowed: A, C")],
        ),
    ],
)
def test_each_action_is_allowed_denied_or_unknown(known: dict[str, Allowance], told: list[tuple[Verdict, str]]) -> None:
    """What nobody knows is never told as allowed."""
    findings: list[Finding] = list(permission_findings(Permissions(needed=NEEDED, known=known), "nobody knows"))
    assert [(finding.verdict, finding.seen) for finding in findings] == told


@pytest.mark.parametrize(
    ("reply", "is_allowed"),
    [
        ({}, True),
        (Refusal(why=Why.OTHER, code="TransactionCanceledException"), True),
        (Refusal(why=Why.DENIED, problem="User: me is not authorized to perform: dynamodb:PartiQLInsert on x"), False),
        (Refusal(why=Why.DENIED, problem="made by a test"), False),
        (Refusal(why=Why.DENIED, problem="User: me is not authorized to perform: dynamodb:PartiQLUpdate on x"), None),
        (Refusal(why=Why.OTHER, code="ThrottlingException"), None),
        (Refusal(why=Why.UNREACHABLE), None),
    ],
)
def test_what_a_trial_tells(reply: object, is_allowed: bool | None) -> None:
    """A cancelled transaction was allowed; a denial of another action, or an outage, tells nothing of this one."""
    assert outcome_of("dynamodb:PartiQLInsert", reply).is_allowed is is_allowed


@pytest.mark.parametrize(
    ("caller", "source"),
    [
        ("arn:aws:sts::1:assumed-role/linkhub/session", "arn:aws:iam::1:role/linkhub"),
        ("arn:aws-cn:sts::1:assumed-role/linkhub/i-0", "arn:aws-cn:iam::1:role/linkhub"),
        ("arn:aws:iam::1:user/someone", "arn:aws:iam::1:user/someone"),
        ("arn:aws:iam::1:root", None),
        ("arn:aws:sts::1:federated-user/someone", None),
    ],
)
def test_whose_policies_hold_for_a_caller(caller: str, source: str | None) -> None:
    """A session has those of its role."""
    assert policy_source_of(caller) == source
