"""Whole streams: any order, any copies, any batches give the same products."""

from __future__ import annotations

import random
from collections.abc import Mapping

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from linkhub_core.model import Half, Kind, ProductKey
from linkhub_core.ports import OutgoingMessage
from linkhub_core.testing.builders import NOON, a_key, an_event
from linkhub_core.testing.flaky import (
    FlakyEventQueue,
    FlakyNotifier,
    FlakyProductStore,
    FlakyStagingStore,
    Strike,
    unavailable,
)
from linkhub_core.wire.codec import decode_event
from tests.core.application.assembly_harness import AssemblyHarness


@st.composite
def messages(draw: st.DrawFn) -> OutgoingMessage:
    """An event of one of three products, of one of four moments, in one of two contents."""
    kind = draw(st.sampled_from(Kind))
    content = {"title": draw(st.sampled_from("ab"))} if kind is Kind.CAPTION else {}
    document = an_event(
        kind,
        video_id=a_key(draw(st.integers(0, 2))).video_id,
        timestamp=f"2026-01-15T11:0{draw(st.integers(0, 3))}:00Z",
        **content,
    )
    return OutgoingMessage(kind=kind, body=orjson.dumps(document).decode())


STREAMS = st.lists(messages(), min_size=1, max_size=12)


def newest_of(stream: list[OutgoingMessage]) -> Mapping[ProductKey, Mapping[Kind, Half]]:
    """The newest half of each kind, by product: the expected result, computed without linkhub's own merging."""
    newest: dict[ProductKey, dict[Kind, Half]] = {}
    for message in stream:
        half = decode_event(message.kind, message.body, NOON)
        kinds = newest.setdefault(half.key, {})
        if half.kind not in kinds or half.version > kinds[half.kind].version:
            kinds[half.kind] = half
    return newest


def assert_assembled(harness: AssemblyHarness, stream: list[OutgoingMessage]) -> None:
    """Products of both halves, rows of one, all announced, nothing left."""
    expected = newest_of(stream)
    whole = {key: kinds for key, kinds in expected.items() if len(kinds) == 2}
    assert set(harness.stored.rows) == set(whole)
    for key, kinds in whole.items():
        record = harness.stored.rows[key]
        assert (record.caption, record.thumbnails) == (kinds[Kind.CAPTION].content, kinds[Kind.THUMBNAIL].content)
        assert record.unannounced_revision is None
        assert (key, record.revision) in {(one.key, one.revision) for one in harness.heard.taken}
    waiting = {row.half for row in harness.rows.rows.values()}
    assert waiting == {half for kinds in expected.values() if len(kinds) == 1 for half in kinds.values()}
    assert harness.left == 0


async def drained(harness: AssemblyHarness) -> None:
    """Work until the queues are empty."""
    for _ in range(1000):
        if not harness.left:
            return
        await harness.turn()
        harness.clock.advance(301)
    raise AssertionError("the queues do not drain")


@given(STREAMS, st.integers(1, 12), st.integers(0, 2), st.randoms(use_true_random=False))
async def test_any_order_any_copies_and_any_batches_give_the_same_products(
    stream: list[OutgoingMessage], batch_size: int, copies: int, chance: random.Random
) -> None:
    """The newest of each kind, once each."""
    arrivals = stream + [message for message in stream for _ in range(chance.randint(0, copies))]
    chance.shuffle(arrivals)
    harness = AssemblyHarness()
    harness.messages.batch_size = batch_size
    await harness.post(*arrivals)
    await drained(harness)
    assert_assembled(harness, stream)


@given(STREAMS, st.integers(1, 12))
async def test_a_stream_that_comes_again_changes_nothing(stream: list[OutgoingMessage], batch_size: int) -> None:
    """Not one write, not one announcement."""
    harness = AssemblyHarness()
    harness.messages.batch_size = batch_size
    await harness.post(*stream)
    await drained(harness)
    before = dict(harness.stored.rows), {row.half for row in harness.rows.rows.values()}, len(harness.heard.taken)
    await harness.post(*stream)
    await drained(harness)
    assert (
        dict(harness.stored.rows),
        {row.half for row in harness.rows.rows.values()},
        len(harness.heard.taken),
    ) == before


FAULTS = st.lists(
    st.builds(
        lambda method, skip, after, bug: Strike(
            method, ValueError("a bug") if bug else unavailable(), skip=skip, after=after
        ),
        st.sampled_from(
            ["stage", "waiting", "drop", "find", "create", "revise", "mark_announced", "notify", "acknowledge"]
        ),
        st.integers(0, 3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


@settings(max_examples=300)
@given(STREAMS, st.integers(1, 12), FAULTS)
async def test_faults_in_any_calls_give_the_same_products(
    stream: list[OutgoingMessage], batch_size: int, faults: list[Strike]
) -> None:
    """Before a call's effect or after it, foreseen or not: messages that come again, or a sweep, finish it."""
    harness = AssemblyHarness()
    harness.messages.batch_size = batch_size
    harness.staging = FlakyStagingStore(harness.rows, strikes=list(faults))
    harness.products = FlakyProductStore(harness.stored, strikes=list(faults))
    harness.notifier = FlakyNotifier(harness.heard, strikes=list(faults))
    harness.queue = FlakyEventQueue(harness.messages, strikes=list(faults))
    await harness.post(*stream)
    await drained(harness)
    if any(fault.method == "acknowledge" and fault.after for fault in faults):
        # The batch was worked on again without its messages: if a drop failed then, only a sweep finds the row.
        harness.staging, harness.products, harness.notifier = harness.rows, harness.stored, harness.heard
        await harness.sweep()
    assert_assembled(harness, stream)
