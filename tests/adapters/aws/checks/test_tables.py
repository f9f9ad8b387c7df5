"""What is said of a table, from what DynamoDB tells; the rest is tested against a real one in test_examination."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_adapters.aws.checks.tables import TableSeen, table_findings
from linkhub_adapters.aws.resources import staging_table
from linkhub_core.ports.finding import Verdict

TABLE = staging_table("halves")
ENABLED = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}}
BACKED_UP = {
    "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
}
DENIED = Refusal(why=Why.DENIED, code="AccessDeniedException", problem="no")


def a_table(**different: Any) -> dict[str, Any]:
    """What DescribeTable says of a table as it should be."""
    return {"Table": {**TABLE.definition, "TableStatus": "ACTIVE", "TableArn": "arn:halves", **different}}


WELL = TableSeen(
    table=TABLE, setting="DYNAMODB_STAGING_TABLE", description=a_table(), expiry=ENABLED, backups=BACKED_UP
)
NUMBERS = [
    {"AttributeName": "video_id", "AttributeType": "N"},
    {"AttributeName": "seller_handle", "AttributeType": "S"},
]


@pytest.mark.parametrize(
    ("seen", "verdict", "told"),
    [
        (WELL, Verdict.OK, "keys video_id, seller_handle, expiry by ttl, point-in-time recovery"),
        (evolve(WELL, description=a_table(TableStatus="CREATING")), Verdict.FAULT, "it is CREATING"),
        (evolve(WELL, description=a_table(AttributeDefinitions=NUMBERS)), Verdict.FAULT, "its keys are video_id (N)"),
        (evolve(WELL, description=DENIED), Verdict.NOT_CHECKED, "dynamodb:DescribeTable is denied"),
        (evolve(WELL, expiry=DENIED), Verdict.NOT_CHECKED, "dynamodb:DescribeTimeToLive is denied"),
        (evolve(WELL, backups=DENIED), Verdict.NOT_CHECKED, "dynamodb:DescribeContinuousBackups is denied"),
    ],
)
def test_the_verdict_follows_from_what_was_seen(seen: TableSeen, verdict: Verdict, told: str) -> None:
    """One finding, and it alone."""
    (finding,) = table_findings(seen, AwsCommand())
    assert finding.verdict is verdict
    assert finding.seen.startswith(told)


def test_an_expiry_by_another_attribute_takes_two_steps() -> None:
    """DynamoDB changes the attribute only by way of none."""
    other = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}}
    (finding,) = table_findings(evolve(WELL, expiry=other), AwsCommand())
    assert finding.seen == "items expire by expires, not by ttl"
    assert [step.rpartition(" ")[2] for step in finding.mend] == [
        "Enabled=false,AttributeName=expires",
        "Enabled=true,AttributeName=ttl",
    ]
