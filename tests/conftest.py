"""The real parts of a test session, each started when a test first asks for it: one a worker, shared by all tests.

Isolation is by names: a test gives its tables, queues and topics names of its own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from botocore.config import Config
from hypothesis import HealthCheck, settings

from tests.support import aws, npm, requirement
from tests.support.dynamodb_local import run_dynamodb_local
from tests.support.sqs_sns import run_sqs_sns

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

# The same examples at each run in CI, new ones elsewhere. How long one takes is the machine's business: a deadline
# would make slow machines see failures.
settings.register_profile("linkhub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("linkhub"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "linkhub")

_Client = TypeVar("_Client", "DynamoDBClient", "SNSClient", "SQSClient")


@pytest.fixture(scope="session")
def dynamodb_endpoint() -> Iterator[str]:
    """The endpoint URL of DynamoDB Local."""
    with run_dynamodb_local() as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def sqs_sns_endpoint() -> Iterator[str]:
    """The endpoint URL of a server for SQS and SNS."""
    with run_sqs_sns() as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def make_dynamodb_client(dynamodb_endpoint: str) -> Iterator[Callable[..., "DynamoDBClient"]]:
    """A factory of new DynamoDB clients: ``make_dynamodb_client(config=None)``."""
    yield from _factory(partial(aws.dynamodb_client, dynamodb_endpoint))


@pytest.fixture(scope="session")
def make_sqs_client(sqs_sns_endpoint: str) -> Iterator[Callable[..., "SQSClient"]]:
    """A factory of new SQS clients: ``make_sqs_client(config=None)``."""
    yield from _factory(partial(aws.sqs_client, sqs_sns_endpoint))


@pytest.fixture(scope="session")
def make_sns_client(sqs_sns_endpoint: str) -> Iterator[Callable[..., "SNSClient"]]:
    """A factory of new SNS clients: ``make_sns_client(config=None)``."""
    yield from _factory(partial(aws.sns_client, sqs_sns_endpoint))


@pytest.fixture(scope="session")
def node() -> Path:
    """The program ``node``."""
    return requirement.require(requirement.NODE)


@pytest.fixture(scope="session")
def socket_io_client_directory() -> Path:
    """The directory of the official JavaScript Socket.IO client, as ``require`` takes it."""
    return npm.install(npm.SOCKET_IO_CLIENT)


def _factory(make: Callable[[Config | None], _Client]) -> Iterator[Callable[..., _Client]]:
    with ExitStack() as opened:

        def make_client(config: Config | None = None) -> _Client:
            client = make(config)
            opened.callback(client.close)
            return client

        yield make_client
