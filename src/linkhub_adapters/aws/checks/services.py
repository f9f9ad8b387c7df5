"""The clients of an examination: they give up within seconds, so that a service that is away is told of soon.

Their calls are checked by botocore before they leave, other than those of the adapters: there are few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen
from botocore.config import Config

from linkhub_adapters.aws.client.sdk_session import SdkSession

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

__all__ = ["Services", "open_services"]

THREADS = 16
BRIEF = Config(
    connect_timeout=2,
    read_timeout=4,
    max_pool_connections=THREADS,
    retries={"mode": "standard", "total_max_attempts": 2},
)


@frozen(kw_only=True, eq=False)
class Services:
    """A client for each service that is asked, and the threads to ask on. ``iam`` has no types of its own here."""

    sts: STSClient
    iam: Any
    dynamodb: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient
    executor: ThreadPoolExecutor


@contextmanager
def open_services(session: SdkSession) -> Iterator[Services]:
    """Make the clients, and close them at the end.

    Args:
        session: knows the region, the credentials and the addresses.

    Raises:
        BotoCoreError: what the SDK is configured with does not do for a client.
    """
    with ExitStack() as opened:

        def made(service: Any) -> Any:
            client = session.client(service, BRIEF)
            opened.callback(client.close)
            return client

        services = Services(
            sts=made("sts"),
            iam=made("iam"),
            dynamodb=made("dynamodb"),
            sqs=made("sqs"),
            sns=made("sns"),
            executor=ThreadPoolExecutor(THREADS, "linkhub-examination"),
        )
        opened.callback(services.executor.shutdown, cancel_futures=True)
        yield services
