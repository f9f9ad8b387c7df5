"""Catching up: a viewer is told what it missed, then sees what is announced, with no gap and nothing twice.

    joins            it is held: what is announced from now on waits
    its turn         what changed since is read from the product store, for all who wait for it (:mod:`~.missed`)
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
from collections.abc import Callable
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.encoded_events import EncodedEvent
from linkhub_adapters.realtime.missed import MissedEvents
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_adapters.realtime.shop import Hold, Order, Shop
from linkhub_adapters.realtime.viewer import Viewer
from linkhub_core.model import ProductKey
from linkhub_core.ports import Clock
from linkhub_core.subscriptions import subscribed

__all__ = ["Acknowledge", "CatchUp"]

Acknowledge = Callable[[bytes], None]

_PAUSE_SECONDS: Final = 0.05
_MAX_PAUSES: Final = 400


@frozen
class _Request:
    """``only_unshown`` leaves out what live viewers have been shown: nobody asked to see it again."""

    since: datetime | None
    acknowledge: Acknowledge | None = None
    only_unshown: bool = False


@define(eq=False, kw_only=True)
class CatchUp:
    """Tells viewers what they missed.

    ``last_shown`` gives the order of a product's newest announcement that live viewers have seen, where known.
    """

    missed: MissedEvents
    clock: Clock
    settings: RealtimeSettings
    counters: Counters
    last_shown: Callable[[ProductKey], Order | None]
    _requests: dict[tuple[Viewer, str], list[_Request]] = field(factory=dict, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    def begin(
        self, viewer: Viewer, seller_handle: str, shop: Shop, since: datetime, acknowledge: Acknowledge | None
    ) -> None:
        """Hold a viewer that asked for it, and let it catch up."""
        self._begin(viewer, seller_handle, shop, _Request(since, acknowledge))

    def resume(self, viewer: Viewer, seller_handle: str, shop: Shop, since: datetime) -> None:
        """Hold a viewer that did not ask, for news were lost on their way here, and let it catch up with those."""
        self._begin(viewer, seller_handle, shop, _Request(since, only_unshown=True))

    def _begin(self, viewer: Viewer, seller_handle: str, shop: Shop, request: _Request) -> None:
        if self._queue(viewer, seller_handle, request):
            return
        self._requests[viewer, seller_handle] = [request]
        task = asyncio.get_running_loop().create_task(self._run(viewer, seller_handle, shop, shop.hold(viewer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def queue(
        self, viewer: Viewer, seller_handle: str, since: datetime | None, acknowledge: Acknowledge | None
    ) -> bool:
        """Let a viewer that catches up in this shop be answered in turn; tells whether there is such a one."""
        return self._queue(viewer, seller_handle, _Request(since, acknowledge))

    def _queue(self, viewer: Viewer, seller_handle: str, request: _Request) -> bool:
        requests = self._requests.get((viewer, seller_handle))
        if requests is None:
            return False
        requests.append(request)
        return True

    def forget(self, viewer: Viewer, seller_handle: str) -> None:
        """Stop telling this viewer of this shop."""
        self._requests.pop((viewer, seller_handle), None)

    def cancel(self) -> None:
        """Stop all of it at once."""
        self.missed.cancel()
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
                self._write(viewer, self.missed.events.of_announcement(hold.take()))
                await self._drained(viewer, shop, hold)
            else:
                # In the same breath as the look at what waits: nothing can be announced in between.
                shop.enter(viewer)
        if self._requests.get((viewer, seller_handle)) is requests:
            del self._requests[viewer, seller_handle]

    async def _answer(self, viewer: Viewer, seller_handle: str, shop: Shop, hold: Hold, request: _Request) -> None:
        missed = [] if request.since is None else await self.missed.read(seller_handle, request.since)
        if shop.held.get(viewer) is not hold:
            return
        reply = subscribed(seller_handle, recovered=missed is not None, now=self.clock.now())
        data_json = viewer.reply(reply)
        if request.acknowledge is not None:
            request.acknowledge(data_json)
        for event in missed or ():
            # Each write may find that the reader is too slow: it is closed then, and nothing more is for it.
            if shop.held.get(viewer) is not hold:
                return
            known = request.only_unshown and self._was_shown(event)
            if not known and not hold.outdates(event.announcement):
                self._replay(viewer, shop, event)
                await self._drained(viewer, shop, hold)

    def _was_shown(self, event: EncodedEvent) -> bool:
        shown = self.last_shown(event.announcement.key)
        return shown is not None and shown >= event.announcement.order

    def _replay(self, viewer: Viewer, shop: Shop, event: EncodedEvent) -> None:
        if not self._was_shown(event):
            shop.remember_replayed(viewer, event.announcement)
        self._write(viewer, event)

    def _write(self, viewer: Viewer, event: EncodedEvent) -> None:
        self.counters.deliveries += 1
        viewer.write(event.form(viewer.dialect))

    async def _drained(self, viewer: Viewer, shop: Shop, hold: Hold) -> None:
        """Wait while half of what may wait for a viewer does, and the viewer is still there."""
        pauses = 0
        while viewer.unsent_bytes() > self.settings.max_unsent_bytes // 2 and pauses < _MAX_PAUSES:
            await self.clock.sleep(_PAUSE_SECONDS)
            if shop.held.get(viewer) is not hold:
                return
            pauses += 1
