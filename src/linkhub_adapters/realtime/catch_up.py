"""Catching up: a viewer is told what it missed, then sees what is announced, with no gap and nothing twice.

    joins            it is held: what is announced from now on waits
    its turn         what changed since is read from the product store, once a request
    the answer       `subscribed`, which says whether all of it follows
    the replay       oldest change first, no faster than the viewer reads
    goes live        what waited is sent at the same pace, and nothing stands between it and the next announcement

Rule 1. Nothing is kept for a viewer that is not connected, and little for one that is: see :class:`~.shop.Hold`.
Rule 2. If the store does not answer, or too much was missed, the answer says `recovered: false` and nothing is lost
        but time: the client loads the page.
Rule 3. A viewer that asks again while it catches up is answered in turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_adapters.realtime.shop import Hold, Order, Shop
from linkhub_adapters.realtime.viewer import Viewer
from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce
from linkhub_core.entries import ActivityFailed
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model import ProductKey
from linkhub_core.ports import Clock, Journal
from linkhub_core.subscriptions import subscribed
from linkhub_core.use_cases import BrowseShop

__all__ = ["Acknowledge", "CatchUp"]

Acknowledge = Callable[[bytes], None]

_PAUSE_SECONDS: Final = 0.05
_MAX_PAUSES: Final = 400


@frozen
class _Request:
    since: datetime | None
    acknowledge: Acknowledge | None


@define(eq=False, kw_only=True)
class CatchUp:
    """Tells viewers what they missed, a few of them at a time.

    ``last_shown`` gives the order of a product's newest announcement that live viewers have seen, where known.
    """

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings
    counters: Counters
    last_shown: Callable[[ProductKey], Order | None]
    _turns: asyncio.Semaphore = field(init=False)
    _requests: dict[tuple[Viewer, str], list[_Request]] = field(factory=dict, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.settings.max_concurrent_replays)

    def begin(
        self, viewer: Viewer, seller_handle: str, shop: Shop, since: datetime, acknowledge: Acknowledge | None
    ) -> None:
        """Hold a viewer and let it catch up."""
        if self.queue(viewer, seller_handle, since, acknowledge):
            return
        self._requests[viewer, seller_handle] = [_Request(since, acknowledge)]
        task = asyncio.get_running_loop().create_task(self._run(viewer, seller_handle, shop, shop.hold(viewer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def queue(
        self, viewer: Viewer, seller_handle: str, since: datetime | None, acknowledge: Acknowledge | None
    ) -> bool:
        """Let a viewer that catches up in this shop be answered in turn; tells whether there is such a one."""
        requests = self._requests.get((viewer, seller_handle))
        if requests is None:
            return False
        requests.append(_Request(since, acknowledge))
        return True

    def forget(self, viewer: Viewer, seller_handle: str) -> None:
        """Stop telling this viewer of this shop."""
        self._requests.pop((viewer, seller_handle), None)

    def cancel(self) -> None:
        """Stop all of it at once."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, viewer: Viewer, seller_handle: str, shop: Shop, hold: Hold) -> None:
        requests = self._requests[viewer, seller_handle]
        while shop.held.get(viewer) is hold:
            if requests:
                await self._answer(viewer, seller_handle, shop, hold, requests.pop(0))
            elif hold.overflowed:
                hold.overflowed = False
                viewer.reply(subscribed(seller_handle, recovered=False, now=self.clock.now()))
            elif hold.waiting:
                self._write(viewer, hold.take())
                await self._drained(viewer, shop, hold)
            else:
                # In the same breath as the look at what waits: nothing can be announced in between.
                shop.enter(viewer)
        if self._requests.get((viewer, seller_handle)) is requests:
            del self._requests[viewer, seller_handle]

    async def _answer(self, viewer: Viewer, seller_handle: str, shop: Shop, hold: Hold, request: _Request) -> None:
        missed = [] if request.since is None else await self._missed(seller_handle, request.since)
        if shop.held.get(viewer) is not hold:
            return
        reply = subscribed(seller_handle, recovered=missed is not None, now=self.clock.now())
        data_json = viewer.reply(reply)
        if request.acknowledge is not None:
            request.acknowledge(data_json)
        for announcement in missed or ():
            # Each write may find that the reader is too slow: it is closed then, and nothing more is for it.
            if shop.held.get(viewer) is not hold:
                return
            if not hold.outdates(announcement):
                self._replay(viewer, shop, announcement)
                await self._drained(viewer, shop, hold)

    async def _missed(self, seller_handle: str, since: datetime) -> Sequence[Announcement] | None:
        async with self._turns:
            try:
                records = await self.browse.missed(seller_handle, since)
            except Exception as error:  # noqa: BLE001  whatever a store does, the viewer is answered
                self._failed(error)
                return None
        now = self.clock.now()
        return None if records is None else [announce(record, now) for record in records]

    def _failed(self, error: Exception) -> None:
        self.counters.errors += 1
        problem = str(error) if isinstance(error, LinkhubError) else repr(error)
        transient = isinstance(error, TransientError)
        self.journal.record(
            [ActivityFailed(activity="replay", problem=problem, transient=transient, retry_seconds=0.0)]
        )

    def _replay(self, viewer: Viewer, shop: Shop, announcement: Announcement) -> None:
        shown = self.last_shown(announcement.key)
        if shown is None or shown < announcement.order:
            shop.remember_replayed(viewer, announcement)
        self._write(viewer, announcement)

    def _write(self, viewer: Viewer, announcement: Announcement) -> None:
        self.counters.deliveries += 1
        viewer.write(viewer.dialect.encode(announcement))

    async def _drained(self, viewer: Viewer, shop: Shop, hold: Hold) -> None:
        """Wait while half of what may wait for a viewer does, and the viewer is still there."""
        pauses = 0
        while viewer.unsent_bytes() > self.settings.max_unsent_bytes // 2 and pauses < _MAX_PAUSES:
            await self.clock.sleep(_PAUSE_SECONDS)
            if shop.held.get(viewer) is not hold:
                return
            pauses += 1
