"""Reads what viewers of a shop missed: one read for all that come back at the same time.

Theory of operation. A viewer that asks is held already (:mod:`~.catch_up`): what is announced from then on waits for
it. So a read that *begins* after that leaves no gap, and a read that is under way might: a viewer that asks during a
read waits for the next one. All that wait share one read, after the earliest ``since`` of them, and each gets the part
that is later than its own. Where too much changed after the earliest, bisection finds the earliest ``since`` after
which not too much changed: a dozen reads for thousands of viewers.

Rule 1. One read a shop at a time, and at most ``max_concurrent_replays`` altogether.
Rule 2. Answers are handed out a few at a time, with the event loop's other work in between: thousands of viewers that
        come back delay no event of others.
Rule 3. A store that fails is reported to the journal once, and costs all that shared the read their replay.
Rule 4. A read that no viewer waits for any more is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.encoded_event import EncodedEvent
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application import BrowseShop
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Clock, Journal
from linkhub_core.wire.codec import announce_stored, timestamp_text

__all__ = ["ReplayReader"]

ANSWERED_TOGETHER: Final = 16

_Waiting = list[tuple[datetime, asyncio.Future[Sequence[EncodedEvent] | None]]]


@frozen
class _Found:
    """What changed after ``earliest``, with its moments; ``earliest`` is None if too much changed after every since."""

    earliest: datetime | None = None
    events: Sequence[tuple[str, EncodedEvent]] = ()

    def after(self, since: datetime) -> Sequence[EncodedEvent] | None:
        if self.earliest is None or since < self.earliest:
            return None
        # Whole milliseconds are later than a moment just when they are later than its whole milliseconds.
        moment = timestamp_text(since)
        return [event for updated_at, event in self.events if updated_at > moment]


@define(eq=False)
class _ShopReads:
    """The reads of one shop, one after the other, for as long as viewers ask.

    Attributes:
        task: carries them out.
        waiting: the viewers that the next read serves.
        asking: how many viewers wait for this read or for the next one.
        events: what the last read found; an event that the next one finds again is not encoded again.
    """

    task: asyncio.Task[None] | None = None
    waiting: _Waiting = field(factory=list)
    asking: int = 0
    events: Mapping[tuple[str, str, int], EncodedEvent] = field(factory=dict)

    def encode(self, products: Sequence[StoredProduct], now: datetime) -> Sequence[EncodedEvent]:
        """The events of products; ``now`` is their ``timestamp`` if they are encoded by this call."""
        named = {(product.video_id, product.created_at, product.revision): product for product in products}
        self.events = {
            name: self.events.get(name) or EncodedEvent(announce_stored(product, now))
            for name, product in named.items()
        }
        return list(self.events.values())


@define(eq=False, kw_only=True)
class ReplayReader:
    """Reads what viewers missed."""

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings
    counters: Counters
    _turns: asyncio.Semaphore = field(init=False)
    _shops: dict[str, _ShopReads] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.settings.max_concurrent_replays)

    async def read(self, seller_handle: str, since: datetime) -> Sequence[EncodedEvent] | None:
        """What changed in a shop after ``since``, oldest change first; None if it is too much, or cannot be read.

        The read begins after this call: nothing that was saved before is missing.
        """
        loop = asyncio.get_running_loop()
        reads = self._shops.get(seller_handle)
        if reads is None:
            reads = self._shops[seller_handle] = _ShopReads()
            reads.task = loop.create_task(self._serve(seller_handle, reads))
        answer: asyncio.Future[Sequence[EncodedEvent] | None] = loop.create_future()
        reads.waiting.append((since, answer))
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
        """Read until no viewer waits; the last one that is served ends it."""
        while reads.waiting:
            async with self._turns:
                # No await between these two: a viewer that asks from now on waits for the next read.
                waiting, reads.waiting = reads.waiting, []
                found = await self._try_to_read(seller_handle, reads, sorted({since for since, _ in waiting}))
            await _hand_out(waiting, found)
        if self._shops.get(seller_handle) is reads:
            del self._shops[seller_handle]

    async def _try_to_read(self, seller_handle: str, reads: _ShopReads, sinces: Sequence[datetime]) -> _Found:
        try:
            return await self._read(seller_handle, reads, sinces)
        except Exception as error:  # noqa: BLE001  the viewers are answered, whatever the store raises
            self.report(error)
            return _Found()

    async def _read(self, seller_handle: str, reads: _ShopReads, sinces: Sequence[datetime]) -> _Found:
        low, high, middle = 0, len(sinces), 0
        found: Sequence[StoredProduct] = []
        while low < high:
            products = await self.browse.missed(seller_handle, sinces[middle])
            if products is None:
                low = middle + 1
            else:
                high, found = middle, products
            middle = (low + high) // 2
        if high == len(sinces):
            return _Found()
        events = reads.encode(found, self.clock.now())
        return _Found(sinces[high], [(product.updated_at, event) for product, event in zip(found, events, strict=True)])


async def _hand_out(waiting: _Waiting, found: _Found) -> None:
    for number, (since, answer) in enumerate(waiting, start=1):
        if not answer.done():
            answer.set_result(found.after(since))
        if not number % ANSWERED_TOGETHER:
            await asyncio.sleep(0)
