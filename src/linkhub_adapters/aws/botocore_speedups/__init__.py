"""Handlers for botocore's events that save CPU for the calls which carry linkhub's messages and products.

Call :func:`speed_up` once for each client. It changes how four kinds of calls are written and read, not what is sent or
returned: the tests compare both with botocore's own. Without it everything works, slower. Signing, retries, endpoints
and errors stay botocore's. No code outside this room may register a handler with botocore.

    service   calls                                                      saved for each product or message
    --------  ---------------------------------------------------------  ---------------------------------
    DynamoDB  write of BatchExecuteStatement and BatchGetItem             130 us
    DynamoDB  read of both, Query and Scan                                180 us
    SNS       write of PublishBatch                                       180 us
    SQS       read of ReceiveMessage                                       15 us
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from linkhub_adapters.aws.botocore_speedups import dynamodb, publish_batch, receive_message

__all__ = ["speed_up"]

_REGISTER: Mapping[str, Callable[[Any], None]] = {
    "dynamodb": dynamodb.register,
    "sns": publish_batch.register,
    "sqs": receive_message.register,
}


def speed_up(client: Any) -> None:
    """Register the handlers for a boto3 client of DynamoDB, SNS or SQS; a second call changes nothing."""
    _REGISTER[client.meta.service_model.service_name](client)
