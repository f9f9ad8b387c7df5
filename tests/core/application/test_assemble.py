"""Assembling a batch: every message ends acknowledged, rejected or given back, and none holds up another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from attrs import evolve

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import read_delivery
from linkhub_core.application.assemble import retry_delay_seconds
from linkhub_core.errors import Fault, ServiceUnavailable, StoreRefused
from linkhub_core.model import Kind, Note
from linkhub_core.model.journal_entries import (
    EventDeviated,
    HalfStaged,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
    ProductAnnounced,
    ProductSaved,
)
from linkhub_core.ports import Delivery, Rejection, ReviseOutcome, Revision
from linkhub_core.testing.builders import (
    KEY,
    NOON,
    a_delivery,
    a_half,
    a_key,
    a_record,
    an_event,
    an_outgoing,
    an_unreadable,
)
from linkhub_core.testing.flaky import (
    DuplicatingQueue,
    FlakyEventQueue,
    FlakyNotifier,
    FlakyProductStore,
    FlakyStagingStore,
    Strike,
    unavailable,
)
from linkhub_core.wire.codec import document_of
from linkhub_core.wire.intake import Unwrapped, unwrap
from tests.core.application.assembly_harness import AssemblyHarness

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL


def keyed(number: int) -> dict[str, str]:
    """The fields of an event that make it another product's."""
    return {"video_id": a_key(number).video_id}


# --- what comes of halves


async def test_a_half_alone_waits_in_staging() -> None:
    """It is acknowledged: staging is durable."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION)
    await harness.turn()
    (row,) = harness.rows.rows.values()
    assert (row.key, row.half.kind, row.expires_at) == (KEY, CAPTION, harness.clock.now() + timedelta(days=1))
    assert (harness.left, harness.stored.rows, harness.heard.taken) == (0, {}, [])
    assert [entry.key for entry in harness.journal.of(HalfStaged)] == [KEY]


async def test_our_own_time_counts_from_the_arrival_of_the_last_half() -> None:
    """The time before it was spent waiting for the partner; the time on the queue is ours."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION)
    await harness.turn()
    harness.clock.advance(600)
    await harness.post_event(THUMBNAIL)
    harness.clock.advance(2)
    await harness.turn()
    (announced,) = harness.journal.of(ProductAnnounced)
    assert (announced.latency, announced.own_latency) == (timedelta(seconds=602), timedelta(seconds=2))


async def test_an_announcement_has_the_stamp_of_the_newest_half() -> None:
    """The time to the screen counts from it, as far as the queue confirms it; what a sweep announces has none."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION, timestamp="2026-01-15T11:59:57.25Z")
    await harness.post_event(THUMBNAIL, timestamp="2026-01-15T11:00:00Z")
    await harness.turn()
    await harness.post_event(CAPTION, title="Newer", timestamp="2027-01-15T12:00:00Z")
    await harness.turn()
    assert [one.stamped_at for one in harness.heard.taken] == ["2026-01-15T11:59:57.250Z", "2026-01-15T12:00:00.000Z"]
    harness.stored.rows[KEY] = evolve(harness.stored.rows[KEY], unannounced_revision=2)
    await harness.sweep()
    assert harness.heard.taken[-1].stamped_at is None


@pytest.mark.parametrize("first", list(Kind))
async def test_a_half_joins_the_partner_that_waits(first: Kind) -> None:
    """The product is saved and announced, and nothing is left in staging."""
    harness = AssemblyHarness()
    for kind in (first, first.partner):
        await harness.post_event(kind)
        await harness.turn()
    record = harness.stored.rows[KEY]
    assert (record.revision, record.unannounced_revision) == (1, None)
    assert [(one.key, one.revision) for one in harness.heard.taken] == [(KEY, 1)]
    assert (harness.left, harness.rows.rows) == (0, {})


async def test_both_halves_in_one_batch_skip_staging() -> None:
    """They are written once, as a product."""
    staging = FlakyStagingStore(line_rows := AssemblyHarness().rows)
    harness = AssemblyHarness(rows=line_rows, staging=staging)
    await harness.post_event(CAPTION)
    await harness.post_event(THUMBNAIL)
    await harness.turn()
    assert harness.stored.rows[KEY].revision == 1
    assert staging.calls == ["waiting"]
    assert [entry.kinds for entry in harness.journal.of(ProductSaved)] == [(CAPTION, THUMBNAIL)]


async def test_a_pair_adds_the_half_in_staging() -> None:
    """The newest caption wins, be it the one that waited, and its row goes."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION, title="Newest", timestamp="2026-01-15T11:30:00Z")
    await harness.turn()
    await harness.post_event(CAPTION, title="Older", timestamp="2026-01-15T11:00:00Z")
    await harness.post_event(THUMBNAIL)
    await harness.turn()
    assert harness.stored.rows[KEY].caption.title == "Newest"
    assert (harness.rows.rows, harness.left) == ({}, 0)
    assert harness.heard.taken[-1].revision == harness.stored.rows[KEY].revision


async def test_of_copies_in_one_batch_the_newest_is_worked_on_and_all_are_acknowledged() -> None:
    """The journal has the others as known."""
    harness = AssemblyHarness()
    for minute in (2, 9, 5):
        await harness.post_event(CAPTION, title=f"T{minute}", timestamp=f"2026-01-15T11:0{minute}:00Z")
    await harness.turn()
    assert document_of(harness.rows.rows[KEY].half.content)["title"] == "T9"
    assert harness.left == 0
    assert len(harness.journal.of(HalfWasKnown)) == 2


async def test_copies_of_both_halves_in_one_batch_are_logged_each_with_its_correlation_id() -> None:
    """So that each message's log line, and its trace, say what became of it."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(CAPTION), an_outgoing(THUMBNAIL))
    await harness.turn()
    for kind in (CAPTION, THUMBNAIL):
        message = evolve(an_outgoing(kind), attributes={"correlationId": f"copy of {kind}"})
        await harness.post(message)
    await harness.turn()
    known = {entry.kind: entry.origin.correlation_id for entry in harness.journal.of(HalfWasKnown)}
    assert known == {CAPTION: "copy of caption", THUMBNAIL: "copy of thumbnail"}


async def test_a_half_that_is_superseded_is_acknowledged_and_changes_nothing() -> None:
    """The message of the newer half is still on its queue, or completed it."""
    harness = AssemblyHarness()
    for minute in (9, 5):
        await harness.post_event(CAPTION, timestamp=f"2026-01-15T11:0{minute}:00Z")
        await harness.turn()
    assert harness.rows.rows[KEY].half.version.timestamp.minute == 9
    assert (harness.left, len(harness.journal.of(HalfWasKnown))) == (0, 1)


async def test_the_same_video_at_two_sellers_is_two_products() -> None:
    """Halves of different sellers never join."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION, seller_handle="a")
    await harness.post_event(THUMBNAIL, seller_handle="b")
    await harness.turn()
    assert (harness.stored.rows, len(harness.rows.rows)) == ({}, 2)


async def test_a_newer_half_becomes_the_next_revision() -> None:
    """It is announced as an update, and no row stays."""
    harness = await with_a_product()
    await harness.post_event(CAPTION, title="Newer", timestamp="2026-01-15T11:30:00Z")
    await harness.turn()
    assert (harness.stored.rows[KEY].revision, harness.stored.rows[KEY].caption.title) == (2, "Newer")
    assert [one.event_type for one in harness.heard.taken] == ["new_product", "product_updated"]
    assert harness.rows.rows == {}


async def with_a_product(**ports: Any) -> AssemblyHarness:
    """A line that has a product already, announced."""
    harness = AssemblyHarness(**ports)
    await harness.post_event(CAPTION, timestamp="2026-01-15T11:00:00Z")
    await harness.post_event(THUMBNAIL, timestamp="2026-01-15T11:00:00Z")
    await harness.turn()
    harness.journal.entries.clear()
    return harness


@pytest.mark.parametrize("kinds", [[CAPTION], [THUMBNAIL], [CAPTION, THUMBNAIL]])
async def test_copies_of_what_is_done_write_nothing_and_announce_nothing(kinds: list[Kind]) -> None:
    """They come to see the product, and go."""
    harness = await with_a_product()
    before = dict(harness.stored.rows)
    for kind in kinds:
        await harness.post_event(kind, timestamp="2026-01-15T11:00:00Z")
    await harness.turn()
    assert (harness.stored.rows, len(harness.heard.taken), harness.rows.rows, harness.left) == (before, 1, {}, 0)
    assert len(harness.journal.of(HalfWasKnown)) == len(kinds)
    assert not harness.journal.of(ProductSaved)


async def test_a_queue_that_delivers_everything_twice_makes_every_product_once() -> None:
    """Copies beside their originals, and copies of what was acknowledged."""
    harness = AssemblyHarness()
    harness.queue = DuplicatingQueue(harness.messages)
    for number in range(5):
        await harness.post_event(CAPTION, **keyed(number))
        await harness.turn()
        await harness.post_event(THUMBNAIL, **keyed(number))
        await harness.turn()
    await harness.turn()
    assert [record.revision for record in harness.stored.rows.values()] == [1] * 5
    assert len(harness.heard.taken) == 5
    assert (harness.rows.rows, harness.left) == ({}, 0)


async def test_a_row_past_its_time_still_joins() -> None:
    """Its time is when it may go, not when it must."""
    harness = AssemblyHarness()
    await harness.post_event(CAPTION)
    await harness.turn()
    harness.clock.advance(3 * 24 * 3600)
    await harness.post_event(THUMBNAIL)
    await harness.turn()
    assert (KEY in harness.stored.rows, harness.rows.rows) == (True, {})


# --- what is malformed


async def test_the_malformed_goes_to_the_dead_letters_and_its_batch_mates_go_on() -> None:
    """With its faults, at its first delivery."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(CAPTION, body="{"), an_outgoing(CAPTION), an_outgoing(THUMBNAIL, title=5))
    await harness.post(an_outgoing(THUMBNAIL, body=orjson.dumps(an_event(CAPTION)).decode()))
    await harness.post(an_outgoing(THUMBNAIL, thumbnails=[]))
    await harness.turn()
    assert harness.left == 0
    assert [(letter.kind, letter.receive_count) for letter in await harness.letters()] == [
        (CAPTION, 1),
        (THUMBNAIL, 1),
    ]
    assert KEY in harness.stored.rows, "the sound ones made their product"
    assert [entry.faults[0].field for entry in harness.journal.of(MessageRejected)] == ["", "thumbnails"]


async def test_the_deviations_of_an_accepted_event_are_recorded_once_per_message() -> None:
    """When the message is acknowledged: one that is given back first is counted when it is done."""
    harness = AssemblyHarness()
    harness.queue = FlakyEventQueue(harness.messages, strikes=[Strike("acknowledge", unavailable("queue"))])
    await harness.post(an_outgoing(CAPTION, price="49.90", tags=None), an_outgoing(THUMBNAIL))
    await harness.turn()
    assert harness.journal.of(EventDeviated) == []
    harness.clock.advance(60)
    await harness.turn()
    (deviated,) = harness.journal.of(EventDeviated)
    assert (deviated.queue, deviated.kind, deviated.key) == (CAPTION, CAPTION, KEY)
    assert deviated.origin.notes == (Note("price", "number_as_text"), Note("tags", "missing_as_empty"))


async def test_a_half_that_waits_keeps_its_notes() -> None:
    """For the one who asks why it waits."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(CAPTION, price="49.90"))
    await harness.turn()
    (waiting,) = harness.rows.rows.values()
    assert waiting.origin.notes == (Note("price", "number_as_text"),)


async def test_a_failing_dead_letter_queue_does_not_block_valid_messages() -> None:
    """The malformed message is given back, the sound one is done."""
    harness = AssemblyHarness()
    harness.queue = FlakyEventQueue(harness.messages, strikes=[Strike("reject", unavailable("dead letters"))])
    await harness.post(an_outgoing(CAPTION, body="{"), an_outgoing(THUMBNAIL))
    await harness.turn()
    assert (harness.left, len(harness.rows.rows)) == (1, 1)
    assert [entry.delay_seconds for entry in harness.journal.of(MessagesReleased)] == [1.0]
    harness.clock.advance(1)
    await harness.turn()
    assert (harness.left, len(await harness.letters())) == (0, 1)


async def test_a_body_that_breaks_the_codec_is_given_back_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error in one message does not fail the others."""

    def fragile(body: str) -> Unwrapped:
        if body == "poison":
            raise RecursionError("too deep")
        return unwrap(body)

    monkeypatch.setattr(sys.modules[read_delivery.__module__], "unwrap", fragile)
    harness = AssemblyHarness()
    await harness.post(an_outgoing(CAPTION, body="poison"), an_outgoing(THUMBNAIL))
    await harness.turn()
    (released,) = harness.journal.of(MessagesReleased)
    assert (harness.left, len(harness.rows.rows)) == (1, 1)
    assert (released.problem, released.transient) == ("RecursionError('too deep')", False)
    assert [origin.correlation_id for origin in released.origins] == ["c-1"]


# --- what fails for a while

CALLS: list[tuple[str, str]] = [
    ("staging", "stage"),
    ("staging", "waiting"),
    ("staging", "drop"),
    ("products", "find"),
    ("products", "create"),
    ("products", "mark_announced"),
    ("notifier", "notify"),
    ("queue", "acknowledge"),
]
WRAPPERS = {
    "staging": FlakyStagingStore,
    "products": FlakyProductStore,
    "notifier": FlakyNotifier,
    "queue": FlakyEventQueue,
}
BENEATH = {"staging": "rows", "products": "stored", "notifier": "heard", "queue": "messages"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [unavailable(), ValueError("a bug")], ids=["transient", "unexpected"])
@pytest.mark.parametrize(("port", "method"), CALLS)
async def test_whatever_call_fails_the_messages_come_again_and_all_ends_well(
    port: str, method: str, error: Exception, after: bool
) -> None:
    """A call that failed, with its effect or without, is done again with the same result as if it had not."""
    harness = AssemblyHarness()
    flaky = WRAPPERS[port](getattr(harness, BENEATH[port]), strikes=[Strike(method, error, after=after)])
    setattr(harness, port, flaky)
    for kind in Kind:
        await harness.post_event(kind, **keyed(1))
        await harness.turn()
    await harness.post_event(CAPTION, **keyed(2))
    await harness.post_event(THUMBNAIL, **keyed(2))
    for _ in range(4):
        await harness.turn()
        harness.clock.advance(60)
    assert not flaky.strikes, "the fault never struck"
    assert {key: record.revision for key, record in harness.stored.rows.items()} == {a_key(1): 1, a_key(2): 1}
    assert {one.key for one in harness.heard.taken} == {a_key(1), a_key(2)}
    assert not any(record.unannounced_revision for record in harness.stored.rows.values())
    assert (harness.rows.rows, harness.left, await harness.letters()) == ({}, 0, [])


async def test_while_a_service_is_away_messages_are_given_back_for_longer_and_longer() -> None:
    """Never acknowledged, never rejected; 1 s, 2 s, 4 s, ..."""
    harness = AssemblyHarness()
    harness.products = FlakyProductStore(harness.stored, strikes=[Strike("find", unavailable("DynamoDB"), None)])
    await harness.post_event(CAPTION)
    for _ in range(5):
        await harness.turn()
        assert harness.left == 1
        harness.clock.advance(400)
    entries = harness.journal.of(MessagesReleased)
    assert [entry.delay_seconds for entry in entries] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert {(entry.problem, entry.transient) for entry in entries} == {
        ("DynamoDB is unavailable: made by a test", True)
    }
    assert not await harness.letters()


async def test_a_message_that_was_given_back_is_not_delivered_before_its_time() -> None:
    """The delay reaches the queue."""
    harness = AssemblyHarness()
    harness.notifier = FlakyNotifier(harness.heard, strikes=[Strike("notify", unavailable())])
    await harness.post_event(CAPTION)
    await harness.post_event(THUMBNAIL)
    await harness.turn()
    harness.clock.advance(0.9)
    assert await harness.turn() == []
    harness.clock.advance(0.1)
    assert len(await harness.turn()) == 2


async def test_messages_of_one_batch_wait_as_long_as_each_was_delivered() -> None:
    """The one that failed often waits longer than the one that failed with it for the first time."""
    harness = AssemblyHarness()
    harness.staging = FlakyStagingStore(harness.rows, strikes=[Strike("stage", unavailable(), None)])
    deliveries = [
        a_delivery(CAPTION, receive_count=1, **keyed(1)),
        a_delivery(CAPTION, receive_count=4, **keyed(2)),
        a_delivery(CAPTION, receive_count=1, **keyed(3)),
    ]
    await harness.assemble(deliveries)
    assert [(len(entry.origins), entry.delay_seconds) for entry in harness.journal.of(MessagesReleased)] == [
        (2, 1.0),
        (1, 8.0),
    ]


@pytest.mark.parametrize(
    ("count", "jitter", "seconds"),
    [(1, 0, 1), (1, 1, 0.5), (2, 0, 2), (9, 0, 256), (10, 0, 300), (10, 1, 150), (10_000, 0, 300)],
)
def test_the_delay_doubles_to_five_minutes_and_is_jittered_by_up_to_a_half(
    count: int, jitter: float, seconds: float
) -> None:
    """Messages that failed together do not all come back together."""
    assert retry_delay_seconds(count, jitter) == seconds


async def test_an_unavailable_queue_is_raised_to_the_loop() -> None:
    """The leases run out by themselves."""
    harness = AssemblyHarness()
    harness.queue = FlakyEventQueue(
        harness.messages, strikes=[Strike("acknowledge", unavailable()), Strike("release", unavailable("SQS"))]
    )
    await harness.post_event(CAPTION)
    with pytest.raises(ServiceUnavailable, match="SQS"):
        await harness.turn()
    harness.clock.advance(30)
    await harness.turn()
    assert harness.left == 0


# --- what fails for good


async def post_many(harness: AssemblyHarness) -> None:
    """Captions of seven products, one of which is the bad one."""
    await harness.post(*(an_outgoing(CAPTION, **keyed(number)) for number in range(7)))


def holds_the_bad_one(halves: Any) -> bool:
    """Whether a batch holds the half of product 3."""
    return any(half.key == a_key(3) for half in halves)


async def test_of_many_messages_only_the_one_that_a_store_refuses_is_dead() -> None:
    """With the store's reason; the others are done at the same turn."""
    harness = AssemblyHarness()
    refused = Strike("stage", StoreRefused("DynamoDB", "item too large"), None, of=holds_the_bad_one)
    harness.staging = FlakyStagingStore(harness.rows, strikes=[refused])
    await post_many(harness)
    await harness.turn()
    (letter,) = await harness.letters()
    assert orjson.loads(letter.body)["video_id"] == a_key(3).video_id
    assert list(letter.faults) == [Fault("", "DynamoDB refused the value: item too large")]
    assert set(harness.rows.rows) == {a_key(number) for number in range(7)} - {a_key(3)}
    assert harness.left == 0


async def test_of_many_messages_only_the_one_that_fails_unexpectedly_is_given_back() -> None:
    """A bug may be mended by the next release, so the message is kept."""
    harness = AssemblyHarness()
    bug = Strike("stage", ZeroDivisionError("a bug"), None, of=holds_the_bad_one)
    harness.staging = FlakyStagingStore(harness.rows, strikes=[bug])
    await post_many(harness)
    await harness.turn()
    assert (harness.left, len(harness.rows.rows), await harness.letters()) == (1, 6, [])
    (released,) = harness.journal.of(MessagesReleased)
    assert (released.problem, released.transient) == ("ZeroDivisionError('a bug')", False)


async def test_a_product_that_a_store_refuses_takes_both_its_messages_and_no_others() -> None:
    """The pair is rejected, the half that waits for another pair is not touched."""
    harness = AssemblyHarness()

    def is_bad(records: Any) -> bool:
        return any(record.key == a_key(3) for record in records)

    harness.products = FlakyProductStore(
        harness.stored, strikes=[Strike("create", StoreRefused("products", "no"), None, of=is_bad)]
    )
    for number in range(5):
        await harness.post(an_outgoing(CAPTION, **keyed(number)), an_outgoing(THUMBNAIL, **keyed(number)))
    await harness.turn()
    assert set(harness.stored.rows) == {a_key(number) for number in range(5)} - {a_key(3)}
    assert sorted(str(letter.kind) for letter in await harness.letters()) == [CAPTION, THUMBNAIL]
    assert {one.key for one in harness.heard.taken} == set(harness.stored.rows)


# --- who it was


@pytest.mark.parametrize(
    ("delivery", "correlation_id", "traceparent"),
    [
        (a_delivery(), "c-1", None),
        (Delivery(kind=CAPTION, body="", message_id="m-1", receipt="r", sent_at=NOON), "m-1", None),
        (
            Delivery(
                kind=CAPTION,
                body="",
                message_id="m-1",
                receipt="r",
                sent_at=NOON,
                attributes={"correlationId": "", "traceparent": "00-a-b-01"},
            ),
            "m-1",
            "00-a-b-01",
        ),
        (
            Delivery(
                kind=CAPTION,
                body='{"Type":"Notification","Message":"{}","MessageAttributes":{"correlationId":{"Value":"sns"}}}',
                message_id="m-1",
                receipt="r",
                sent_at=NOON,
            ),
            "sns",
            None,
        ),
    ],
)
def test_an_origin_is_the_senders_correlation_id_or_the_messages_own(
    delivery: Delivery, correlation_id: str, traceparent: str | None
) -> None:
    """On the message, on the notification around it, or the id that the queue gave it."""
    origin = read_delivery(delivery).origin
    assert (origin.correlation_id, origin.traceparent) == (correlation_id, traceparent)


# --- copies, stamps and expiry


async def test_copies_with_a_stamp_in_the_future_announce_nothing() -> None:
    """Sent three times, an event whose stamp is ahead is newer each time, and says the same."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.CAPTION, timestamp="2027-01-01T00:00:00Z")
    await harness.post_event(Kind.THUMBNAIL)
    await harness.turn()
    for _ in range(3):
        harness.clock.advance(60)
        await harness.post_event(Kind.CAPTION, timestamp="2027-01-01T00:00:00Z")
        await harness.turn()
    assert [one.revision for one in harness.heard.taken] == [1]
    assert (harness.rows.rows, harness.stored.rows[KEY].revision) == ({}, 1)


async def test_a_correction_with_a_right_stamp_wins_over_one_from_the_future() -> None:
    """A stamp counts as at most the sending of its message; so does that of a copy that was redriven later."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.THUMBNAIL)
    await harness.post_event(Kind.CAPTION, title="Wrong", timestamp="2027-01-01T00:00:00Z")
    early = await harness.queue.receive()
    await harness.queue.reject([Rejection(delivery=one, faults=[]) for one in early if one.kind is Kind.CAPTION])
    harness.clock.advance(60)
    await harness.post_event(Kind.CAPTION, title="Right", timestamp=harness.clock.now().isoformat())
    await harness.turn()
    harness.clock.advance(60)
    await harness.messages.redrive(await harness.letters())
    while await harness.turn():
        pass
    assert harness.stored.rows[KEY].caption.title == "Right"


@pytest.mark.parametrize("timestamp", ["2026-01-15T11:00:00Z", "2026-01-15T10:00:00Z"], ids=["equal", "superseded"])
async def test_a_half_that_is_sent_again_after_its_time_waits_as_long_as_a_new_one(timestamp: str) -> None:
    """It is acknowledged as equal or superseded, so its row must not go with the next sweep."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.CAPTION, timestamp="2026-01-15T11:00:00Z")
    await harness.turn()
    harness.clock.advance(86_400)
    await harness.post_event(Kind.CAPTION, timestamp=timestamp)
    await harness.turn()
    harness.clock.advance(60)
    assert (await harness.sweep()).expired == 0
    harness.clock.advance(86_400 * 0.9 - 120)
    await harness.sweep()
    await harness.post_event(Kind.THUMBNAIL)
    await harness.turn()
    assert [one.revision for one in harness.heard.taken] == [1]


async def test_a_half_whose_product_is_deleted_while_it_settles_is_staged_again() -> None:
    """Its row may have vanished meanwhile: the message is acknowledged only when something holds the half."""
    harness = AssemblyHarness()
    harness.stored.rows[KEY] = a_record()

    class Deleting(MemoryProductStore):
        async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
            self.rows.clear()
            harness.rows.rows.clear()
            return await super().revise(revisions)

    harness.products = Deleting(harness.stored.rows)
    await harness.post_event(Kind.CAPTION, title="Newer", timestamp="2026-01-15T11:59:00Z")
    harness.stored.rows[KEY] = evolve(a_record(), caption_version=a_half(minute=-99).version)
    await harness.turn()
    assert (harness.left, [row.half.kind for row in harness.rows.rows.values()]) == (0, [Kind.CAPTION])


# --- rows that cannot be read


async def test_an_event_whose_product_cannot_be_read_is_a_dead_letter_with_that_reason() -> None:
    """Its batch-mates are done at the same turn."""
    harness = AssemblyHarness()
    harness.stored.unreadable[KEY] = an_unreadable()
    other = a_key(2)
    await harness.post_event(Kind.CAPTION)
    for kind in Kind:
        await harness.post_event(kind, video_id=other.video_id)
    await harness.turn()
    (letter,) = await harness.letters()
    assert [(fault.of_store, "caption_version is missing" in fault.problem) for fault in letter.faults] == [
        (True, True)
    ]
    assert (list(harness.stored.rows), harness.left) == ([other], 0)


async def test_a_staging_row_that_cannot_be_read_stops_neither_pairs_nor_halves_of_a_product_that_is_there() -> None:
    """Both need no row; a half without its product does, and is a dead letter."""
    harness = AssemblyHarness()
    harness.rows.unreadable[KEY] = an_unreadable()
    await harness.post_event(Kind.CAPTION)
    await harness.turn()
    assert len(await harness.letters()) == 1
    for kind in Kind:
        await harness.post_event(kind)
    await harness.turn()
    await harness.post_event(Kind.CAPTION, title="Newer", timestamp="2026-01-15T12:00:00Z")
    await harness.turn()
    assert (harness.stored.rows[KEY].caption.title, len(await harness.letters())) == ("Newer", 1)
