"""What a failure of AWS means to linkhub: the one table from botocore's errors to the core's tree.

    what was raised or reported                    becomes
    ---------------------------------------------  -----------------------------------------------------------------
    no connection, no answer                       ServiceUnavailable
    credentials or settings of the SDK's own       SdkUnavailable, a ServiceUnavailable that says which
    throttling, 5xx, a reply that is no reply      ServiceUnavailable
    a missing table or queue, denied access        ServiceUnavailable: whoever runs linkhub mends it, no message is lost
    DynamoDB: the value breaks a limit of items    StoreRefused: the same value will be refused tomorrow
    DynamoDB: a seller's items are full (10 GB)    CollectionFull: a StoreRefused with its own reason
    DynamoDB: invalid for any other reason         ServiceUnavailable, though its code is that of a broken limit

Statements of a PartiQL batch report the same faults under codes of their own, within a reply that succeeded.
"""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable, sdk_fault_of
from linkhub_core.errors import CollectionFull, LinkhubError, ServiceUnavailable, StoreRefused

__all__ = [
    "AWS_ERRORS",
    "DYNAMODB",
    "MISSING_CODES",
    "PASSING_CODES",
    "code_of",
    "fault_of",
    "is_index_missing",
    "is_missing",
    "translated",
]

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

# A call is "invalid" for many reasons: most are of the table, of its keys, or of a statement, and are mended while the
# messages wait. If an unknown text counted as permanent, a wrong table would empty both queues into the dead letters.
# These are the texts about a value, of DynamoDB and of DynamoDB Local.
_ABOUT_THE_VALUE = re.compile(
    r"item size (to update )?has exceeded"
    r"|number (overflow|underflow)"
    r"|more than 38 significant digits|precision up to 38 digits"
    r"|cannot be converted (to a numeric value|into a number)"
    r"|nest(ing|ed) levels",
    re.IGNORECASE,
)

# There is no such table, queue or topic: services of AWS, and of their protocols, have many words for it.
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
# AWS says that something does not exist, and not what: these settings name what it may be.
_NAMED_BY = {
    DYNAMODB: "DYNAMODB_PRODUCTS_TABLE and DYNAMODB_STAGING_TABLE",
    "SNS": "SNS_NEW_PRODUCT_TOPIC_ARN",
    "SQS": "SQS_CAPTION_QUEUE_URL and SQS_THUMBNAIL_QUEUE_URL",
}

_INDEX_IS_MISSING = "does not have the specified index"


def translated(service: str, error: BaseException) -> ServiceUnavailable | StoreRefused:
    """The core's error for one of :data:`AWS_ERRORS`; raise it ``from`` that.

    Args:
        service: what the error is to call the service: ``DynamoDB``, ``SQS``, ``SNS``.
        error: what boto3 raised.
    """
    if not isinstance(error, ClientError):
        fault = sdk_fault_of(error)
        return ServiceUnavailable(service, str(error)) if fault is None else SdkUnavailable(service, fault)
    told = error.response.get("Error", {})
    return fault_of(service, str(told.get("Code", "")), str(told.get("Message", "")), problem=str(error))


def fault_of(service: str, code: str, message: str, *, problem: str | None = None) -> ServiceUnavailable | StoreRefused:
    """The core's error for an error code, whether a call failed with it or a part of a batch did.

    Args:
        service: what the error is to call the service.
        code: the code, as in the AWS reference.
        message: what the service says about it.
        problem: the text of the error, if it is to be another than ``code: message``.
    """
    text = problem or f"{code}: {message}"
    if code in MISSING_CODES and service in _NAMED_BY:
        text += f" (`linkhub doctor` looks at {_NAMED_BY[service]}, and says what mends it)"
    if service == DYNAMODB and code in _FULL_COLLECTION:
        return CollectionFull(service, text)
    if service == DYNAMODB and (code in _REFUSALS or (code in _VALIDATIONS and _ABOUT_THE_VALUE.search(message))):
        return StoreRefused(service, text)
    return ServiceUnavailable(service, text)


def code_of(error: LinkhubError) -> str:
    """The code that AWS gave, of an error that :func:`translated` made; empty where it gave none."""
    cause = error.__cause__
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


def is_missing(error: LinkhubError) -> bool:
    """Whether AWS said that the table, queue or topic that a call was about does not exist."""
    return code_of(error) in MISSING_CODES


def is_index_missing(error: BaseException) -> bool:
    """Whether a query failed because its table lacks the index that it asked."""
    return _INDEX_IS_MISSING in str(error)
