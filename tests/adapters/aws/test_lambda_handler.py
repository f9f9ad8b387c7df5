"""The assembly behind Lambda: what is named in the reply comes again, and nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from linkhub_adapters.aws.lambda_handler import LambdaEventQueue, LambdaHandler
from linkhub_adapters.memory import MemoryAnnouncements, MemoryProductStore, MemoryStagingStore
from linkhub_core.application import AssembleBatch
from linkhub_core.errors import MalformedEvent, ServiceUnavailable
from linkhub_core.model import Kind, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import Delivery, EventQueue, StageOutcome, Unreadable
from linkhub_core.testing.builders import KEY, NOON, a_delivery, an_event
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


class _ProductStore(MemoryProductStore):
    """A store that is down for one video."""

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        if any(key.video_id == "down" for key in keys):
            raise ServiceUnavailable("DynamoDB", "throttled")
        return await super().find(keys)


@define
class _StagingStore(MemoryStagingStore):
    """A store that raises an unexpected error for some videos."""

    troubled: set[str] = field(factory=set)

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        if any(half.key.video_id in self.troubled for half in halves):
            raise RuntimeError("unexpected")
        return await super().stage(halves, slack=slack)


@define(eq=False)
class _Function:
    """A Lambda function on memory stores, with real queues for its dead letters."""

    fixture: QueueFixture
    products: _ProductStore = field(factory=_ProductStore)
    staging: _StagingStore = field(factory=_StagingStore)
    journal: MemoryJournal = field(factory=MemoryJournal)
    handler: LambdaHandler = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.handler = LambdaHandler(
            queues=self.fixture.queues,
            dead_letter_writer=self.fixture.dead_letter_writer,
            journal=self.journal,
            assembly=self._assembly,
        )

    def _assembly(self, queue: EventQueue) -> AssembleBatch:
        return AssembleBatch(
            queue=queue,
            products=self.products,
            staging=self.staging,
            notifier=MemoryAnnouncements(),
            journal=self.journal,
            clock=FakeClock(),
            staging_ttl=timedelta(days=1),
            jitter=lambda: 0,
        )

    def __call__(self, *records: Mapping[str, Any]) -> list[str]:
        """Invoke it; gives the message ids that its reply names."""
        reply = self.handler({"Records": list(records)}, object())
        return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]

    def record(
        self, message_id: str, body: str, kind: Kind = Kind.CAPTION, *, group: str | None = None
    ) -> dict[str, Any]:
        """A record as Lambda hands it over; one of a FIFO queue has a group."""
        return {
            "messageId": message_id,
            "receiptHandle": f"receipt of {message_id}",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "2",
                "SentTimestamp": str(int(NOON.timestamp() * 1000)),
                "SenderId": "AIDA",
                "ApproximateFirstReceiveTimestamp": "1523232000001",
                **({"MessageGroupId": group} if group else {}),
            },
            "messageAttributes": {
                "correlationId": {
                    "stringValue": "c-1",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                },
                "picture": {"binaryValue": "AA==", "dataType": "Binary"},
            },
            "md5OfBody": "...",
            "eventSource": "aws:sqs",
            "eventSourceARN": self.fixture.queues[kind].arn,
            "awsRegion": "us-east-1",
        }


@pytest.fixture
def function(make_sqs_client: Callable[[], "SQSClient"]) -> Iterator[_Function]:
    """A function, freshly loaded."""
    loaded = _Function(QueueFixture.create(make_sqs_client()))
    yield loaded
    loaded.handler.close()


def _event(kind: Kind = Kind.CAPTION, **fields: Any) -> str:
    return json.dumps(an_event(kind, **fields))


def test_two_events_of_one_container_become_a_product(function: _Function) -> None:
    """The halves come in events of their own, as a source has one queue; nothing is named in either reply."""
    assert function(function.record("m1", _event())) == []
    assert list(function.staging.rows) == [KEY]
    assert function(function.record("m2", _event(Kind.THUMBNAIL), Kind.THUMBNAIL)) == []
    assert (list(function.products.rows), list(function.staging.rows)) == ([KEY], [])


def test_garbage_goes_to_the_dead_letters_and_its_mates_go_on(function: _Function) -> None:
    """The reply names neither: the one is a letter with its reason, the other is in staging."""
    assert function(function.record("m1", "not JSON"), function.record("m2", _event())) == []
    [letter] = function.fixture.lease(function.fixture.queues[Kind.CAPTION].dead_letter_url)
    assert letter["Body"] == "not JSON"
    origin = json.loads(letter["MessageAttributes"]["linkhubOrigin"]["StringValue"])
    assert (origin["messageId"], origin["receiveCount"]) == ("m1", 2)
    assert list(function.staging.rows) == [KEY]


def test_what_was_given_back_is_named(function: _Function) -> None:
    """A store that does not answer keeps a batch from being worked on: all of it comes again, and then goes through."""
    bodies = [_event(video_id="a"), _event(video_id="down"), "not JSON"]
    records = [function.record(f"m{number}", body) for number, body in enumerate(bodies)]
    assert function(*records) == ["m0", "m1"]
    assert function(records[0]) == []


def test_poison_and_trouble_and_good_ones_in_one_event(function: _Function) -> None:
    """The poison is buried with its reason, the good become a product, and only what met trouble comes again."""
    records = [
        function.record("poison", _event(price="cheap")),
        function.record("caption", _event()),
        function.record("wrapped", json.dumps({"Type": "Notification", "Message": "not JSON"})),
        function.record("thumbnails", _event(Kind.THUMBNAIL), Kind.THUMBNAIL),
        function.record("trouble", _event(video_id="a")),
    ]
    function.staging.troubled = {"a"}
    assert function(*records) == ["trouble"]
    letters = function.fixture.lease(function.fixture.queues[Kind.CAPTION].dead_letter_url)
    assert sorted(letter["Body"] for letter in letters) == sorted([records[0]["body"], records[2]["body"]])
    assert (list(function.products.rows), list(function.staging.rows)) == ([KEY], [])
    function.staging.troubled = set()
    assert function(records[-1]) == []
    assert [key.video_id for key in function.staging.rows] == ["a"]


def test_a_fifo_group_comes_again_from_its_first_failure_on(function: _Function) -> None:
    """Messages before it and of other groups are not named; those after it are, except dead letters."""
    function.staging.troubled = {"b"}
    records = [
        function.record("before", _event(video_id="a"), group="one"),
        function.record("fails", _event(video_id="b"), group="one"),
        function.record("other", _event(video_id="c"), group="two"),
        function.record("poison", "not JSON", group="one"),
        function.record("after", _event(video_id="d"), group="one"),
        function.record("no-group", _event(video_id="e")),
    ]
    assert function(*records) == ["fails", "after"]
    function.staging.troubled = set()
    assert function(records[1], records[4]) == []
    assert sorted(key.video_id for key in function.staging.rows) == ["a", "b", "c", "d", "e"]
    assert len(function.fixture.lease(function.fixture.queues[Kind.CAPTION].dead_letter_url)) == 1


def test_dead_letters_that_cannot_be_reached_are_tried_again(function: _Function) -> None:
    """A message that could not be rejected is named, the others are not; the next attempt succeeds."""
    with inject(function.fixture.sqs, Fault.server_error(operation="SendMessageBatch")):
        assert function(function.record("m1", "not JSON"), function.record("m2", _event())) == ["m1"]
    assert function(function.record("m1", "not JSON")) == []


def test_what_was_buried_is_not_named_though_its_mates_are(function: _Function) -> None:
    """One of two letters is not taken: its message comes again, and the other one is not buried twice."""
    with inject(function.fixture.sqs, Fault.unserved(operation="SendMessageBatch", parts=(0,), times=5)):
        assert function(function.record("m1", "not JSON"), function.record("m2", "nor this")) == ["m1"]


def test_an_assembly_that_reaches_nothing_fails_all_of_it(function: _Function) -> None:
    """Messages without an outcome are named, and the journal has the reason."""

    async def assemble(_: Sequence[Delivery]) -> None:
        raise ServiceUnavailable("DynamoDB", "down")

    function.handler.assembly = lambda _: assemble
    assert function(function.record("m1", "not JSON"), function.record("m2", _event())) == ["m1", "m2"]
    [entry] = function.journal.of(ActivityFailed)
    assert (entry.activity, entry.problem) == ("assemble", "DynamoDB is unavailable: down")


def test_an_unknown_queue_fails_the_event(function: _Function) -> None:
    """A source that was wired to the wrong function is seen at once, and its messages are kept."""
    record = function.record("m1", _event()) | {"eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:other"}
    with pytest.raises(MalformedEvent, match="eventSourceARN: is arn:aws:sqs:us-east-1:000000000000:other"):
        function(record)


def test_attributes_that_are_text_come_along(function: _Function) -> None:
    """The correlation id leads from the message to the row."""
    function(function.record("m1", _event()))
    assert function.staging.rows[KEY].origin.correlation_id == "c-1"


async def test_records_are_received_once_and_named_until_settled(function: _Function) -> None:
    """The queue of one event: releasing and extending change nothing, whatever is settled."""
    deliveries: list[Delivery] = [a_delivery()]
    queue = LambdaEventQueue(deliveries=deliveries, dead_letter_writer=function.fixture.dead_letter_writer)
    assert [await queue.receive(), await queue.receive()] == [deliveries, []]
    await queue.extend(deliveries)
    await queue.release(deliveries, 5)
    assert queue.failed == ["m-1"]
    await queue.acknowledge(deliveries)
    await queue.release(deliveries, 5)
    assert queue.failed == []


@pytest.mark.parametrize(
    "event",
    [
        {"key1": "value1", "key2": "value2", "key3": "value3"},
        {},
        {"Records": []},
        {"Records": None},
        {"Records": {"0": {}}},
        [],
        None,
        "event",
    ],
    ids=str,
)
def test_the_test_event_of_the_console_is_answered_clearly(function: _Function, event: Any) -> None:
    """It has no records of a queue: the error names `Records` and says what to test with, and nothing is deleted."""
    with pytest.raises(MalformedEvent) as malformed:
        function.handler(event, None)
    (fault,) = malformed.value.faults
    assert fault.field == "Records"
    assert "In the Lambda console, test with the template SQS" in fault.problem


@pytest.mark.parametrize("record", [{"eventSource": "aws:s3", "s3": {}}, {"eventSourceARN": ["arn"]}, "text", None])
def test_a_record_of_another_source_is_answered_clearly(function: _Function, record: Any) -> None:
    """The error names what the record says of its queue, and the queues that there are."""
    with pytest.raises(MalformedEvent, match=r"Records\[\].eventSourceARN"):
        function.handler({"Records": [record]}, None)
