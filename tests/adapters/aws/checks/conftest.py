"""An AWS setup for each test, and an environment that leads to the test servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore import loaders

from linkhub_adapters.aws.checks import account_check
from tests.adapters.aws.checks.aws_setup import AwsSetup
from tests.support import aws

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient


_LOADER = loaders.create_loader()  # keeps the descriptions of services, which each session would read from disk


@pytest.fixture(scope="session")
def clients(
    make_dynamodb_client: Callable[..., DynamoDBClient],
    make_sqs_client: Callable[..., SQSClient],
    make_sns_client: Callable[..., SNSClient],
) -> tuple[DynamoDBClient, SQSClient, SNSClient]:
    """Clients that make what is to be looked at; no fault is put into them."""
    return make_dynamodb_client(), make_sqs_client(), make_sns_client()


@pytest.fixture
def aws_setup(
    monkeypatch: pytest.MonkeyPatch,
    dynamodb_endpoint: str,
    sqs_sns_endpoint: str,
    clients: tuple[DynamoDBClient, SQSClient, SNSClient],
) -> AwsSetup:
    """Everything is there and well."""
    dynamodb, sqs, sns = clients
    for name, value in aws.environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint).items():
        monkeypatch.setenv(name, value)
    # A machine that is busy with other tests answers late.
    monkeypatch.setattr(account_check, "BRIEF", {**account_check.BRIEF, "connect_timeout": 20, "read_timeout": 30})
    monkeypatch.setattr(loaders, "create_loader", lambda *_: _LOADER)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sqs_sns_endpoint)  # else a call without an answer here would reach AWS
    return AwsSetup(dynamodb=dynamodb, sqs=sqs, sns=sns)
