"""boto3's clients, one for each service, made at their first use and then kept: making one takes 100 ms.

Each has as many connections as threads that call at once (a smaller pool opens and closes one for each call), retries
in the standard mode, time-outs that suit the service, and no validation of parameters, which costs time for every call
(the tests of the adapters run with it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable, sdk_fault_of
from linkhub_adapters.aws.client.sdk_session import SdkSession

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 10
LONG_POLL_READ_TIMEOUT_SECONDS = 30  # a poll waits for 20 seconds at SQS
MAX_ATTEMPTS = 4


class AwsClients:
    """The clients, and the threads that their blocking calls run on.

    Args:
        region: where the services are; none leaves it to the AWS SDK.
        endpoint_url: another address for all services; none leaves it to the AWS SDK.
        configured_endpoint_urls: addresses by service, as :class:`~.sdk_session.SdkSession` ranks them.
        threads: how many calls run at once; further calls wait.
        long_polls: how many long polls run at the same time, on threads of their own.
        config: changes to the configuration of every client, as ``botocore.config.Config`` names them.

    Raises:
        SdkUnavailable: the SDK cannot use its own configuration. The attributes raise it, too.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        configured_endpoint_urls: Mapping[str, str] | None = None,
        threads: int = 16,
        long_polls: int = 16,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        with _configured("AWS"):
            self._session = SdkSession(
                region=region, endpoint_url=endpoint_url, configured_endpoint_urls=configured_endpoint_urls or {}
            )
            self.region_name = self._session.region_name  # reads the profile, which may be absent
        self._threads = threads
        self._long_polls = long_polls
        self._changes = config or {}

    @cached_property
    def executor(self) -> ThreadPoolExecutor:
        """The threads for calls."""
        return ThreadPoolExecutor(self._threads, "linkhub-aws")

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """The client of DynamoDB, with the speed-ups for items."""
        with _configured("DynamoDB"):
            client: DynamoDBClient = self._session.client("dynamodb", self._config())
        speed_up(client)
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        """The client of SQS, whose read time-out is longer than a long poll."""
        config = self._config(
            read_timeout=LONG_POLL_READ_TIMEOUT_SECONDS, max_pool_connections=self._threads + self._long_polls
        )
        with _configured("SQS"):
            client: SQSClient = self._session.client("sqs", config)
        return client

    @cached_property
    def sns(self) -> SNSClient:
        """The client of SNS."""
        with _configured("SNS"):
            client: SNSClient = self._session.client("sns", self._config())
        return client

    @cached_property
    def sts(self) -> STSClient:
        """The client of STS."""
        with _configured("STS"):
            client: STSClient = self._session.client("sts", self._config())
        return client

    def _config(self, **different: Any) -> Config:
        config: dict[str, Any] = {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": READ_TIMEOUT_SECONDS,
            "max_pool_connections": self._threads,
            "parameter_validation": False,
            "retries": {"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
            "tcp_keepalive": True,
        }
        return Config(**{**config, **different, **self._changes})

    def close(self) -> None:
        """Wait for the calls in progress and close all connections."""
        made = vars(self)  # has only the cached properties that were used
        if "executor" in made:
            self.executor.shutdown(cancel_futures=True)
        for service in ("dynamodb", "sqs", "sns", "sts"):
            if service in made:
                made[service].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _configured(service: str) -> Iterator[None]:
    """Raise ``SdkUnavailable`` for errors about the SDK's configuration, also those that the SDK does not translate."""
    try:
        yield
    except Exception as error:
        if (fault := sdk_fault_of(error)) is None:
            raise
        raise SdkUnavailable(service, fault) from error
