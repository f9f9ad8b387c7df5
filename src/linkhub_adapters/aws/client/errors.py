"""The one table from botocore's errors to the core's tree.

    raised or reported                             becomes
    ---------------------------------------------  -----------------------------------------------------------------
    no connection, no answer                       ServiceUnavailable
    the SDK's credentials or settings              SdkUnavailable, a ServiceUnavailable with the fault
    throttling, 5xx, a reply that cannot be read   ServiceUnavailable
    a missing table, queue or topic                ResourceMissing, a ServiceUnavailable that names it
    denied access                                  ServiceUnavailable
    DynamoDB: the value breaks a limit of items    StoreRefused: the same value will be refused again
    DynamoDB: a seller's items are full (10 GB)    CollectionFull, a StoreRefused
    DynamoDB: invalid for any other reason         ServiceUnavailable, though its code is that of a broken limit

Statements of a PartiQL batch report the same faults under codes of their own, within a reply that succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable, sdk_fault_of
from linkhub_core.errors import CollectionFull, LinkhubError, ResourceMissing, ServiceUnavailable, StoreRefused

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
DYNAMODB = "DynamoDB"

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html: worth another attempt.
PASSING_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)

_REFUSALS = frozenset({"RequestEntityTooLarge", "SerializationException"})
_FULL_COLLECTION = frozenset({"ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException"})
_VALIDATIONS = frozenset({"ValidationError", "ValidationException"})

# A call is "invalid" for many reasons. Most concern the table, its keys or the statement, and are corrected while the
# messages wait. If an unknown text were permanent, a wrong table would move both queues to the dead letters.
# These are the texts about a value, of DynamoDB and of DynamoDB Local.
_ABOUT_THE_VALUE = re.compile(
    r"item size (to update )?has exceeded"
    r"|number (overflow|underflow)"
    r"|more than 38 significant digits|precision up to 38 digits"
    r"|cannot be converted (to a numeric value|into a number)"
    r"|nest(ing|ed) levels",
    re.IGNORECASE,
)

# There is no such table, queue or topic: the services and their protocols have different codes for it.
MISSING_CODES = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
_INDEX_IS_MISSING = "does not have the specified index"


def translated(service: str, error: BaseException, resource: str = "") -> ServiceUnavailable | StoreRefused:
    """The core's error for one of :data:`AWS_ERRORS`; raise it ``from`` that.

    Args:
        service: the name of the service in the error: ``DynamoDB``, ``SQS``, ``SNS``.
        error: the error of boto3.
        resource: the table, queue or topic that the call is about.
    """
    if not isinstance(error, ClientError):
        fault = sdk_fault_of(error)
        return ServiceUnavailable(service, str(error)) if fault is None else SdkUnavailable(service, fault)
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    return fault_of(service, code, message, problem=str(error), resource=resource)


def fault_of(
    service: str, code: str, message: str, *, problem: str | None = None, resource: str = ""
) -> ServiceUnavailable | StoreRefused:
    """The core's error for an error code of a call or of a part of a batch.

    Args:
        service: the name of the service in the error.
        code: the code, as in the AWS reference.
        message: the message of the service.
        problem: the text of the error; without it ``code: message``.
        resource: the table, queue or topic that the call is about.
    """
    text = problem or f"{code}: {message}"
    if code in MISSING_CODES:
        return ResourceMissing(service, text, resource)
    if service == DYNAMODB and code in _FULL_COLLECTION:
        return CollectionFull(service, text)
    if service == DYNAMODB and (code in _REFUSALS or (code in _VALIDATIONS and _ABOUT_THE_VALUE.search(message))):
        return StoreRefused(service, text)
    return ServiceUnavailable(service, text)


def resource_of(parameters: Mapping[str, Any]) -> str:
    """The table, queue or topic that a call is about; all statements of a call are about one table."""
    if statements := parameters.get("Statements"):
        return str(statements[0]["Statement"]).split('"', 2)[1]
    if tables := parameters.get("RequestItems"):
        return str(next(iter(tables)))
    names = ("TableName", "QueueUrl", "QueueName", "TopicArn")
    return next((str(parameters[name]) for name in names if name in parameters), "")


def code_of(error: LinkhubError) -> str:
    """The code that AWS gave for an error of :func:`translated`; empty if it gave none."""
    cause = error.__cause__
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


def is_missing(error: LinkhubError) -> bool:
    """Whether the table, queue or topic of the call does not exist."""
    return isinstance(error, ResourceMissing)


def is_index_missing(error: BaseException) -> bool:
    """Whether a query failed because its table does not have the index."""
    return _INDEX_IS_MISSING in str(error)
