"""A rejected message takes its reason along, whatever its size, and is read back."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.aws.sqs.dead_letter_format import (
    FAULTS_ATTRIBUTE,
    ORIGIN_ATTRIBUTE,
    dead_letter_attributes,
    read_dead_letter,
)
from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterQueue
from linkhub_adapters.aws.sqs.messages import message_bytes, typed_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery, Rejection
from linkhub_core.testing.builders import NOON, a_delivery

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_QUEUE = SqsQueue(
    kind=Kind.CAPTION,
    url="https://sqs.eu-west-1.amazonaws.com/123456789012/captions",
    arn="arn:aws:sqs:eu-west-1:123456789012:captions",
    dead_letter_url="https://sqs.eu-west-1.amazonaws.com/123456789012/captions-dead",
    max_message_bytes=2_000,
    max_receive_count=5,
)
_BOX = DeadLetterQueue(url=_QUEUE.dead_letter_url, sources=[_QUEUE], queues=[_QUEUE])
_LATER = NOON + timedelta(minutes=1)
_SENT_MS = str(int(NOON.timestamp() * 1000))


def _message(body: str, attributes: dict[str, str]) -> "MessageTypeDef":
    """A message received from the dead-letter queue."""
    typed: Any = typed_attributes(attributes)
    return {
        "MessageId": "letter",
        "ReceiptHandle": "r",
        "Body": body,
        "Attributes": {"SentTimestamp": _SENT_MS, "ApproximateReceiveCount": "1"},
        "MessageAttributes": typed,
    }


def _rejected(delivery: Delivery, *faults: Fault) -> dict[str, str]:
    return dict(dead_letter_attributes(Rejection(delivery=delivery, faults=faults), _QUEUE, _LATER))


def test_a_letter_reads_back_as_it_was_rejected() -> None:
    """Reason, field, message id, times, count and attributes all come back."""
    delivery = a_delivery(body="{}", receive_count=3)
    faults = (Fault("title", "is missing"), Fault("", "lone \ud800 surrogate"))
    letter = read_dead_letter(_BOX, _message("{}", _rejected(delivery, *faults)))
    assert letter.letter_id == "letter"
    assert (letter.kind, letter.body, letter.faults) == (Kind.CAPTION, "{}", faults)
    assert (letter.message_id, letter.receive_count) == ("m-1", 3)
    assert (letter.sent_at, letter.rejected_at) == (NOON, _LATER)
    assert letter.attributes == delivery.attributes


def test_the_attributes_name_the_source_queue() -> None:
    """An operator who looks with other tools sees where a letter is from."""
    origin = json.loads(_rejected(a_delivery())[ORIGIN_ATTRIBUTE])
    assert origin["queue"] == "captions"


def test_ten_attributes_of_its_own_stay_with_the_message() -> None:
    """SQS takes ten in all: two of them move into the origin, and come back from there."""
    own = {f"a{number}": str(number) for number in range(10)}
    attributes = _rejected(evolve(a_delivery(body="{}"), attributes=own))
    assert len(attributes) == 10
    assert read_dead_letter(_BOX, _message("{}", attributes)).attributes == own


def test_a_dead_letter_that_is_rejected_again_has_its_newest_reason() -> None:
    """A letter that was moved back by other means brings our old attributes along; they are replaced."""
    first = _rejected(a_delivery(body="{}"), Fault("title", "is missing"))
    second = _rejected(evolve(a_delivery(body="{}"), attributes=first), Fault("price", "is negative"))
    letter = read_dead_letter(_BOX, _message("{}", second))
    assert (letter.faults, letter.attributes) == ((Fault("price", "is negative"),), {"correlationId": "c-1"})


def test_faults_that_do_not_fit_are_counted() -> None:
    """As many as there is room for are listed, and the number of the others."""
    faults = [Fault(f"tags[{number}]", "is too long") for number in range(5_000)]
    letter = read_dead_letter(_BOX, _message("{}", _rejected(a_delivery(body="{}"), *faults)))
    listed = len(letter.faults) - 1
    assert listed > 10
    assert list(letter.faults) == [*faults[:listed], Fault("", f"and {5_000 - listed:,} more")]


@given(
    body=st.integers(min_value=0, max_value=_QUEUE.max_message_bytes),
    faults=st.lists(st.builds(Fault, st.text(max_size=400), st.text(max_size=400)), max_size=30),
    attributes=st.dictionaries(st.text("abc", min_size=1), st.text("é", min_size=1), max_size=10),
)
def test_a_letter_always_fits(body: int, faults: list[Fault], attributes: dict[str, str]) -> None:
    """Any message of the queue fits into its dead-letter queue, and can be read there."""
    delivery = evolve(a_delivery(body="x" * body), attributes=attributes)
    limit = max(_QUEUE.max_message_bytes, message_bytes(delivery.body, delivery.attributes))
    sent = _rejected(delivery, *faults)
    assert message_bytes(delivery.body, sent) <= limit
    assert len(sent) <= 10
    assert read_dead_letter(_BOX, _message(delivery.body, sent)).attributes == attributes


def test_a_dead_letter_that_sqs_moved_says_so() -> None:
    """The redrive policy leaves no reason: how often it was delivered is the reason."""
    letter = read_dead_letter(_BOX, _message("{}", {"correlationId": "c-1"}))
    assert letter.faults == (Fault("", "was delivered 5 times and never acknowledged"),)
    assert (letter.message_id, letter.receive_count) == ("letter", 5)
    assert (letter.sent_at, letter.rejected_at) == (NOON, NOON)
    assert letter.attributes == {"correlationId": "c-1"}


def test_a_letter_without_room_for_a_reason_says_so() -> None:
    """A body that fills the queue's limit goes without a reason, which reading it back does not hide."""
    body = "x" * 1_990
    sent = _rejected(evolve(a_delivery(body=body), attributes={}), Fault("", "the body is not JSON"))
    assert sent == {}
    [fault] = read_dead_letter(_BOX, _message(body, sent)).faults
    assert "1,990 bytes leave no room for a reason" in fault.problem


def _forged(**different: Any) -> dict[str, str]:
    moment = NOON.isoformat()
    origin: dict[str, Any] = {"messageId": "m", "sentAt": moment, "rejectedAt": moment, "receiveCount": 1}
    return {FAULTS_ATTRIBUTE: "[]", ORIGIN_ATTRIBUTE: json.dumps({**origin, "attributes": {}, **different})}


@pytest.mark.parametrize(
    "forged",
    [
        {FAULTS_ATTRIBUTE: "not JSON", ORIGIN_ATTRIBUTE: "{}"},
        {FAULTS_ATTRIBUTE: "[]", ORIGIN_ATTRIBUTE: "[]"},
        {FAULTS_ATTRIBUTE: "[1]", ORIGIN_ATTRIBUTE: "{}"},
        {FAULTS_ATTRIBUTE: "[]", ORIGIN_ATTRIBUTE: '{"messageId": "m"}'},
        {FAULTS_ATTRIBUTE: "[]"},
        {FAULTS_ATTRIBUTE: "[" * 100_000 + "]" * 100_000, ORIGIN_ATTRIBUTE: "{}"},
        _forged(sentAt="2026-01-15"),
        _forged(rejectedAt="2026-01-15T12:00:00"),
        _forged(receiveCount=float("inf")),
        _forged(attributes={"no name": "x"}),
        _forged(attributes={"empty": ""}),
        _forged(attributes={f"a{number}": "x" for number in range(11)}),
    ],
    ids=range(12),
)
def test_attributes_that_we_did_not_make_do_not_hide_a_letter(forged: dict[str, str]) -> None:
    """Attributes that cannot be read count as absent."""
    letter = read_dead_letter(_BOX, _message("{}", forged))
    [fault] = letter.faults
    assert fault.problem.startswith("was delivered 5 times and never acknowledged")
    assert (letter.message_id, letter.sent_at, letter.attributes) == ("letter", NOON, {})
