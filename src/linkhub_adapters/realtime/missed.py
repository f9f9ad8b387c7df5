"""What was missed in a shop, read once for all who come back to it at the same time.

Theory of operation. Whoever asks is held already (:mod:`~.catch_up`): what is announced from then on reaches it. So a
read that *begins* after that leaves no gap, and one that is under way might: whoever comes during a read waits for the
next. All who wait share one, after the earliest ``since`` of them, and each gets of it what is later than its own.
Where the earliest has missed too much, the earliest that has not is looked for by halves: a dozen reads for thousands.

Rule 1. One read a shop at a time, and so many altogether.
Rule 2. Answers are handed out a few at a time, with the event loop's other work in between: thousands who come back
        delay nobody else's events.
Rule 3. A store that fails is told to the journal once, and costs all who shared the read their replay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.encoded_events import EncodedEvent, EncodedEvents
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.entries import ActivityFailed
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model import ProductRecord
from linkhub_core.ports import Clock, Journal
from linkhub_core.use_cases import BrowseShop

__all__ = ["MissedEvents"]

ANSWERED_TOGETHER: Final = 16

_Waiting = list[tuple[datetime, asyncio.Future[Sequence[EncodedEvent] | None]]]


@frozen
class _Found:
    """The earliest ``since`` after which not too much was missed, and what that is, with its moments; none at all, and
    everybody has to load the page."""

    earliest: datetime | None = None
    events: Sequence[tuple[datetime, EncodedEvent]] = ()

    def after(self, since: datetime) -> Sequence[EncodedEvent] | None:
        if self.earliest is None or since < self.earliest:
            return None
        return [event for moment, event in self.events if moment > since]


@define(eq=False, kw_only=True)
class MissedEvents:
    """Reads what viewers missed."""

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings
    counters: Counters
    events: EncodedEvents = field(factory=EncodedEvents)
    _turns: asyncio.Semaphore = field(init=False)
    # The shops that are read, or are about to be; of each, who waits for the next read.
    _waiting: dict[str, _Waiting] = field(factory=dict, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.settings.max_concurrent_replays)

    async def read(self, seller_handle: str, since: datetime) -> Sequence[EncodedEvent] | None:
        """What changed in a shop after ``since``, oldest change first; none when it is too much, or cannot be read.

        It is read after this was called: nothing that was saved before is missing.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[EncodedEvent] | None] = loop.create_future()
        if seller_handle in self._waiting:
            self._waiting[seller_handle].append((since, answer))
        else:
            self._waiting[seller_handle] = [(since, answer)]
            task = loop.create_task(self._serve(seller_handle))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    def cancel(self) -> None:
        """Stop all reads; who waits for one is to be cancelled, too."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, seller_handle: str) -> None:
        try:
            while self._waiting[seller_handle]:
                async with self._turns:
                    # In one breath: whoever comes from now on waits for the next read.
                    waiting, self._waiting[seller_handle] = self._waiting[seller_handle], []
                    found = await self._try_to_read(seller_handle, sorted({since for since, _ in waiting}))
                await _hand_out(waiting, found)
        finally:
            del self._waiting[seller_handle]

    async def _try_to_read(self, seller_handle: str, sinces: Sequence[datetime]) -> _Found:
        try:
            return await self._read(seller_handle, sinces)
        except Exception as error:  # noqa: BLE001  whatever a store does, the viewers are answered
            self._failed(error)
            return _Found()

    async def _read(self, seller_handle: str, sinces: Sequence[datetime]) -> _Found:
        low, high, middle = 0, len(sinces), 0
        found: Sequence[ProductRecord] = []
        while low < high:
            records = await self.browse.missed(seller_handle, sinces[middle])
            if records is None:
                low = middle + 1
            else:
                high, found = middle, records
            middle = (low + high) // 2
        if high == len(sinces):
            return _Found()
        now = self.clock.now()
        return _Found(sinces[high], [(record.updated_at, self.events.of_record(record, now)) for record in found])

    def _failed(self, error: Exception) -> None:
        self.counters.errors += 1
        problem = str(error) if isinstance(error, LinkhubError) else repr(error)
        transient = isinstance(error, TransientError)
        self.journal.record(
            [ActivityFailed(activity="replay", problem=problem, transient=transient, retry_seconds=0.0)]
        )


async def _hand_out(waiting: _Waiting, found: _Found) -> None:
    for number, (since, answer) in enumerate(waiting, start=1):
        if not answer.done():
            answer.set_result(found.after(since))
        if not number % ANSWERED_TOGETHER:
            await asyncio.sleep(0)
