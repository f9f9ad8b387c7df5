"""Results of the checks of AWS become findings that name the setting and the command."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.checks import Advice, CallFailure, CheckResult, FailureKind, Subject
from linkhub_adapters.aws.client.sdk_faults import SdkFault, SdkPart
from linkhub_adapters.aws.resources import Queue, Topic, staging_table
from linkhub_adapters.aws.resources.difference import Call
from linkhub_adapters.aws.resources.queue_differences import FoundQueue, dead_letter_differences, queue_differences
from linkhub_adapters.aws.resources.tables import FoundTable, table_differences
from linkhub_adapters.aws.resources.topics import FoundTopic, topic_differences
from linkhub_cli.backends.aws_findings import AwsCommand, finding_of
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Verdict
from tests.cli.backends.aws_command_line import parameters_of

A_RESULT = CheckResult(subject="table x", verdict=Verdict.FAULT, seen="a problem", resource=Subject.STAGING)


def _every_call() -> list[Call]:
    """The calls of every difference that there is."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
    table, queue = staging_table("halves", key), Queue(kind=Kind.CAPTION, name="captions", kms_key_arn=key)
    expiry = {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone_at"}
    found = FoundTable(description=table.definition, expiry=expiry, backups={})
    topic = FoundTopic(arn="arn:aws:sns:eu-west-1:1:news", attributes={})
    bad = {
        "QueueArn": "arn:aws:sqs:eu-west-1:1:captions",
        "MessageRetentionPeriod": "60",
        "VisibilityTimeout": "1",
        "DelaySeconds": "5",
        "SqsManagedSseEnabled": "false",
    }
    captions = FoundQueue(url="https://sqs/1/captions", attributes=bad)
    dead = FoundQueue(url="https://sqs/1/dead", attributes={**bad, "RedrivePolicy": '{"maxReceiveCount":3}'})
    differences = [
        *table_differences(table, found),
        *queue_differences(queue, captions),
        *dead_letter_differences(queue, dead, source_arn=captions.arn, messages_kept_seconds=60),
        *topic_differences(Topic(name="news", kms_key_arn=key), topic),
    ]
    return [call for difference in differences for call in difference.calls]


@pytest.mark.parametrize("call", _every_call(), ids=lambda call: call.operation)
def test_a_call_is_the_same_as_a_command(call: Call) -> None:
    """The AWS command line makes the same call of it, JSON within JSON included."""
    aws = AwsCommand(region=lambda: "eu-west-1", endpoint_of={"sqs": "http://localhost:4566"}.get)
    command = aws.of(call)
    parameters = {name: value for name, value in call.parameters.items() if value != ""}
    assert parameters_of(command) == (call.service, call.operation, parameters)
    assert "--region eu-west-1" in command
    assert ("--endpoint-url http://localhost:4566" in command) is (call.service == "sqs")


def test_a_shell_takes_json_as_it_is() -> None:
    """Quotes in it are kept."""
    attributes = {"RedrivePolicy": json.dumps({"name": "it's"})}
    words = shlex.split(AwsCommand()("sqs", "set_queue_attributes", {"Attributes": attributes}))
    assert words[:4] == ["aws", "sqs", "set-queue-attributes", "--attributes"]
    assert json.loads(words[4]) == attributes


@pytest.mark.parametrize("advice", Advice)
def test_every_advice_has_its_words(advice: Advice) -> None:
    """Each step is filled in."""
    failure = CallFailure(kind=FailureKind.DENIED, code="Denied", action="sqs:GetQueueUrl")
    finding = finding_of(evolve(A_RESULT, advice=advice, details="the-details", failure=failure), AwsCommand())
    assert finding.mend
    assert not any("{details}" in step or "{setting}" in step for step in finding.mend)


@pytest.mark.parametrize(
    ("fields", "seen", "first_step"),
    [
        ({"advice": Advice.PROVISION}, "a problem (DYNAMODB_STAGING_TABLE)", "linkhub init"),
        (
            {"advice": Advice.REPLACE, "details": "x"},
            "a problem",
            "set DYNAMODB_STAGING_TABLE to a name that is free, then: linkhub init (it cannot be changed in x)",
        ),
        (
            {"advice": Advice.WAIT, "details": "x"},
            "a problem",
            "aws dynamodb wait table-exists --table-name x",
        ),
        ({"advice": Advice.SET_REGION, "details": "us-east-1"}, "a problem", "AWS_REGION=us-east-1"),
        ({"advice": Advice.SET_REGION}, "a problem", "AWS_REGION=eu-west-1"),
        (
            {
                "advice": Advice.ALLOW,
                "details": "arn:x",
                "failure": CallFailure(kind=FailureKind.DENIED, action="sqs:GetQueueUrl"),
            },
            "a problem",
            (
                "add to the policy of the role or user that linkhub runs as: "
                '{"Effect":"Allow","Action":["sqs:GetQueueUrl"],"Resource":"arn:x"}'
            ),
        ),
        (
            {
                "advice": Advice.LOG_IN,
                "failure": CallFailure(
                    kind=FailureKind.CREDENTIALS, fault=SdkFault(part=SdkPart.PROFILE, problem="no such profile")
                ),
            },
            "a problem",
            "AWS_PROFILE: `aws configure list-profiles` shows those that there are; or unset it",
        ),
    ],
)
def test_a_result_names_the_setting_and_the_command(fields: dict[str, Any], seen: str, first_step: str) -> None:
    """A permission error names the denied action and its resource."""
    finding = finding_of(evolve(A_RESULT, **fields), AwsCommand())
    assert (finding.seen, finding.mend[0]) == (seen, first_step)
    assert (finding.subject, finding.verdict) == ("table x", Verdict.FAULT)
