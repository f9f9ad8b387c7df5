"""Commands are whole, and safe to paste."""

from __future__ import annotations

import json
import shlex

from linkhub_adapters.aws.checks.aws_command import AwsCommand, compact


def test_a_command_has_all_its_arguments() -> None:
    """Options are named as the command line names them; region and address follow where they are known."""
    aws = AwsCommand(region="eu-west-1", endpoint_of={"dynamodb": "http://localhost:4566"}.get)
    assert aws("dynamodb", "wait", "table-exists", table_name="a") == (
        "aws dynamodb wait table-exists --table-name a --region eu-west-1 --endpoint-url http://localhost:4566"
    )
    assert AwsCommand()("sqs", "list-queues") == "aws sqs list-queues"


def test_a_shell_takes_json_as_it_stands() -> None:
    """JSON within JSON survives a shell."""
    attributes = {"RedrivePolicy": compact({"maxReceiveCount": "20", "name": "it's"})}
    words = shlex.split(AwsCommand()("sqs", "set-queue-attributes", attributes=compact(attributes)))
    assert json.loads(words[-1]) == attributes
