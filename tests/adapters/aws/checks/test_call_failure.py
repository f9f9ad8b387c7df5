"""Each error of botocore has one meaning, which keeps its text and the action that was denied."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.checks import CallFailure, FailureKind
from linkhub_adapters.aws.checks.call_failure import failure_of
from linkhub_adapters.aws.checks.check_result import Advice, of_failure
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict


def an_error(code: str, message: str = "") -> ClientError:
    """The exception of botocore for a reply that is an error."""
    reply: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(reply, "GetQueueUrl")


def failure(error: Exception) -> CallFailure:
    """The failure that a call reports if botocore raises ``error``."""

    def operation() -> None:
        raise error

    with pytest.raises(LinkhubError) as raised:
        AwsCalls(service="SQS").now(operation)
    return failure_of(raised.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (botocore.EndpointConnectionError(endpoint_url="http://x"), FailureKind.UNREACHABLE),
        (botocore.ConnectTimeoutError(endpoint_url="http://x"), FailureKind.UNREACHABLE),
        (botocore.ReadTimeoutError(endpoint_url="http://x"), FailureKind.UNREACHABLE),
        (botocore.NoCredentialsError(), FailureKind.CREDENTIALS),
        (botocore.PartialCredentialsError(provider="env", cred_var="X"), FailureKind.CREDENTIALS),
        (botocore.UnauthorizedSSOTokenError(), FailureKind.CREDENTIALS),
        (botocore.ParamValidationError(report="x"), FailureKind.OTHER),
        (ResponseParserError("not XML"), FailureKind.WRONG_SERVICE),
        (an_error("404"), FailureKind.WRONG_SERVICE),
        (an_error("ExpiredTokenException"), FailureKind.CREDENTIALS),
        (an_error("SignatureDoesNotMatch", "The request signature we calculated"), FailureKind.CREDENTIALS),
        (an_error("SignatureDoesNotMatch", "Signature expired: 20261124T1 is now earlier than"), FailureKind.CLOCK),
        (an_error("InvalidSignatureException", "Signature not yet current: 20261124T1"), FailureKind.CLOCK),
        (an_error("RequestTimeTooSkewed"), FailureKind.CLOCK),
        (an_error("AccessDenied"), FailureKind.DENIED),
        (an_error("AuthorizationError"), FailureKind.DENIED),
        (an_error("ResourceNotFoundException"), FailureKind.MISSING),
        (an_error("AWS.SimpleQueueService.NonExistentQueue"), FailureKind.MISSING),
        (an_error("NotFound"), FailureKind.MISSING),
        (an_error("UnknownOperationException"), FailureKind.UNSUPPORTED),
        (an_error("ThrottlingException"), FailureKind.OTHER),
    ],
    ids=lambda value: value.name if isinstance(value, FailureKind) else str(value)[:40],
)
def test_an_error_has_one_meaning(error: Exception, kind: FailureKind) -> None:
    """The text of the error is kept."""
    found = failure(error)
    assert found.kind is kind
    assert found.problem


@pytest.mark.parametrize(
    ("kind", "is_needed", "verdict"),
    [
        (FailureKind.UNREACHABLE, False, Verdict.FAULT),
        (FailureKind.CREDENTIALS, False, Verdict.FAULT),
        (FailureKind.WRONG_SERVICE, False, Verdict.FAULT),
        (FailureKind.OTHER, False, Verdict.FAULT),
        (FailureKind.DENIED, True, Verdict.FAULT),
        (FailureKind.DENIED, False, Verdict.NOT_CHECKED),
        (FailureKind.UNSUPPORTED, True, Verdict.NOT_CHECKED),
        (FailureKind.CLOCK, True, Verdict.NOT_CHECKED),
    ],
)
def test_the_verdict_follows_from_the_kind(kind: FailureKind, is_needed: bool, verdict: Verdict) -> None:
    """A call that only the check makes leaves a question open; a call that linkhub makes is a fault."""
    result = of_failure("queue x", CallFailure(kind=kind, code="Code", problem="p"), arn="arn:x", is_needed=is_needed)
    assert result.verdict is verdict
    assert result.advice or verdict is Verdict.NOT_CHECKED


def test_a_denial_names_the_action_and_the_resource() -> None:
    """Both are in the text, and as data for the statement that allows it."""
    result = of_failure("queue x", failure(an_error("AccessDenied")), arn="arn:x", is_needed=True)
    assert result.seen == "sqs:GetQueueUrl on arn:x is denied"
    assert result.failure is not None
    assert (result.advice, result.failure.action, result.details) == (Advice.ALLOW, "sqs:GetQueueUrl", "arn:x")
