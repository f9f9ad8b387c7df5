"""What botocore raises is sorted by what it means, and every reply tells the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.checks.probe import ClockReading, Probe, Refusal, Why, refusal_of
from linkhub_core.testing.fakes import FakeClock

DATE = "Tue, 24 Nov 2026 14:03:52 GMT"


def an_error(code: str, message: str = "", date: str = DATE) -> ClientError:
    """What botocore raises for a reply that is an error."""
    reply: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {"date": date}},
    }
    return ClientError(reply, "Operation")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (botocore.EndpointConnectionError(endpoint_url="http://x"), Why.UNREACHABLE),
        (botocore.ConnectTimeoutError(endpoint_url="http://x"), Why.UNREACHABLE),
        (botocore.ReadTimeoutError(endpoint_url="http://x"), Why.UNREACHABLE),
        (botocore.NoCredentialsError(), Why.UNKNOWN_CALLER),
        (botocore.PartialCredentialsError(provider="env", cred_var="X"), Why.UNKNOWN_CALLER),
        (botocore.UnauthorizedSSOTokenError(), Why.UNKNOWN_CALLER),
        (botocore.ParamValidationError(report="x"), Why.OTHER),
        (ResponseParserError("not XML"), Why.STRANGER),
        (an_error("404"), Why.STRANGER),
        (an_error("ExpiredTokenException"), Why.UNKNOWN_CALLER),
        (an_error("SignatureDoesNotMatch", "The request signature we calculated"), Why.UNKNOWN_CALLER),
        (an_error("SignatureDoesNotMatch", "Signature expired: 20261124T1 is now earlier than"), Why.CLOCK),
        (an_error("InvalidSignatureException", "Signature not yet current: 20261124T1"), Why.CLOCK),
        (an_error("RequestTimeTooSkewed"), Why.CLOCK),
        (an_error("AccessDenied"), Why.DENIED),
        (an_error("AuthorizationError"), Why.DENIED),
        (an_error("ResourceNotFoundException"), Why.MISSING),
        (an_error("AWS.SimpleQueueService.NonExistentQueue"), Why.MISSING),
        (an_error("NotFound"), Why.MISSING),
        (an_error("UnknownOperationException"), Why.UNSUPPORTED),
        (an_error("ThrottlingException"), Why.OTHER),
    ],
    ids=lambda value: value.name if isinstance(value, Why) else str(value)[:40],
)
def test_what_an_error_means(error: Exception, why: Why) -> None:
    """Each error has one meaning, and its text is kept."""
    refusal = refusal_of(error)
    assert refusal.why is why
    assert refusal.problem


async def test_a_reply_tells_the_time() -> None:
    """The service's clock is read from the reply, between two looks at ours."""

    def operation(**parameters: Any) -> Mapping[str, Any]:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": DATE}}, "asked": parameters}

    clock = FakeClock()
    inquiry = Probe(clock=clock)
    reply = await inquiry(operation, QueueUrl="x")
    assert not isinstance(reply, Refusal)
    assert reply["asked"] == {"QueueUrl": "x"}
    told = datetime(2026, 11, 24, 14, 3, 52, tzinfo=UTC)
    assert inquiry.readings == [ClockReading(before=clock.now(), after=clock.now(), service=told)]


@pytest.mark.parametrize(("date", "readings"), [(DATE, 1), ("yesterday", 0)])
async def test_an_error_tells_the_time_too(date: str, readings: int) -> None:
    """A request that is refused for its time still tells which time it is; what is no date tells nothing."""

    def operation() -> Mapping[str, Any]:
        raise an_error("RequestTimeTooSkewed", date=date)

    inquiry = Probe(clock=FakeClock())
    refusal = await inquiry(operation)
    assert isinstance(refusal, Refusal)
    assert refusal.why is Why.CLOCK
    assert len(inquiry.readings) == readings
