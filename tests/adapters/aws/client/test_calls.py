"""Blocking calls, off the event loop."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_core.errors import ServiceUnavailable


async def test_a_call_does_not_run_on_the_event_loop() -> None:
    """It runs on a thread of the executor that was given, while the loop goes on."""
    loop_goes_on = threading.Event()

    def operation(*, answer: str) -> tuple[str, str]:
        assert loop_goes_on.wait(30)
        return answer, threading.current_thread().name

    with ThreadPoolExecutor(1, "calls") as executor:
        calling = asyncio.create_task(AwsCalls(service="SQS", executor=executor)(operation, answer="yes"))
        await asyncio.sleep(0)
        loop_goes_on.set()
        assert await calling == ("yes", "calls_0")


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "Throttled", "Message": "slow down"}}, "Publish"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
        ResponseParserError("not JSON"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_boto3_raises_is_translated_once(error: Exception) -> None:
    """The error keeps its text and its cause, and the call counts."""
    calls = AwsCalls(service="SNS")

    def operation() -> None:
        raise error

    with pytest.raises(ServiceUnavailable) as raised:
        calls.now(operation)
    assert (raised.value.service, raised.value.problem) == ("SNS", str(error))
    assert raised.value.__cause__ is error
    assert calls.counts == {"operation": 1}
    assert calls.failures == {"Throttled" if isinstance(error, ClientError) else type(error).__name__: 1}


def test_a_mistake_of_ours_is_not_hidden() -> None:
    """An error that is not boto3's is raised unchanged."""

    def operation() -> None:
        raise KeyError("Messages")

    with pytest.raises(KeyError):
        AwsCalls(service="SQS").now(operation)


def test_attempts_that_botocore_made_again_are_counted() -> None:
    """Also if the last attempt failed; a reply without metadata adds nothing."""
    calls = AwsCalls(service="SQS")
    metadata = {"ResponseMetadata": {"RetryAttempts": 2}}

    def operation(*, outcome: str) -> object:
        if outcome == "failed":
            raise ClientError({"Error": {"Code": "Throttled"}, **metadata}, "Send")  # type: ignore[typeddict-item]
        return metadata if outcome == "late" else {}

    assert calls.now(operation, outcome="late") == metadata
    with pytest.raises(ServiceUnavailable):
        calls.now(operation, outcome="failed")
    calls.now(operation, outcome="at once")
    assert calls.retries == {"operation": 4}


@pytest.mark.parametrize(
    ("code", "is_missing"), [("ResourceNotFoundException", True), ("AccessDeniedException", False)]
)
async def test_a_missing_resource_can_be_an_answer(code: str, is_missing: bool) -> None:
    """Only an error that says so is none; any other is raised."""

    def operation() -> str:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeTable")

    calls = AwsCalls(service="DynamoDB")
    if is_missing:
        assert await calls.unless_missing(operation) is None
    else:
        with pytest.raises(ServiceUnavailable):
            await calls.unless_missing(operation)
