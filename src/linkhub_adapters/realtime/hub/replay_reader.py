"""Reads what subscribers of a shop missed: one read for all that return at the same time.

Theory of operation. A subscriber that asks is held already (:mod:`~.catch_up`): what is announced from then on waits
for it. So a read that *begins* after that leaves no gap, and a read that is under way might: a subscriber that asks
during a read waits for the next one. All that wait share one read, after the earliest point of them, and each gets the
part that is later than its own. Where too much changed after the earliest point, bisection finds the earliest one after
which not too much changed: a dozen reads for thousands of subscribers. Cursors that the store did not give are found in
the same way: of one store's numbers they are the greatest.

| point                                        | shares its read with                          |
|----------------------------------------------|-----------------------------------------------|
| a moment (``since``)                         | all moments                                   |
| a cursor whose position is a number alone    | such cursors of the same store                |
| any other cursor                             | equal cursors                                 |

Rule 1. One read a shop at a time, and at most ``max_concurrent_replays`` altogether.
Rule 2. Answers are handed out a few at a time, with the event loop's other work in between: thousands of subscribers
        that return delay no event of others.
Rule 3. A store that fails is reported to the journal once, and costs all that shared the read their replay.
Rule 4. A read for which no subscriber waits any more is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application import BrowseShop
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Clock, Journal, UnknownCursor
from linkhub_core.wire.announcements import announce_stored
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.cursor import Cursor, parse_cursor

ANSWERED_TOGETHER: Final = 16

Point = datetime | Cursor
_Order = tuple[int, str]
_Waiting = Sequence[tuple[Point, asyncio.Future[Sequence[EncodedEvent] | None]]]


def _group_of(point: Point) -> Hashable:
    """Points of one group share their reads."""
    if isinstance(point, datetime):
        return None
    return (point.store, "") if point.is_number else (point.store, point.position)


def _order_of(point: Point) -> _Order:
    """Where a point is among those of its group, and a change among those that follow it."""
    # Whole milliseconds are later than a moment just when they are later than its whole milliseconds.
    return (0, timestamp_text(point)) if isinstance(point, datetime) else point.order


@frozen
class _Found:
    """What changed after the point ``earliest``, with its order; it serves the points up to ``latest``, if any."""

    earliest: _Order | None = None
    latest: _Order | None = None
    events: Sequence[tuple[_Order, EncodedEvent]] = ()

    def after(self, point: Point) -> Sequence[EncodedEvent] | None:
        order = _order_of(point)
        if self.earliest is None or self.latest is None or not self.earliest <= order <= self.latest:
            return None
        if order == self.earliest:
            return [event for _, event in self.events]
        return [event for at, event in self.events if at > order]


@define(eq=False)
class _ShopReads:
    """The reads of one shop, one after the other, for as long as subscribers ask.

    Attributes:
        task: carries them out.
        waiting: the subscribers that the next read serves.
        asking: how many subscribers wait for this read or for the next one.
        events: what the last read found; an event that the next one finds again is not encoded again.
    """

    task: asyncio.Task[None] | None = None
    waiting: list[tuple[Point, asyncio.Future[Sequence[EncodedEvent] | None]]] = field(factory=list)
    asking: int = 0
    events: Mapping[Hashable, EncodedEvent] = field(factory=dict)

    def encode(self, changes: Sequence[tuple[StoredProduct, str | None]], now: datetime) -> Sequence[EncodedEvent]:
        """The events of changes; ``now`` is their ``timestamp`` if they are encoded by this call."""
        events: dict[Hashable, EncodedEvent] = {}
        for product, cursor in changes:
            name = (product.video_id, product.created_at, product.revision, cursor)
            events[name] = self.events.get(name) or EncodedEvent(announce_stored(product, now, cursor=cursor))
        self.events = events
        return list(events.values())


@define(eq=False, kw_only=True)
class ReplayReader:
    """Reads what subscribers missed."""

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings
    counters: Counters
    _turns: asyncio.Semaphore = field(init=False)
    _shops: dict[str, _ShopReads] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.settings.max_concurrent_replays)

    async def read(self, seller_handle: str, after: Point) -> Sequence[EncodedEvent] | None:
        """What changed in a shop after a point, oldest change first; None if it is too much, or cannot be read.

        The read begins after this call: no product that was saved before is missing.
        """
        loop = asyncio.get_running_loop()
        reads = self._shops.get(seller_handle)
        if reads is None:
            reads = self._shops[seller_handle] = _ShopReads()
            reads.task = loop.create_task(self._serve(seller_handle, reads))
        answer: asyncio.Future[Sequence[EncodedEvent] | None] = loop.create_future()
        reads.waiting.append((after, answer))
        reads.asking += 1
        try:
            return await answer
        finally:
            reads.asking -= 1
            if not reads.asking:
                self._end(seller_handle, reads)

    def cancel(self) -> None:
        """Stop all reads; the caller cancels the tasks that wait for one."""
        for seller_handle, reads in list(self._shops.items()):
            self._end(seller_handle, reads)

    def report(self, error: Exception) -> None:
        """Count a replay that failed, and write it to the journal."""
        self.counters.errors += 1
        problem = str(error) if isinstance(error, LinkhubError) else repr(error)
        transient = isinstance(error, TransientError)
        self.journal.record(
            [ActivityFailed(activity="replay", problem=problem, transient=transient, retry_seconds=0.0)]
        )

    def _end(self, seller_handle: str, reads: _ShopReads) -> None:
        if self._shops.get(seller_handle) is reads:
            del self._shops[seller_handle]
        if reads.task is not None:
            reads.task.cancel()

    async def _serve(self, seller_handle: str, reads: _ShopReads) -> None:
        """Read until no subscriber waits; the last one that is served ends it."""
        while reads.waiting:
            async with self._turns:
                # No await between these two: a subscriber that asks from now on waits for the next read.
                waiting, reads.waiting = reads.waiting, []
                groups: dict[Hashable, list[tuple[Point, asyncio.Future[Sequence[EncodedEvent] | None]]]] = {}
                for point, answer in waiting:
                    groups.setdefault(_group_of(point), []).append((point, answer))
                for group in groups.values():
                    found = await self._try_to_read(seller_handle, reads, {point for point, _ in group})
                    await _hand_out(group, found)
        if self._shops.get(seller_handle) is reads:
            del self._shops[seller_handle]

    async def _try_to_read(self, seller_handle: str, reads: _ShopReads, points: set[Point]) -> _Found:
        try:
            return await self._read(seller_handle, reads, sorted(points, key=_order_of))
        except Exception as error:  # noqa: BLE001  the subscribers are answered, whatever the store raises
            self.report(error)
            return _Found()

    async def _read(self, seller_handle: str, reads: _ShopReads, points: Sequence[Point]) -> _Found:
        points = await self._known(points)
        low, high, middle = 0, len(points), 0
        found: Sequence[tuple[_Order, StoredProduct, str | None]] = []
        while low < high:
            changes = await self._changes(seller_handle, points[middle])
            if changes is None:
                low = middle + 1
            else:
                high, found = middle, changes
            middle = (low + high) // 2
        if high == len(points):
            return _Found()
        events = reads.encode([(product, cursor) for _, product, cursor in found], self.clock.now())
        orders = [order for order, _, _ in found]
        return _Found(_order_of(points[high]), _order_of(points[-1]), list(zip(orders, events, strict=True)))

    async def _known(self, points: Sequence[Point]) -> Sequence[Point]:
        """The points that the store gave: of the cursors of a group, all up to one of them."""
        low, high = 0, len(points)
        middle = high - 1  # first the last one: in most cases all are known
        while high > 1 and low < high and isinstance(after := points[middle], Cursor):
            if isinstance(await self.browse.changes_after(after, limit=1), UnknownCursor):
                high = middle
            else:
                low = middle + 1
            middle = (low + high) // 2
        return points[:high]

    async def _changes(
        self, seller_handle: str, after: Point
    ) -> Sequence[tuple[_Order, StoredProduct, str | None]] | None:
        """The changes after a point, with their order and their cursor; None if they are too many."""
        if isinstance(after, datetime):
            products = await self.browse.missed(seller_handle, after)
            return None if products is None else [((0, product.updated_at), product, None) for product in products]
        found = await self.browse.changes_after(after)
        if isinstance(found, UnknownCursor) or found.has_more:
            return None
        changes = found.changes
        if not after.is_number:
            # The end of a walk goes back to what may have become readable behind the walk. A reader who subscribes does
            # not go on from that end, so it is read here.
            end = await self.browse.changes_after(_position_of(found.cursor, seller_handle))
            if isinstance(end, UnknownCursor) or end.has_more:
                return None
            again = {change.product.video_id for change in end.changes}
            changes = [*(change for change in changes if change.product.video_id not in again), *end.changes]
        return [(_position_of(change.cursor, seller_handle).order, *change) for change in changes]


def _position_of(cursor: str, seller_handle: str) -> Cursor:
    position = parse_cursor(cursor, seller_handle)
    assert position is not None  # noqa: S101  the store made it
    return position


async def _hand_out(waiting: _Waiting, found: _Found) -> None:
    for number, (after, answer) in enumerate(waiting, start=1):
        if not answer.done():
            answer.set_result(found.after(after))
        if not number % ANSWERED_TOGETHER:
            await asyncio.sleep(0)
