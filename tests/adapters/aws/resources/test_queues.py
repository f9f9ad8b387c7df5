"""A queue and its dead-letter queue are made as they are defined; what is there is mended where that is safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from attrs import evolve

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Queue
from linkhub_adapters.aws.resources.difference import Remedy
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, TLS_ONLY, with_tls_only
from linkhub_adapters.aws.resources.queue_differences import FoundQueue, dead_letter_differences, queue_differences
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.sqs.find_queues import FindQueues
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws

KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd"


@pytest.fixture
def sqs(make_sqs_client: Callable[[], SQSClient]) -> SQSClient:
    """A client of the test server."""
    return make_sqs_client()


@pytest.fixture
def queues(sqs: SQSClient) -> Iterator[SqsQueues]:
    """Provisions queues there."""
    with ThreadPoolExecutor(2, "queues") as threads:
        yield SqsQueues(sqs=sqs, calls=AwsCalls(service="SQS", executor=threads))


@pytest.fixture(params=["", ".fifo"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """A queue of either sort, under a name of its own."""
    return Queue(kind=Kind.CAPTION, name=f"captions-{uuid4().hex[:12]}{request.param}")


async def _ensure(queues: SqsQueues, queue: Queue) -> list[Provisioned]:
    return [outcome async for outcome in queues.ensure(queue)]


def _attributes(sqs: SQSClient, url: str) -> Mapping[str, str]:
    return {str(k): v for k, v in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].items()}


def _make(sqs: SQSClient, name: str, **attributes: str) -> str:
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    typed: Any = {**fifo, **attributes}
    return sqs.create_queue(QueueName=name, Attributes=typed)["QueueUrl"]


def _arn(sqs: SQSClient, url: str) -> str:
    return _attributes(sqs, url)["QueueArn"]


async def test_both_are_made_as_they_are_defined(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """Every attribute of the definition is that of the queue; its redrive policy leads to the other one."""
    dead, main = await _ensure(queues, queue)
    assert [(outcome.resource, outcome.name, outcome.status) for outcome in (dead, main)] == [
        ("dead-letter queue", queue.dead_letter_name, Status.MADE),
        ("queue", queue.name, Status.MADE),
    ]
    for outcome, wanted in ((dead, queue.dead_letter_attributes), (main, queue.attributes)):
        found = _attributes(sqs, outcome.address)
        assert {name: found[name].lower() for name in wanted} == {name: str(v).lower() for name, v in wanted.items()}
        [statement] = json.loads(found["Policy"])["Statement"]
        assert (statement["Sid"], statement["Resource"]) == (TLS_ONLY, found["QueueArn"])
    allowed = json.loads(_attributes(sqs, dead.address)["RedriveAllowPolicy"])
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": [_arn(sqs, main.address)]}
    known = FindQueues(sqs=sqs, calls=AwsCalls(service="SQS"))({Kind.CAPTION: main.address})[Kind.CAPTION]
    assert (known.dead_letter_url, known.max_receive_count) == (dead.address, 20)


async def test_again_it_does_nothing(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """The second time neither queue is changed, and both have the same addresses."""
    first = await _ensure(queues, queue)
    queues.calls.counts.clear()
    second = await _ensure(queues, queue)
    assert [outcome.status for outcome in second] == [Status.UNCHANGED, Status.UNCHANGED]
    assert [outcome.address for outcome in second] == [outcome.address for outcome in first]
    assert set(queues.calls.counts) == {"get_queue_url", "get_queue_attributes"}


async def test_what_falls_short_is_raised(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """An absent policy is set, and a short time is raised: each change is reported with the value before."""
    url = _make(sqs, queue.name, VisibilityTimeout="10", MessageRetentionPeriod="3600")
    dead, main = await _ensure(queues, queue)
    assert (dead.status, main.status) == (Status.MADE, Status.CHANGED)
    found = _attributes(sqs, url)
    assert (found["VisibilityTimeout"], found["MessageRetentionPeriod"]) == ("30", "1209600")
    assert json.loads(found["RedrivePolicy"])["deadLetterTargetArn"] == _arn(sqs, dead.address)
    assert main.changes[0].startswith("RedrivePolicy was absent, is {")
    assert main.changes[1:] == [
        "MessageRetentionPeriod was 3600, is 1209600",
        "VisibilityTimeout was 10, is 30",
        f"Policy was without {TLS_ONLY}, is with {TLS_ONLY}",
    ]
    assert [outcome.status for outcome in await _ensure(queues, queue)] == [Status.UNCHANGED, Status.UNCHANGED]


async def test_what_is_more_is_kept(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """The policy of another owner and a longer time-out stay; a low maxReceiveCount is a note."""
    secure = with_tls_only(None, ALL_OF_SQS, "*")
    theirs = _make(sqs, queue.name.replace("captions", "theirs"), MessageRetentionPeriod="1209600", Policy=secure)
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, theirs), "maxReceiveCount": "3"})
    url = _make(
        sqs,
        queue.name,
        VisibilityTimeout="600",
        MessageRetentionPeriod="1209600",
        RedrivePolicy=policy,
        Policy=secure,
    )
    before = _attributes(sqs, url)
    dead, main = await _ensure(queues, queue)
    assert (dead.address, dead.status, main.status) == (theirs, Status.UNCHANGED, Status.UNCHANGED)
    assert _attributes(sqs, url) == before
    assert "maxReceiveCount is 3, linkhub's is 20" in main.notes[0]


async def test_a_dead_letter_queue_that_is_gone_is_made_again(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """The policy may name a queue that was deleted: it is made again under that name."""
    first, _ = await _ensure(queues, queue)
    sqs.delete_queue(QueueUrl=first.address)
    dead, main = await _ensure(queues, queue)
    assert (dead.name, dead.status, main.status) == (queue.dead_letter_name, Status.MADE, Status.UNCHANGED)


async def test_a_policy_of_the_dead_letters_is_a_note(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """Dead letters that are often read would move on: that is a note."""
    dead, _ = await _ensure(queues, queue)
    further = _make(sqs, queue.name.replace("captions", "further"))
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, further), "maxReceiveCount": "3"})
    sqs.set_queue_attributes(QueueUrl=dead.address, Attributes={"RedrivePolicy": policy})
    outcome, _ = await _ensure(queues, queue)
    assert outcome.status is Status.UNCHANGED
    assert "has a redrive policy of its own" in outcome.notes[0]


async def test_what_plain_queues_lack_is_a_note(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """A queue without encryption is left without it, for its other users' sake, and that is said."""
    _make(sqs, queue.name, SqsManagedSseEnabled="false")
    _, main = await _ensure(queues, queue)
    assert any("does not encrypt" in note for note in main.notes)


@pytest.mark.parametrize("refused", [1, 2])
async def test_a_failure_is_reported_and_mended_by_the_next_run(
    sqs: SQSClient, queues: SqsQueues, queue: Queue, refused: int
) -> None:
    """If SQS denies one of the two queues, both outcomes name their queues; the next run makes the missing one."""
    denied = Fault.client_error(operation="CreateQueue", code="AccessDenied", status=403, skip=refused - 1)
    with inject(sqs, denied):
        dead, main = await _ensure(queues, queue)
    assert main.status is Status.FAILED
    assert dead.status is (Status.FAILED if refused == 1 else Status.MADE)
    assert [outcome.status for outcome in await _ensure(queues, queue)][1] is Status.MADE


async def test_tls_is_added_to_the_policy_that_is_there(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """The statement that lets another service send stays as it is."""
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    url = _make(sqs, queue.name, Policy=json.dumps({"Version": "2008-10-17", "Id": "x", "Statement": theirs}))
    await _ensure(queues, queue)
    policy = json.loads(_attributes(sqs, url)["Policy"])
    assert (policy["Version"], policy["Id"], policy["Statement"][0]) == ("2008-10-17", "x", theirs)
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Theirs", TLS_ONLY]
    assert [outcome.status for outcome in await _ensure(queues, queue)] == [Status.UNCHANGED, Status.UNCHANGED]


async def test_both_use_the_key_of_the_plan(sqs: SQSClient, queues: SqsQueues, queue: Queue) -> None:
    """Queues that were made without it get it; then SQS's own encryption is off, and nothing is changed again."""
    await _ensure(queues, queue)
    encrypted = evolve(queue, kms_key_arn=KEY)
    outcomes = await _ensure(queues, encrypted)
    assert [outcome.changes for outcome in outcomes] == [[f"KmsMasterKeyId was absent, is {KEY}"]] * 2
    for outcome in outcomes:
        found = _attributes(sqs, outcome.address)
        assert (found["KmsMasterKeyId"], found["SqsManagedSseEnabled"].lower()) == (KEY, "false")
    assert [outcome.status for outcome in await _ensure(queues, encrypted)] == [Status.UNCHANGED, Status.UNCHANGED]


# --- differences, from replies


DAY_SECONDS = 86_400
ARN = "arn:aws:sqs:eu-west-1:1"
PLAN = Queue(kind=Kind.CAPTION, name="caption")
SECURE = with_tls_only(None, ALL_OF_SQS, "*")


def _found(*, receives: int = 20, kept_days: int = 14, hidden: int = 30, **different: str) -> FoundQueue:
    policy = {"deadLetterTargetArn": f"{ARN}:dead", "maxReceiveCount": receives}
    attributes = {
        "QueueArn": f"{ARN}:caption",
        "MessageRetentionPeriod": str(kept_days * DAY_SECONDS),
        "VisibilityTimeout": str(hidden),
        "DelaySeconds": "0",
        "RedrivePolicy": json.dumps(policy),
        "Policy": SECURE,
        **different,
    }
    return FoundQueue(url="https://sqs/1/caption", attributes=attributes, dead_letters=_dead())


def _dead(*, kept_days: int = 14, **different: str) -> FoundQueue:
    attributes = {
        "QueueArn": f"{ARN}:dead",
        "MessageRetentionPeriod": str(kept_days * DAY_SECONDS),
        "Policy": SECURE,
        **different,
    }
    return FoundQueue(url="https://sqs/1/dead", attributes=attributes)


@pytest.mark.parametrize(
    ("found", "verdict", "remedy", "problem"),
    [
        (_found(RedrivePolicy=""), Verdict.FAULT, Remedy.APPLY, "it has no redrive policy"),
        (
            evolve(_found(), dead_letters=None),
            Verdict.FAULT,
            Remedy.APPLY,
            "its dead-letter queue dead does not exist",
        ),
        (_found(receives=2), Verdict.FAULT, Remedy.DECIDE, "its maxReceiveCount is 2"),
        (_found(receives=3), Verdict.WARNING, Remedy.DECIDE, "its maxReceiveCount is 3"),
        (_found(receives=10), Verdict.OK, Remedy.DECIDE, "its maxReceiveCount is 10"),
        (_found(kept_days=4), Verdict.OK, Remedy.APPLY, "its messages are kept 345,600 s"),
        (_found(kept_days=3), Verdict.WARNING, Remedy.APPLY, "its messages are kept 259,200 s"),
        (_found(hidden=29), Verdict.WARNING, Remedy.APPLY, "its visibility time-out is 29 s"),
        (_found(DelaySeconds="5"), Verdict.WARNING, Remedy.DECIDE, "it delays each message by 5 s"),
        (_found(SqsManagedSseEnabled="false"), Verdict.WARNING, Remedy.DECIDE, "caption does not encrypt"),
        (_found(Policy=""), Verdict.WARNING, Remedy.APPLY, "caption allows requests without TLS"),
    ],
)
def test_each_difference_of_a_queue_is_found_alone(
    found: FoundQueue, verdict: Verdict, remedy: Remedy, problem: str
) -> None:
    """It says how bad it is and whether provisioning removes it; its calls do."""
    assert queue_differences(PLAN, _found(hidden=600)) == []
    (difference,) = queue_differences(PLAN, found)
    assert (difference.verdict, difference.remedy) == (verdict, remedy)
    assert difference.problem.startswith(problem)
    assert difference.calls


@pytest.mark.parametrize(
    ("dead_letters", "verdict", "problem"),
    [
        (_dead(kept_days=3), Verdict.FAULT, "its dead letters are kept 259,200 s, its messages 345,600 s"),
        (_dead(kept_days=4), Verdict.OK, "its dead letters are kept 345,600 s"),
        (_dead(RedrivePolicy='{"maxReceiveCount": 3}'), Verdict.WARNING, "dead has a redrive policy of its own"),
        (_dead(SqsManagedSseEnabled="false"), Verdict.WARNING, "dead does not encrypt"),
        (_dead(Policy=""), Verdict.WARNING, "dead allows requests without TLS"),
        (_dead(RedriveAllowPolicy='{"redrivePermission":"denyAll"}'), Verdict.WARNING, "dead does not allow caption"),
    ],
)
def test_each_difference_of_dead_letters_is_found_alone(
    dead_letters: FoundQueue, verdict: Verdict, problem: str
) -> None:
    """They are kept at least as long as messages, which SQS counts from the first sending."""
    kept = 4 * DAY_SECONDS
    assert dead_letter_differences(PLAN, _dead(), source_arn=f"{ARN}:caption", messages_kept_seconds=kept) == []
    (difference,) = dead_letter_differences(PLAN, dead_letters, source_arn=f"{ARN}:caption", messages_kept_seconds=kept)
    assert difference.verdict is verdict
    assert difference.problem.startswith(problem)


def test_a_key_of_kms_encrypts_as_well() -> None:
    """Then SQS's own encryption is off, and that is as good."""
    assert queue_differences(PLAN, _found(SqsManagedSseEnabled="false", KmsMasterKeyId="alias/x")) == []


def test_queues_that_may_use_a_dead_letter_queue_are_kept() -> None:
    """Where single queues are allowed, this one is added; the one of linkhub's name is closed to all others."""
    theirs = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}:theirs"]})
    own = evolve(_dead(), url=f"https://sqs/1/{PLAN.dead_letter_name}")
    for dead_letters, sources, verdict in (
        (_dead(RedriveAllowPolicy=theirs), [f"{ARN}:theirs", f"{ARN}:caption"], Verdict.WARNING),
        (own, [f"{ARN}:caption"], Verdict.OK),
    ):
        (difference,) = dead_letter_differences(
            PLAN, dead_letters, source_arn=f"{ARN}:caption", messages_kept_seconds=1
        )
        assert json.loads(difference.wanted) == {"redrivePermission": "byQueue", "sourceQueueArns": sources}
        assert (difference.remedy, difference.verdict) == (Remedy.APPLY, verdict)


def test_the_key_of_another_owner_is_kept() -> None:
    """It is a warning with its call, and a note of provisioning; the key of the plan may be reported by its id."""
    plan = evolve(PLAN, kms_key_arn=KEY)
    (difference,) = queue_differences(plan, _found(KmsMasterKeyId="alias/theirs"))
    assert (difference.verdict, difference.remedy) == (Verdict.WARNING, Remedy.DECIDE)
    for key in (KEY, KEY.rpartition("/")[2]):
        assert queue_differences(plan, _found(KmsMasterKeyId=key)) == []


def test_no_difference_hides_another() -> None:
    """All are found together."""
    found = _found(receives=1, kept_days=1, hidden=1, DelaySeconds="5")
    assert [difference.verdict for difference in queue_differences(PLAN, found)] == [
        Verdict.FAULT,
        *[Verdict.WARNING] * 3,
    ]


def test_dead_letters_are_kept_longer_first() -> None:
    """Else they would be kept shorter than messages between the two calls."""
    found = evolve(_found(kept_days=1), dead_letters=_dead(kept_days=1))
    (difference,) = queue_differences(PLAN, found)
    assert [call.parameters["QueueUrl"] for call in difference.calls] == ["https://sqs/1/dead", found.url]
