"""A queue and its dead-letter queue are made as they are defined; what is there is mended where that is safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Queue
from linkhub_adapters.aws.resources.queue_provisioning import SqsProvisioning
from linkhub_adapters.aws.sqs.find_queues import FindQueues
from linkhub_core.model import Kind
from linkhub_core.ports.provisioned import Provisioned, Status
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
def sqs(make_sqs_client: Callable[[], SQSClient]) -> SQSClient:
    """A client of the test server."""
    return make_sqs_client()


@pytest.fixture
def provisioning(sqs: SQSClient) -> Iterator[SqsProvisioning]:
    """What provisions queues there."""
    with ThreadPoolExecutor(2, "queues") as threads:
        yield SqsProvisioning(sqs=sqs, calls=AwsCalls(service="SQS", executor=threads))


@pytest.fixture(params=["", ".fifo"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """A queue of either sort, under a name of its own."""
    return Queue(kind=Kind.CAPTION, name=f"captions-{uuid4().hex[:12]}{request.param}")


async def _ensure(provisioning: SqsProvisioning, queue: Queue) -> list[Provisioned]:
    return [told async for told in provisioning.ensure(queue)]


def _attributes(sqs: SQSClient, url: str) -> Mapping[str, str]:
    return {str(k): v for k, v in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].items()}


def _make(sqs: SQSClient, name: str, **attributes: str) -> str:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    typed: Any = {**fifo, **attributes}
    return sqs.create_queue(QueueName=name, Attributes=typed)["QueueUrl"]


def _arn(sqs: SQSClient, url: str) -> str:
    return _attributes(sqs, url)["QueueArn"]


async def test_both_are_made_as_they_are_defined(sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue) -> None:
    """Every attribute of the definition is that of the queue; its redrive policy leads to the other one."""
    dead, main = await _ensure(provisioning, queue)
    assert [(told.resource, told.name, told.status) for told in (dead, main)] == [
        ("dead-letter queue", queue.dead_letter_name, Status.MADE),
        ("queue", queue.name, Status.MADE),
    ]
    for told, wanted in ((dead, queue.dead_letter_attributes), (main, queue.attributes)):
        found = _attributes(sqs, told.address)
        assert {name: found[name].lower() for name in wanted} == {name: str(v).lower() for name, v in wanted.items()}
    known = FindQueues(sqs=sqs, calls=AwsCalls(service="SQS"))({Kind.CAPTION: main.address})[Kind.CAPTION]
    assert (known.dead_letter_url, known.max_receive_count) == (dead.address, 20)


async def test_again_it_does_nothing(sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue) -> None:
    """The second time neither queue is changed, and both are told at the same addresses."""
    first = await _ensure(provisioning, queue)
    provisioning.calls.counts.clear()
    second = await _ensure(provisioning, queue)
    assert [told.status for told in second] == [Status.UNCHANGED, Status.UNCHANGED]
    assert [told.address for told in second] == [told.address for told in first]
    assert set(provisioning.calls.counts) == {"get_queue_url", "get_queue_attributes"}


async def test_what_falls_short_is_raised(sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue) -> None:
    """A policy that is absent is set, and what is too short is raised: each change is told with what was before."""
    url = _make(sqs, queue.name, VisibilityTimeout="10", MessageRetentionPeriod="3600")
    dead, main = await _ensure(provisioning, queue)
    assert (dead.status, main.status) == (Status.MADE, Status.CHANGED)
    found = _attributes(sqs, url)
    assert (found["VisibilityTimeout"], found["MessageRetentionPeriod"]) == ("30", "1209600")
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"] == _arn(sqs, dead.address)
    assert main.changes[0] == "VisibilityTimeout was 10, is 30"
    assert main.changes[1] == "MessageRetentionPeriod was 3600, is 1209600"
    assert main.changes[2].startswith("RedrivePolicy was absent, is {")
    assert [told.status for told in await _ensure(provisioning, queue)] == [Status.UNCHANGED, Status.UNCHANGED]


async def test_what_is_more_is_kept(sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue) -> None:
    """A policy of somebody's and a longer time-out stay; that the policy gives up early is a note."""
    theirs = _make(sqs, queue.name.replace("captions", "theirs"), MessageRetentionPeriod="1209600")
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, theirs), "maxReceiveCount": "3"})
    url = _make(sqs, queue.name, VisibilityTimeout="600", MessageRetentionPeriod="1209600", RedrivePolicy=policy)
    before = _attributes(sqs, url)
    dead, main = await _ensure(provisioning, queue)
    assert (dead.address, dead.status, main.status) == (theirs, Status.UNCHANGED, Status.UNCHANGED)
    assert _attributes(sqs, url) == before
    assert "gives up after 3 receipts" in main.notes[0]


async def test_a_dead_letter_queue_that_is_gone_is_made_again(
    sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue
) -> None:
    """A policy may name a queue that somebody deleted: it is made under that very name."""
    first, _ = await _ensure(provisioning, queue)
    sqs.delete_queue(QueueUrl=first.address)
    dead, main = await _ensure(provisioning, queue)
    assert (dead.name, dead.status, main.status) == (queue.dead_letter_name, Status.MADE, Status.UNCHANGED)


async def test_a_policy_of_the_dead_letters_is_a_note(
    sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue
) -> None:
    """Letters that move on when they are looked at would be lost from sight: a person is told."""
    dead, _ = await _ensure(provisioning, queue)
    further = _make(sqs, queue.name.replace("captions", "further"))
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, further), "maxReceiveCount": "3"})
    sqs.set_queue_attributes(QueueUrl=dead.address, Attributes={"RedrivePolicy": policy})
    told, _ = await _ensure(provisioning, queue)
    assert told.status is Status.UNCHANGED
    assert "remove that policy" in told.notes[0]


async def test_what_plain_queues_lack_is_a_note(sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue) -> None:
    """A queue without encryption is left without it, for its other users' sake, and that is said."""
    _make(sqs, queue.name, SqsManagedSseEnabled="false")
    _, main = await _ensure(provisioning, queue)
    assert any("SqsManagedSseEnabled" in note for note in main.notes)


@pytest.mark.parametrize("refused", [1, 2])
async def test_a_failure_is_told_and_mended_by_the_next_run(
    sqs: SQSClient, provisioning: SqsProvisioning, queue: Queue, refused: int
) -> None:
    """Where SQS denies one of the two queues, both outcomes name their queues; the next run makes what is missing."""
    denied = Fault.client_error(operation="CreateQueue", code="AccessDenied", status=403, skip=refused - 1)
    with inject(sqs, denied):
        dead, main = await _ensure(provisioning, queue)
    assert main.status is Status.FAILED
    assert dead.status is (Status.FAILED if refused == 1 else Status.MADE)
    assert [told.status for told in await _ensure(provisioning, queue)][1] is Status.MADE
