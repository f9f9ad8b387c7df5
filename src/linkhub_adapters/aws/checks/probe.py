"""A call that gives its reply, or why there is none; either way, what the service's clock said.

    what the service or botocore says                 ``Why``          means
    ------------------------------------------------  ---------------  ----------------------------------------------
    no connection, no answer in time                  UNREACHABLE      a wrong address, no way out, or an outage
    no, unknown, malformed or expired credentials     UNKNOWN_CALLER   whoever runs linkhub has to log in
    the request's time is too far off                 CLOCK            this machine's clock is wrong
    denied                                            DENIED           the caller is known, and may not
    there is no such table, queue or topic            MISSING
    the service has no such operation                 UNSUPPORTED      something that stands in for AWS
    what is no answer of the service at all           STRANGER         a wrong address, or a proxy in between
    anything else                                     OTHER

Other than what the adapters raise, a refusal does not say whether to try again: it says what to tell a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from functools import partial
from typing import Any

from attrs import define, field, frozen
from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.errors import AWS_ERRORS, MISSING_CODES
from linkhub_adapters.aws.client.sdk_faults import SdkFault, sdk_fault_of
from linkhub_core.ports import Clock

__all__ = ["ClockReading", "Probe", "Refusal", "Why", "refusal_of"]


class Why(Enum):
    """Why there is no reply."""

    UNREACHABLE = auto()
    UNKNOWN_CALLER = auto()
    CLOCK = auto()
    DENIED = auto()
    MISSING = auto()
    UNSUPPORTED = auto()
    STRANGER = auto()
    OTHER = auto()


@frozen(kw_only=True)
class Refusal:
    """No reply: why, the error's code where a service gave one, and its text.

    ``fault`` is what is wrong with the SDK's own configuration, if that is why.
    """

    why: Why
    code: str = ""
    problem: str = ""
    fault: SdkFault | None = None


@frozen(kw_only=True)
class ClockReading:
    """The service's clock, in whole seconds, at some moment between two of ours."""

    before: datetime
    after: datetime
    service: datetime

    @property
    def width(self) -> timedelta:
        """How long the answer took, and so how vague the reading is."""
        return self.after - self.before


_UNREACHABLE = (
    botocore.EndpointConnectionError,
    botocore.ConnectionError,
    botocore.HTTPClientError,
)
_UNKNOWN_CALLER = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.TokenRetrievalError,
    botocore.SSOError,
    botocore.ProfileNotFound,
    botocore.ConfigNotFound,
    botocore.InvalidConfigError,
    botocore.MetadataRetrievalError,
)
_CODES = {
    Why.UNKNOWN_CALLER: {
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
    Why.CLOCK: {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"},
    Why.DENIED: {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    },
    Why.MISSING: MISSING_CODES,
    Why.UNSUPPORTED: {"InvalidAction", "UnknownOperationException", "UnsupportedOperation"},
}
_WHY = {code: why for why, codes in _CODES.items() for code in codes}
# Such a signature is well-formed, and of another time: "Signature expired: ... is now earlier than ...".
_OF_ANOTHER_TIME = ("Signature expired", "Signature not yet current")


def refusal_of(error: BaseException) -> Refusal:
    """What one of botocore's errors means to an examination."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), str(told.get("Message", ""))
        if code.isdecimal():  # botocore found no code in the body, and took the status of HTTP
            return Refusal(why=Why.STRANGER, code=code, problem=f"HTTP {code} {message}".strip())
        why = Why.CLOCK if message.startswith(_OF_ANOTHER_TIME) else _WHY.get(code, Why.OTHER)
        return Refusal(why=why, code=code, problem=f"{code}: {message}" if message else code)
    if isinstance(error, ResponseParserError):
        return Refusal(why=Why.STRANGER, problem="a reply that cannot be read")
    if (fault := sdk_fault_of(error)) is not None:
        why = Why.UNREACHABLE if isinstance(error, _UNREACHABLE) else Why.UNKNOWN_CALLER
        return Refusal(why=why, problem=fault.problem, fault=fault)
    if isinstance(error, _UNKNOWN_CALLER):
        return Refusal(why=Why.UNKNOWN_CALLER, problem=str(error))
    return Refusal(why=Why.UNREACHABLE if isinstance(error, _UNREACHABLE) else Why.OTHER, problem=str(error))


@define(kw_only=True, eq=False)
class Probe:
    """Asks on threads. ``readings`` gathers what the services' clocks said on the way."""

    clock: Clock
    executor: Executor | None = None
    readings: list[ClockReading] = field(factory=list, init=False)

    async def __call__(
        self, operation: Callable[..., Mapping[str, Any]], **parameters: Any
    ) -> Mapping[str, Any] | Refusal:
        """Make one call, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, partial(self._ask, operation, parameters))

    def _ask(
        self, operation: Callable[..., Mapping[str, Any]], parameters: Mapping[str, Any]
    ) -> Mapping[str, Any] | Refusal:
        before = self.clock.now()
        try:
            reply = operation(**parameters)
        except AWS_ERRORS as error:
            self._read(before, getattr(error, "response", {}))
            return refusal_of(error)
        except Exception as error:
            if sdk_fault_of(error) is None:
                raise
            return refusal_of(error)
        self._read(before, reply)
        return reply

    def _read(self, before: datetime, reply: Mapping[str, Any]) -> None:
        after = self.clock.now()
        date = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date is None:
            return
        try:
            service = parsedate_to_datetime(date)
        except ValueError:  # a proxy's idea of a date tells nothing
            return
        if service.tzinfo is not None:
            self.readings.append(ClockReading(before=before, after=after, service=service))
