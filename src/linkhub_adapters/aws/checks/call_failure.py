"""Why a call gave no reply, for a person who has to repair it.

the service or botocore reports                   ``FailureKind``   meaning
------------------------------------------------  ----------------  ---------------------------------------------
no connection, no answer in time                  UNREACHABLE       a wrong address, no route, or an outage
no, unknown, malformed or expired credentials     CREDENTIALS       the operator has to log in
the time of the request is too far off            CLOCK             this machine's clock is wrong
denied                                            DENIED            the caller is known, and has no permission
there is no such table, queue or topic            MISSING
the service has no such operation                 UNSUPPORTED       a server in place of AWS
a reply that is none of the service's             WRONG_SERVICE     a wrong address, or a proxy in between
any other error                                   OTHER
"""

from __future__ import annotations

from enum import Enum, auto

from attrs import frozen
from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.errors import MISSING_CODES
from linkhub_adapters.aws.client.sdk_faults import SdkFault, SdkUnavailable
from linkhub_core.errors import LinkhubError


class FailureKind(Enum):
    """See the module's table."""

    UNREACHABLE = auto()
    CREDENTIALS = auto()
    CLOCK = auto()
    DENIED = auto()
    MISSING = auto()
    UNSUPPORTED = auto()
    WRONG_SERVICE = auto()
    OTHER = auto()


@frozen(kw_only=True)
class CallFailure:
    """One failure.

    Args:
        kind: its kind.
        code: the error code of the service, if it gave one.
        problem: the text of the error.
        action: the call as policies name it, such as ``sqs:GetQueueAttributes``.
        fault: what is wrong in the SDK's configuration, if that is the reason.
    """

    kind: FailureKind
    code: str = ""
    problem: str = ""
    action: str = ""
    fault: SdkFault | None = None


_UNREACHABLE = (botocore.EndpointConnectionError, botocore.ConnectionError, botocore.HTTPClientError)
_CODES = {
    FailureKind.CREDENTIALS: {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    },
    FailureKind.CLOCK: {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"},
    FailureKind.DENIED: {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    },
    FailureKind.MISSING: MISSING_CODES,
    FailureKind.UNSUPPORTED: {"InvalidAction", "UnknownOperationException", "UnsupportedOperation"},
}
_KINDS = {code: kind for kind, codes in _CODES.items() for code in codes}
# The signature is well-formed, and of another time: "Signature expired: ... is now earlier than ...".
_OF_ANOTHER_TIME = ("Signature expired", "Signature not yet current")


def failure_of(error: LinkhubError) -> CallFailure:
    """The failure that an error of :class:`~linkhub_adapters.aws.client.calls.AwsCalls` reports."""
    cause = error.__cause__
    if isinstance(error, SdkUnavailable):
        kind = FailureKind.UNREACHABLE if isinstance(cause, _UNREACHABLE) else FailureKind.CREDENTIALS
        return CallFailure(kind=kind, problem=error.fault.problem, fault=error.fault)
    if isinstance(cause, ClientError):
        return _of_reply(getattr(error, "service", ""), cause)
    if isinstance(cause, ResponseParserError):
        return CallFailure(kind=FailureKind.WRONG_SERVICE, problem="a reply that cannot be read")
    kind = FailureKind.UNREACHABLE if isinstance(cause, _UNREACHABLE) else FailureKind.OTHER
    return CallFailure(kind=kind, problem=str(cause or error))


def _of_reply(service: str, error: ClientError) -> CallFailure:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    action = f"{service.lower()}:{error.operation_name}"
    if code.isdecimal():  # botocore found no code in the body, and took the HTTP status
        problem = f"HTTP {code} {message}".strip()
        return CallFailure(kind=FailureKind.WRONG_SERVICE, code=code, problem=problem, action=action)
    kind = FailureKind.CLOCK if message.startswith(_OF_ANOTHER_TIME) else _KINDS.get(code, FailureKind.OTHER)
    return CallFailure(kind=kind, code=code, problem=f"{code}: {message}" if message else code, action=action)
