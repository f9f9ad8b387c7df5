"""Clients are made once, as they should be, and nothing is opened before it is needed."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from linkhub_adapters.aws.client.clients import AwsClients
from tests.support.faults import Fault, inject

_HERE = "http://127.0.0.1:4566"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dummies, so that nothing is looked up anywhere."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "sns"])
def test_a_service_has_one_client(service: str) -> None:
    """It is made when it is first asked for, for the region and the address that were given."""
    with AwsClients(region="eu-west-1", endpoint_url=_HERE, threads=7, long_polls=5) as clients:
        client: Any = getattr(clients, service)
        assert getattr(clients, service) is client
        assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-1", _HERE)
        config = client.meta.config
        assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 4)
        assert config.max_pool_connections == (12 if service == "sqs" else 7)
        assert config.read_timeout > (20 if service == "sqs" else 0)


def test_parameters_are_not_validated() -> None:
    """A mistake reaches the connection, where there is none, instead of being looked for in every call."""
    with AwsClients(region="eu-west-1", endpoint_url="http://127.0.0.1:1") as clients:
        mistake: Any = {"TableName": "products", "Limit": "1"}
        inject(clients.dynamodb, Fault.client_error(operation="Query", code="ValidationException"))
        with pytest.raises(ClientError, match="ValidationException"):
            clients.dynamodb.query(**mistake)


def test_without_an_address_the_sdk_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and address are what the AWS SDK finds in its own configuration."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", _HERE)
    with AwsClients() as clients:
        assert (clients.sns.meta.region_name, clients.sns.meta.endpoint_url) == ("us-west-2", _HERE)


def test_calls_run_on_threads_of_their_own() -> None:
    """As many as were asked for, and none after the end."""
    with AwsClients(region="eu-west-1", threads=2) as clients:
        executor: Executor = clients.executor
        assert executor.submit(int, "7").result() == 7
        assert clients.executor is executor
    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(int, "7")


def test_what_was_never_used_is_not_made_to_be_closed() -> None:
    """Closing clients that were not asked for makes none."""
    clients = AwsClients(region="eu-west-1")
    clients.close()
    assert not {"executor", "dynamodb", "sqs", "sns"} & vars(clients).keys()
