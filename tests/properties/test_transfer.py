"""Exports and imports on pairs of backends: identity, merging, and imports that die at any call."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Container, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from linkhub_adapters import memory, sqlite
from linkhub_core.model import Availability, Half, Kind, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.merge import Halves, newer_than
from linkhub_core.ports import DeadLetter, OpenedPorts, QueuedMessage
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_key, a_listed, a_record, a_waiting, an_outgoing
from linkhub_core.testing.fakes import FakeClock, RecordingNotifier
from linkhub_core.testing.queue_contents import a_letter, a_queued
from linkhub_core.testing.readable import scanned
from tests.properties.protocol_harness import Crash, CrashingPort, CrashPoint
from tests.support.transfers import export_of, import_into, items_of

Open = Callable[[FakeClock], AbstractAsyncContextManager[OpenedPorts]]


def _in_memory(clock: FakeClock) -> AbstractAsyncContextManager[OpenedPorts]:
    return memory.open_ports(clock=clock, receive_wait_seconds=0.0)


@asynccontextmanager
async def _in_a_file(clock: FakeClock) -> AsyncIterator[OpenedPorts]:
    with tempfile.TemporaryDirectory() as directory:
        async with sqlite.open_ports(Path(directory) / "linkhub.sqlite3", clock=clock) as ports:
            yield ports


PAIRS = list(itertools.product([_in_memory, _in_a_file], repeat=2))


@frozen(kw_only=True)
class Content:
    """What a backend holds; of each video a product or a half that waits, or neither."""

    messages: Sequence[QueuedMessage]
    own_messages: int
    rows: Sequence[WaitingHalf]
    products: Sequence[ProductRecord]
    letters: Sequence[DeadLetter]

    async def put_into(self, ports: OpenedPorts, name: str) -> None:
        """Fill a backend; ``name`` makes its own messages different from those of others."""
        await ports.queue_contents.add(self.messages)
        await ports.publisher.publish([an_outgoing(body=f"own {name} {number}") for number in range(self.own_messages)])
        await ports.staging.stage(self.rows)
        await ports.products.create(self.products)
        await ports.dead_letters.add(self.letters)


def a_product(number: int, minute: int, title: str, listing: Availability | None, revision: int) -> ProductRecord:
    """A product of one of a few states, announced if it is visible."""
    half = a_half(key=a_key(number), minute=minute, content=a_caption(title=title))
    record = a_record(
        a_key(number),
        revision=revision,
        caption=half.content,
        caption_version=half.version,
        created_at=NOON + timedelta(seconds=minute),
        unannounced_revision=None,
    )
    if listing is not None:
        record = a_listed(record, minute=minute, availability=listing, title="as listed", price=7)
    return evolve(record, shown=not record.is_withdrawn)


def a_row(number: int, kind: Kind, minute: int) -> WaitingHalf:
    """A half that waits; both kinds of one video make a product."""
    return a_waiting(a_half(kind, key=a_key(number), minute=minute), expires_at=NOON + timedelta(days=6))


VIDEOS = st.integers(0, 2)
PRODUCTS = st.builds(
    a_product,
    VIDEOS,
    st.integers(0, 3),
    st.sampled_from("ab"),
    st.none() | st.sampled_from(Availability),
    st.integers(1, 4),
)
ROWS = st.builds(a_row, VIDEOS, st.sampled_from(Kind), st.integers(0, 3))
MESSAGES = st.builds(a_queued, st.integers(0, 3), body=st.sampled_from(["{}", "{", "é"]), receive_count=VIDEOS)
LETTERS = st.integers(0, 3).map(lambda number: a_letter(number, None if number == 3 else Kind.CAPTION))


def _content(
    messages: list[QueuedMessage],
    own_messages: int,
    rows: list[WaitingHalf],
    products: list[ProductRecord],
    letters: list[DeadLetter],
) -> Content:
    taken = {one.key for one in products}
    return Content(
        messages=messages,
        own_messages=own_messages,
        rows=[row for row in rows if row.key not in taken],
        products=products,
        letters=letters,
    )


CONTENTS = st.builds(
    _content,
    st.lists(MESSAGES, max_size=3, unique_by=lambda one: one.body),
    VIDEOS,
    st.lists(ROWS, max_size=2, unique_by=lambda one: one.key),
    st.lists(PRODUCTS, max_size=3, unique_by=lambda one: one.key),
    st.lists(LETTERS, max_size=2, unique_by=lambda one: one.body),
)


@asynccontextmanager
async def filled(clock: FakeClock, *backends: tuple[Open, Content | None]) -> AsyncIterator[list[OpenedPorts]]:
    """Open backends, and fill those that have a content."""
    async with AsyncExitStack() as stack:
        opened: list[OpenedPorts] = []
        for open_ports, content in backends:
            ports = await stack.enter_async_context(open_ports(clock))
            if content is not None:
                await content.put_into(ports, "target" if opened else "source")
            opened.append(ports)
        yield opened


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=12)
@given(content=CONTENTS)
def test_export_then_import_is_the_identity(source: Open, target: Open, content: Content) -> None:
    """So it is on the way back, and a second import changes nothing on either side."""

    async def run() -> None:
        clock = FakeClock()
        async with filled(clock, (source, content), (target, None)) as (there, here):
            exported = await export_of(there, clock)
            for _ in range(2):
                await import_into(here, exported, clock, quiet=True)
                copied = await export_of(here, clock)
                assert items_of(copied) == items_of(exported)
                clock.advance(3600)
            await import_into(there, copied, clock, quiet=False)
            assert items_of(await export_of(there, clock)) == items_of(exported)

    asyncio.run(run())


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=12)
@given(ours=CONTENTS, theirs=CONTENTS)
def test_an_import_into_a_backend_in_use_is_a_merge(source: Open, target: Open, ours: Content, theirs: Content) -> None:
    """Both ways it gives the same products; nothing is lost or owed; a second import changes nothing."""

    async def run() -> None:
        clock = FakeClock()
        async with filled(clock, (source, theirs), (target, ours)) as (there, here):
            before = {id(ports): await _products(ports) for ports in (there, here)}
            exported, back = await export_of(there, clock), await export_of(here, clock)
            await import_into(here, exported, clock, quiet=False)
            await import_into(there, back, clock, quiet=False)
            stored = set[ProductKey]().union(*before.values())
            ends = [await _parts(ports, stored) for ports in (there, here)]
            assert ends[0] == ends[1]
            for ports in (there, here):
                await _hold_everything(ports, ours, theirs)
                for key, record in before[id(ports)].items():
                    now = (await _products(ports))[key]
                    assert now.revision > record.revision or now.looks_like(record)
            merged = await export_of(here, clock)
            await import_into(here, exported, clock, quiet=False)
            assert items_of(await export_of(here, clock)) == items_of(merged)

    asyncio.run(run())


async def _products(ports: OpenedPorts) -> dict[ProductKey, ProductRecord]:
    return {one.key: one for one in await scanned(ports.products.scan())}


async def _parts(ports: OpenedPorts, stored: Container[ProductKey]) -> tuple[object, ...]:
    """What a merge decides alone: parts, halves that wait, letters, and when the products that were stored began."""
    products = {
        key: (Halves.of_record(one), one.created_at if key in stored else None)  # else each side joined it at its time
        for key, one in (await _products(ports)).items()
    }
    rows = {row.half for row in await scanned(ports.staging.scan())}
    lines = [line for line in await export_of(ports, FakeClock()) if line.startswith(b'{"type":"dead_letter"')]
    return products, rows, sorted(lines)


async def _hold_everything(ports: OpenedPorts, *contents: Content) -> None:
    """Each half is in its product or waits, or a newer one does; each message is on the queue; nothing is owed."""
    products = await _products(ports)
    rows = await ports.staging.waiting([a_key(number) for number in range(3)])
    halves = [half for content in contents for half in _halves_of(content)]
    for half in halves:
        record, row = products.get(half.key), rows.get(half.key)
        waits = isinstance(row, WaitingHalf) and row.half.kind is half.kind and row.half.version >= half.version
        assert waits or (record is not None and newer_than(record, Halves.of(half)) == Halves())
    assert not products.keys() & rows.keys()
    assert all(one.unannounced_revision is None for one in products.values())
    bodies = [message.body async for message in ports.queue_contents.browse()]
    for content in contents:
        assert {message.body for message in content.messages} <= set(bodies)
    assert len([body for body in bodies if body.startswith("own")]) == sum(one.own_messages for one in contents)


def _halves_of(content: Content) -> list[Half]:
    of_products = [half for record in content.products for half in Halves.of_record(record).known]
    return [*(row.half for row in content.rows), *of_products]


@settings(max_examples=60)
@given(ours=CONTENTS, theirs=CONTENTS, deaths=st.lists(st.integers(0, 25), min_size=1, max_size=5), after=st.booleans())
def test_an_import_that_dies_is_completed_by_the_next(
    ours: Content, theirs: Content, deaths: list[int], after: bool
) -> None:
    """At any calls, five times in a row: the end is that of an import that lives, and all of it was announced."""

    async def run() -> None:
        clock = FakeClock()
        async with filled(clock, (_in_memory, theirs), (_in_memory, ours), (_in_memory, ours)) as (there, here, whole):
            exported = await export_of(there, clock)
            await import_into(whole, exported, clock, quiet=False)
            notifier = RecordingNotifier()
            here = evolve(here, notifier=notifier)  # noqa: PLW2901
            for calls in deaths:
                try:
                    await import_into(_dying(here, CrashPoint(calls, after)), exported, clock, quiet=False)
                except Crash:
                    continue
            await import_into(here, exported, clock, quiet=False)
            announced = {(one.key, one.revision) for one in notifier.taken}
            stored = {one.key for content in (ours, theirs) for one in content.products}
            assert await _parts(here, stored) == await _parts(whole, stored)
            assert await _revisions(here) == await _revisions(whole)
            before = {one.key: one for one in ours.products}
            for key, record in (await _products(here)).items():
                seen = key in before and record.looks_like(before[key])
                assert seen or (key, record.revision) in announced or (key not in before and record.is_withdrawn)

    asyncio.run(run())


async def _revisions(ports: OpenedPorts) -> dict[ProductKey, tuple[int, int | None, bool]]:
    products = await _products(ports)
    return {key: (one.revision, one.unannounced_revision, one.shown) for key, one in products.items()}


def _dying(ports: OpenedPorts, point: CrashPoint) -> OpenedPorts:
    crashing: Callable[[Any], Any] = partial(CrashingPort, crash_point=point)
    return evolve(
        ports,
        queue_contents=crashing(ports.queue_contents),
        dead_letters=crashing(ports.dead_letters),
        staging=crashing(ports.staging),
        products=crashing(ports.products),
        notifier=crashing(ports.notifier),
    )
