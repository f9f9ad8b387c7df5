"""``linkhub trial``, on local servers: what it makes is removed, however it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from linkhub_cli.main import program
from tests.e2e.deployment import LINKHUB
from tests.support import aws
from tests.support.processes import Process

pytestmark = pytest.mark.aws


@pytest.fixture
def leads(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> Mapping[str, str]:
    """The environment that leads to the servers."""
    servers = aws.environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
    return {**servers, "LINKHUB_BACKEND": "aws", "LINKHUB_RECEIVE_WAIT_SECONDS": "0.2"}


@pytest.fixture
def foreign_table(dynamodb_endpoint: str) -> Iterator[str]:
    """A table of another owner, whose name is similar."""
    key = {"AttributeName": "id", "AttributeType": "S"}
    with closing(aws.dynamodb_client(dynamodb_endpoint)) as dynamodb:
        name = dynamodb.create_table(
            TableName="linkhub-trial-products",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key["AttributeName"], "KeyType": "HASH"}],
        )["TableDescription"]["TableName"]
        yield name
        dynamodb.delete_table(TableName=name)


def _left(leads: Mapping[str, str]) -> list[str]:
    """The names of everything that is left of trials."""
    with (
        closing(aws.sqs_client(leads["AWS_ENDPOINT_URL_SQS"])) as sqs,
        closing(aws.sns_client(leads["AWS_ENDPOINT_URL_SNS"])) as sns,
        closing(aws.dynamodb_client(leads["AWS_ENDPOINT_URL_DYNAMODB"])) as dynamodb,
    ):
        return [
            *sqs.list_queues(QueueNamePrefix="linkhub-trial-").get("QueueUrls", []),
            *(topic["TopicArn"] for topic in sns.list_topics()["Topics"] if ":linkhub-trial-" in topic["TopicArn"]),
            *(name for name in dynamodb.list_tables()["TableNames"] if name.startswith("linkhub-trial-")),
        ]


def _trial(directory: Path, leads: Mapping[str, str], *options: str) -> Process:
    return Process([LINKHUB, "trial", *options], environment=leads, cwd=directory)


def test_it_passes_and_leaves_nothing(tmp_path: Path, leads: Mapping[str, str], foreign_table: str) -> None:
    """The report has every check and the figures; a table of another owner stays."""
    with _trial(tmp_path, leads, "--yes", "--events", "40", "--json") as trial:
        assert trial.wait(timeout_seconds=90) == 0, trial.stderr_lines
    (report,) = map(json.loads, trial.stdout_lines)
    assert (report["passed"], report["cleaned_up"], report["figures"]["products"]) == (True, True, 20)
    assert {check["problem"] for check in report["checks"]} == {""}
    assert _left(leads) == [foreign_table]


def test_sigkill_leaves_what_clean_removes(tmp_path: Path, leads: Mapping[str, str], foreign_table: str) -> None:
    """Killed in the middle, it leaves resources; ``--clean`` finds them all, and no other."""
    with _trial(tmp_path, leads, "--yes", "--events", "100000") as trial:
        trial.wait_for_line("topic .*: made", timeout_seconds=90)
        assert trial.kill() == -signal.SIGKILL
    assert len(_left(leads)) > 1
    with _trial(tmp_path, leads, "--clean") as cleaning:
        assert cleaning.wait(timeout_seconds=90) == 0
    assert _left(leads) == [foreign_table]


def test_sigterm_ends_it_and_leaves_nothing(tmp_path: Path, leads: Mapping[str, str]) -> None:
    """An interrupted trial is not passed, and is cleaned up."""
    with _trial(tmp_path, leads, "--yes", "--events", "100000") as trial:
        trial.wait_for_line("topic .*: made", timeout_seconds=90)
        assert trial.terminate(timeout_seconds=90) == 1
    assert _left(leads) == []


def test_without_yes_nothing_is_made(leads: Mapping[str, str]) -> None:
    """It says where it would be, what it would make and what it would cost."""
    result = CliRunner(env=leads).invoke(program, ["trial"])
    assert result.exit_code == 0
    for text in (
        leads["AWS_ENDPOINT_URL_DYNAMODB"],
        "2 tables, 4 queues and a topic",
        "1,000 events, for about $0.005",
    ):
        assert text in result.stderr
    assert _left(leads) == []


@pytest.mark.parametrize("backend", ["embedded", "memory"])
def test_a_backend_without_an_account_has_none(backend: str) -> None:
    """That is a mistake, and the line says what to choose."""
    result = CliRunner(env={"LINKHUB_BACKEND": backend}).invoke(program, ["trial", "--yes"])
    assert result.exit_code == 2
    assert "LINKHUB_BACKEND=aws" in result.stderr
