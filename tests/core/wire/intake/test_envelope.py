"""Envelopes: which are taken off, how many, what they carry beside the event, and what is not taken for one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Caption, Kind, Note
from linkhub_core.testing.builders import NOON, a_caption, an_event
from linkhub_core.wire.codec import read_event
from linkhub_core.wire.intake import unwrap
from tests.core.event_bodies import body_of, decode, faults_of, notes_of, raw

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL
EVENT = an_event()
TEXT = body_of(EVENT)


def in_notification(message: object, **fields: object) -> str:
    """An SNS notification around a message."""
    return json.dumps({"Type": "Notification", "MessageId": "n-1", "Message": message, **fields})


def in_eventbridge(detail: object) -> str:
    """An EventBridge event around a detail."""
    return json.dumps({"version": "0", "detail-type": "CaptionParsed", "source": "ai.caption", "detail": detail})


def in_cloudevent(data: object) -> str:
    """A structured CloudEvent around data."""
    return json.dumps({"specversion": "1.0", "type": "t", "source": "/s", "id": "1", "data": data})


WRAPPED: list[str] = [
    in_notification(EVENT),
    in_notification(in_notification(TEXT)),
    in_notification(json.dumps({"default": TEXT})),
    in_notification(json.dumps({"default": "see sqs", "sqs": TEXT, "email": "hello"})),
    in_notification(json.dumps({"default": "see sqs", "sqs": EVENT})),
    in_notification(in_eventbridge(EVENT)),
    json.dumps({"detail-type": "Caption", "source": "aws.partner/ai.example/captions", "detail": EVENT}),
    in_notification(json.dumps(TEXT)),
    in_eventbridge(TEXT),
    in_eventbridge({"payload": EVENT}),
    in_cloudevent(TEXT),
    in_cloudevent([EVENT]),
    *(json.dumps({name: EVENT}) for name in ("payload", "data", "body", "message", "Payload", "Body")),
    *(json.dumps({name: TEXT, "id": 7}) for name in ("payload", "data", "body", "message")),
    json.dumps({"message": "see data", "data": TEXT}),
    json.dumps({"data": {"attributes": 1}, "body": {"message": TEXT}}),
    json.dumps({"Message": TEXT, "TopicArn": "arn"}),
    json.dumps(TEXT),
    json.dumps(json.dumps(json.dumps(TEXT))),
    json.dumps([TEXT]),
    json.dumps([[[[EVENT]]]]),
    "\ufeff" + in_notification(TEXT),
    "\ufeff" + json.dumps([EVENT]),
    in_notification("\ufeff" + json.dumps([EVENT])),
]


@pytest.mark.parametrize("body", WRAPPED, ids=lambda body: body[:60])
def test_an_event_is_taken_out_of_its_envelopes(body: str) -> None:
    """Wrapped and bare, it is the same half, and the whole body is noted."""
    assert decode(CAPTION, body) == decode(CAPTION, TEXT)
    assert notes_of(CAPTION, body) == {""} or body == in_notification(EVENT)


def test_one_notification_is_the_usual_way_and_is_not_noted() -> None:
    """From a topic to a queue."""
    assert decode(CAPTION, in_notification(TEXT)) == decode(CAPTION, TEXT)
    assert notes_of(CAPTION, in_notification(TEXT)) == set()
    inside = read_event(CAPTION, in_notification(json.dumps([EVENT])), NOON)
    assert inside.notes == (Note("", "list_of_one"),)


@pytest.mark.parametrize(
    "wrap",
    [
        in_notification,
        json.dumps,
        lambda text: json.dumps({"body": text}),
        lambda text: json.dumps({"data": json.loads(text)}),
    ],
)
def test_five_layers_are_too_many(wrap: Any) -> None:
    """Four are taken off."""
    body = TEXT
    for _ in range(4):
        body = wrap(body)
    assert decode(CAPTION, body) == decode(CAPTION, TEXT)
    assert set(faults_of(CAPTION, wrap(body))) == {""}


def test_an_object_with_a_video_id_is_the_event() -> None:
    """With any other fields."""
    other = an_event(title="Other")
    for extra in ({"data": other}, {"Type": "Notification", "Message": body_of(other)}, {"payload": other}):
        assert decode(CAPTION, json.dumps({**EVENT, **extra})) == decode(CAPTION, TEXT)


@pytest.mark.parametrize("price", ["123456789012.345678", "999999999999999.999999"])
@pytest.mark.parametrize("name", ["price", "Price"])
def test_a_price_stays_exact_in_every_envelope(price: str, name: str) -> None:
    """Also where the event is an object within an object, so that it has no text of its own."""
    event = an_event()
    del event["price"]
    text = body_of({**event, name: raw(price)})
    bodies = [text, f"[{text}]", f'{{"payload": {text}}}', json.dumps([text]), in_notification(f'{{"data": [{text}]}}')]
    for body in bodies:
        content = decode(CAPTION, body).content
        assert isinstance(content, Caption)
        assert content.price == Decimal(price)


@pytest.mark.parametrize("message", [None, 5, True])
def test_a_notification_must_carry_a_message(message: object) -> None:
    """Anything but text or an object in it is a fault of its Message."""
    assert list(faults_of(CAPTION, in_notification(message))) == ["Message"]


def test_a_notification_may_be_larger_than_an_event() -> None:
    """The event in it counts; the envelope has 1 MiB."""
    assert faults_of(CAPTION, in_notification(TEXT, Signature="s" * 500_000)) == {}
    assert list(faults_of(CAPTION, in_notification(TEXT, Signature="s" * 1024 * 1024))) == [""]
    large = body_of(an_event(filler="x" * 102_401))
    for body in (large, in_notification(large), f"[{large}]", json.dumps({"payload": json.loads(large)})):
        assert "102,400 are allowed" in faults_of(CAPTION, body)[""]


def test_an_event_that_speaks_of_notifications_is_an_event() -> None:
    """Only the Type of an object without an id makes a notification."""
    assert decode(CAPTION, body_of(an_event(title='"Notification"'))).content == a_caption(title='"Notification"')
    assert decode(CAPTION, body_of(an_event(tags=["Notification"]))).content == a_caption(tags=("Notification",))


def test_the_attributes_of_envelopes_are_read() -> None:
    """Text attributes come out by name, the outer ones first; what is no sound text is left out."""
    attributes: dict[str, Any] = {
        "correlationId": {"Type": "String", "Value": "c-7"},
        "broken": {"Type": "String", "Value": "\ud800"},
        "nul": {"Type": "String", "Value": "\0"},
        "number": {"Type": "Number", "Value": 7},
        "odd": "no object",
    }
    assert unwrap(in_notification(TEXT, MessageAttributes=attributes)).attributes == {"correlationId": "c-7"}
    inner = in_notification(
        TEXT, MessageAttributes={"correlationId": {"Value": "inner"}, "traceparent": {"Value": "t"}}
    )
    both = unwrap(in_notification(inner, MessageAttributes=attributes)).attributes
    assert both == {"correlationId": "c-7", "traceparent": "t"}
    assert unwrap(in_notification(TEXT, MessageAttributes=["none"])).attributes == {}
    traced = json.dumps({**json.loads(in_cloudevent(EVENT)), "traceparent": "00-1-2-01"})
    assert unwrap(traced).attributes == {"traceparent": "00-1-2-01"}
    assert unwrap(TEXT).attributes == {}


@pytest.mark.parametrize("kind", list(Kind))
def test_an_event_on_the_other_queue_is_taken_for_what_it_is(kind: Kind) -> None:
    """In any spelling of its names; where an event has the fields of both halves, the queue decides."""
    event = an_event(kind.partner)
    renamed = {name[0].upper() + name[1:] if "_" not in name else name: value for name, value in event.items()}
    for body in (body_of(event), body_of(renamed), body_of([event])):
        half = decode(kind, body)
        assert (half.kind, half.content) == (kind.partner, decode(kind.partner, body_of(event)).content)
        assert "" in notes_of(kind, body)
    both = body_of({**an_event(THUMBNAIL), **an_event(CAPTION)})
    assert decode(kind, both).kind is kind
    assert notes_of(kind, both) == set()


def test_the_text_of_an_event_in_an_envelope_is_json() -> None:
    """People edit it when they mend a dead letter, lone surrogates included."""
    for body in (json.dumps([EVENT]), json.dumps([{**EVENT, "title": "\ud800"}])):
        assert json.loads(unwrap(body).text) == json.loads(body)[0]


def test_a_wrapper_without_an_event_is_an_event_with_faults() -> None:
    """Its reasons are the fields that it lacks."""
    with pytest.raises(MalformedEvent) as malformed:
        read_event(CAPTION, json.dumps({"payload": {"hello": 1}}), NOON)
    assert {fault.field for fault in malformed.value.faults} >= {"video_id", "seller_handle", "title"}
