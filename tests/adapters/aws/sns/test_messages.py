"""An announcement as a message of the topic."""

import json
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.sns.messages import announcement_of, entry_bytes, entry_of, is_heartbeat, report_entry_of
from linkhub_adapters.aws.sqs.xml_text import fault_of
from linkhub_core.model import Availability, Content, HalfReport, Kind, Listing
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_record, a_waiting, an_event
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.codec import read_event


def _attributes(entry: Any) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}


def test_the_message_is_the_event_and_its_attributes_say_what_it_is_about() -> None:
    """Other services filter by them, without a look into the event."""
    announcement = announce(a_record(revision=2, shown=True), NOON, "c-1")
    entry = entry_of(7, announcement)
    assert (entry["Id"], entry["Message"]) == ("7", announcement.event_json.decode())
    assert _attributes(entry) == {
        "eventType": "product_updated",
        "sellerHandle": KEY.seller_handle,
        "videoId": KEY.video_id,
        "correlationId": "c-1",
    }


def test_no_correlation_is_no_attribute() -> None:
    """SNS takes no empty value."""
    assert "correlationId" not in _attributes(entry_of(0, announce(a_record(), NOON)))


def test_the_trace_travels_along() -> None:
    """A receiver can continue the trace."""
    traceparent = f"00-{1:032x}-{2:016x}-01"
    announcement = announce(a_record(), NOON, "c-1", traceparent)
    assert _attributes(entry_of(0, announcement))["traceparent"] == traceparent


def test_a_report_says_what_it_is_about() -> None:
    """Other services filter by its type; it is no announcement, so no client of a node that received it is shown it."""
    for is_expired, event_type in ((False, "half_stalled"), (True, "half_expired")):
        entry = report_entry_of(3, HalfReport.of(a_waiting(), is_expired=is_expired), NOON)
        assert _attributes(entry) == {
            "eventType": event_type,
            "sellerHandle": KEY.seller_handle,
            "videoId": KEY.video_id,
            "correlationId": "c-1",
        }
        assert json.loads(entry["Message"])["event_type"] == event_type
        assert announcement_of({"Body": entry["Message"]}) is None


def test_a_senders_correlation_cannot_make_a_message_unsendable() -> None:
    """It is cut, and loses what SNS refuses."""
    sent = _attributes(entry_of(0, announce(a_record(), NOON, "\x00" + "é" * 10_000)))["correlationId"]
    assert len(sent) == 256
    assert fault_of(sent) is None


def test_a_title_that_sns_refuses_is_announced_all_the_same() -> None:
    """The event reads as before, with the character escaped."""
    announcement = announce(a_record(caption=a_caption(title="a\uffffb")), NOON)
    message = entry_of(0, announcement)["Message"]
    assert fault_of(message) is None
    assert json.loads(message) == json.loads(announcement.event_json)


def _event_full_of(kind: Kind, **fields: Any) -> Content:
    """The product of the largest event with these fields and a long class name, or caption."""
    event = an_event(kind, **fields)
    return read_event(kind, json.dumps(event, ensure_ascii=False, separators=(",", ":")), NOON).half.content


def _stuffed(character: str) -> Announcement:
    """The product of two bodies as large as bodies may be, as far as the rules let them: full of one character."""
    tags = [character * 80] * min(500, 80_000 // len(character.encode()) // 80 - 30)
    caption = _event_full_of(Kind.CAPTION, title=character * 2000, sizes=character * 2000, tags=tags)
    seen = {"class_name": "", "confidence": 1, "bbox": {"x": 0, "y": 0, "width": 1, "height": 1}}
    thumbnails = an_event(Kind.THUMBNAIL)["thumbnails"]
    room = 100 * 1024 - 2_000
    seen["class_name"] = character * (room // len(character.encode()))
    thumbnails[0]["detected_objects"] = [seen]
    content = _event_full_of(Kind.THUMBNAIL, thumbnails=thumbnails)
    return announce(a_record(caption=caption, thumbnails=content), NOON, character * 1000)


@pytest.mark.parametrize("character", ["a", "\uffff", "😀"])
def test_the_largest_products_fit(character: str) -> None:
    """Every product is announced: an announcement that is too large for SNS loses optional fields."""
    announcement = _stuffed(character)
    entry = entry_of(0, announcement)
    assert entry_bytes(entry) <= 262_144
    assert fault_of(entry["Message"]) is None
    replaced = announcement.event_json.decode().replace("\uffff", "\ufffd")
    assert json.loads(entry["Message"]) == json.loads(replaced)


@pytest.mark.parametrize("primary", [0, None, "an object"])
def test_the_largest_product_of_short_forms_fits(primary: object) -> None:
    """Numbers and boxes that grow when they are normalised, and a thumbnail that is its own primary one."""
    seen = {"class_name": "", "confidence": 9e15, "bbox": [-9e15, -9e15, 9e15, 9e15]}
    thumbnails = an_event(Kind.THUMBNAIL)["thumbnails"]
    thumbnails[0]["detected_objects"] = [seen] * 1_000
    event = an_event(Kind.THUMBNAIL, thumbnails=thumbnails)
    event["primary_thumbnail"] = thumbnails[1] if primary == "an object" else primary
    body = json.dumps(event, separators=(",", ":")).replace("9000000000000000.0", "9e15")
    assert len(body) < 100 * 1024
    content = read_event(Kind.THUMBNAIL, body, NOON).half.content
    caption = _event_full_of(Kind.CAPTION, tags=["x" * 190] * 500)
    assert entry_bytes(entry_of(0, announce(a_record(caption=caption, thumbnails=content), NOON))) <= 262_144


def test_an_announcement_reads_back() -> None:
    """A node receives the announcement that another published."""
    announcement = announce(a_record(), NOON, "c-1")
    entry = entry_of(0, announcement)
    message: Any = {"Body": entry["Message"], "MessageAttributes": entry["MessageAttributes"]}
    assert announcement_of(message) == announcement
    assert not is_heartbeat(message)


def test_a_removal_reads_back_with_the_time_of_its_product() -> None:
    """Its JSON has no product, so an attribute carries ``created_at``, by which receivers order revisions."""
    withdrawn = a_record(revision=2, listing=Listing(availability=Availability.WITHDRAWN))
    announcement = announce(withdrawn, NOON, "c-1")
    entry = entry_of(0, announcement)
    assert _attributes(entry)["eventType"] == "product_removed"
    message: Any = {"Body": entry["Message"], "MessageAttributes": entry["MessageAttributes"]}
    assert announcement_of(message) == announcement


def test_an_event_of_a_later_linkhub_is_no_announcement() -> None:
    """A node ignores it."""
    body = json.dumps({"event_type": "product_praised", "revision": 3})
    assert announcement_of({"Body": body}) is None


def test_bytes_count_the_message_and_its_attributes() -> None:
    """As SNS counts a batch against its limit."""
    entry = entry_of(0, evolve(announce(a_record(), NOON), event_json="é".encode()))
    named = {"eventType": "new_product", "sellerHandle": KEY.seller_handle, "videoId": KEY.video_id}
    assert entry_bytes(entry) == 2 + sum(len(name) + len("String") + len(value) for name, value in named.items())
