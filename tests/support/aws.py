"""boto3 clients and environments that lead to the test servers and nowhere else.

Rule: credentials are dummies, time-outs are short and nothing is retried behind a test's back, unless it asks for that.
"""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

REGION = "us-east-1"
_ACCESS_KEY_ID = "test"
_SECRET_ACCESS_KEY = "test"

# One session: it reads the service descriptions from disk once, which is most of what a client costs.
_SESSION = boto3.session.Session(
    aws_access_key_id=_ACCESS_KEY_ID, aws_secret_access_key=_SECRET_ACCESS_KEY, region_name=REGION
)
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=25,  # longer than the longest long poll
    max_pool_connections=32,
    parameter_validation=True,
    retries={"total_max_attempts": 1, "mode": "standard"},
)


def dynamodb_client(endpoint_url: str, config: Config | None = None) -> "DynamoDBClient":
    """Make a new DynamoDB client, with ``config`` laid over the short time-outs of tests; the caller closes it."""
    return _SESSION.client("dynamodb", endpoint_url=endpoint_url, config=_merged(config))


def sqs_client(endpoint_url: str, config: Config | None = None) -> "SQSClient":
    """Make a new SQS client, likewise."""
    return _SESSION.client("sqs", endpoint_url=endpoint_url, config=_merged(config))


def sns_client(endpoint_url: str, config: Config | None = None) -> "SNSClient":
    """Make a new SNS client, likewise."""
    return _SESSION.client("sns", endpoint_url=endpoint_url, config=_merged(config))


def environment(*, dynamodb_endpoint: str | None = None, sqs_sns_endpoint: str | None = None) -> dict[str, str]:
    """Return the variables by which another process reaches the same servers, and sees the same tables and queues."""
    endpoints = {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_endpoint,
        "AWS_ENDPOINT_URL_SQS": sqs_sns_endpoint,
        "AWS_ENDPOINT_URL_SNS": sqs_sns_endpoint,
    }
    return {
        "AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: url for name, url in endpoints.items() if url is not None},
    }


def _merged(config: Config | None) -> Config:
    return _CONFIG if config is None else _CONFIG.merge(config)
