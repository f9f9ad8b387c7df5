"""The hub: who watches which shop, and one loop that tells them.

Theory of operation. Connections of every kind are :class:`~.viewer.Viewer` values; the hub knows nothing of sockets.
A message of a viewer goes through its session (:mod:`linkhub_core.subscriptions`) and what comes of it is carried out
here. An announcement is encoded once for each dialect and written to each viewer in one synchronous loop: no task, no
queue, nothing of asyncio in it. Announcements of a shop that come together are written together: the system call is
what costs, so the further a server is behind, the faster it is.

Rule 1. An announcement whose ``order`` is not newer than the last one of its product is dropped. The memory of that
        is bounded, and kept only for shops with viewers.
Rule 2. A viewer sees a revision at most once, and revisions only grow, whether they come live or from a replay
        (:mod:`~.catch_up`). Only a viewer that asks again for what it missed is told again.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from attrs import Factory, define, field

from linkhub_adapters.realtime.catch_up import Acknowledge, CatchUp
from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.dialect import Dialect
from linkhub_adapters.realtime.missed import MissedEvents
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_adapters.realtime.shop import Order, Shop
from linkhub_adapters.realtime.viewer import Viewer
from linkhub_core.announcement import Announcement
from linkhub_core.model import ProductKey
from linkhub_core.ports import Clock, Journal
from linkhub_core.subscriptions import Join, Leave, Outcome, Reply, SubscriberSession, subscribed
from linkhub_core.use_cases import BrowseShop

__all__ = ["Hub"]


def _new_id() -> str:
    return secrets.token_urlsafe(12)


@define(eq=False, kw_only=True)
class Hub:
    """All viewers of this process. It is to be made and used on one event loop.

    Args:
        browse: what tells viewers that come back what they missed.
        clock: the time that replies and replayed events tell.
        journal: told of replays that failed.
        settings: see :class:`~.settings.RealtimeSettings`.
        monotonic: seconds, for the pace of messages.
        new_id: makes the public id of a viewer.
    """

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings = Factory(RealtimeSettings)
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = _new_id
    counters: Counters = field(factory=Counters, init=False)
    _viewers: set[Viewer] = field(factory=set, init=False)
    _shops: dict[str, Shop] = field(factory=dict, init=False)
    # In order of the last broadcast: the first is the one that is forgotten.
    _shown: dict[ProductKey, Order] = field(factory=dict, init=False)
    _catch_up: CatchUp = field(init=False)

    def __attrs_post_init__(self) -> None:
        missed = MissedEvents(
            browse=self.browse,
            clock=self.clock,
            journal=self.journal,
            settings=self.settings,
            counters=self.counters,
        )
        self._catch_up = CatchUp(
            missed=missed,
            clock=self.clock,
            settings=self.settings,
            counters=self.counters,
            last_shown=self._shown.get,
        )

    # --- viewers ---------------------------------------------------------------------------------------------------

    def greet(
        self,
        dialect: Dialect,
        write: Callable[[Any], object],
        unsent_bytes: Callable[[], int],
        *,
        client_id: str | None = None,
    ) -> Viewer:
        """Take a new connection in, and send it ``connected``.

        Args:
            dialect: see :class:`~.viewer.Viewer`, as for the next two.
            write: takes what the dialect encodes.
            unsent_bytes: how much waits for it.
            client_id: its public id, if it has one already.
        """
        session = SubscriberSession(client_id=client_id or self.new_id(), limits=self.settings.session)
        viewer = Viewer(session, dialect, write, unsent_bytes)
        self._viewers.add(viewer)
        self.counters.connections_opened += 1
        viewer.reply(session.connected(self.clock.now()))
        return viewer

    def forget(self, viewer: Viewer) -> None:
        """A connection is gone, or about to be: write nothing to it any more. Again does nothing."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        self.counters.connections_closed += 1
        self._leave(viewer, viewer.session.seller_handles)

    def move(self, viewer: Viewer, dialect: Dialect, write: Callable[[Any], object]) -> None:
        """Write to a viewer in another form, and elsewhere, from now on."""
        live = [shop for shop in self._shops_of(viewer) if viewer not in shop.held]
        for shop in live:
            del shop.live[viewer.dialect][viewer]
        viewer.dialect, viewer.write = dialect, write
        for shop in live:
            shop.enter(viewer)

    def receive(self, viewer: Viewer, event: str, data: object, acknowledge: Acknowledge | None = None) -> None:
        """Take a message of a viewer.

        Args:
            viewer: who sent it.
            event: its name.
            data: decoded JSON.
            acknowledge: where the client asked for it, takes the JSON of the answer's data once.
        """
        self.counters.messages_in += 1
        now = self.clock.now()
        outcomes = viewer.session.receive(event, data, monotonic=self.monotonic(), now=now)
        self._carry_out(viewer, outcomes, acknowledge)

    def receive_malformed(self, viewer: Viewer, problem: str, acknowledge: Acknowledge | None = None) -> None:
        """Take a message of a viewer in which there was no event to read."""
        self.counters.messages_in += 1
        now = self.clock.now()
        outcomes = viewer.session.receive_malformed(problem, monotonic=self.monotonic(), now=now)
        self._carry_out(viewer, outcomes, acknowledge)

    # --- announcements ---------------------------------------------------------------------------------------------

    def broadcast(self, announcement: Announcement) -> None:
        """Show an announcement to all who watch its shop, unless they have seen it."""
        shop = self._shop_for(announcement)
        if shop is not None:
            self.counters.deliveries += shop.show(announcement)

    def broadcast_all(self, announcements: Sequence[Announcement]) -> None:
        """The same for several, in their order within each shop; those of a shop are written together.

        Raises:
            Exception: what the first one raised that could not be shown; all others have been.
        """
        news: dict[str, tuple[Shop, list[Announcement]]] = {}
        for announcement in announcements:
            shop = self._shop_for(announcement)
            if shop is not None:
                news.setdefault(announcement.key.seller_handle, (shop, []))[1].append(announcement)
        failures = [failure for shop, those in news.values() for failure in self._show_all(shop, those)]
        if failures:
            raise failures[0]

    def catch_up(self, since: datetime) -> None:
        """Show all viewers what changed after ``since`` and was not shown: news of it were lost on their way here.

        Each is told ``subscribed`` first, as if it had asked; where too much was missed, with ``recovered: false``.
        """
        for seller_handle, shop in self._shops.items():
            for viewer in shop.viewers():
                self._catch_up.resume(viewer, seller_handle, shop, since)

    def _show_all(self, shop: Shop, announcements: Sequence[Announcement]) -> Sequence[Exception]:
        """Show them together, or else one by one, so that one that cannot be shown keeps no other from its viewers."""
        if len(announcements) > 1 and not shop.has_replayed(announcements) and self._show_together(shop, announcements):
            return []
        failures: list[Exception] = []
        for announcement in announcements:
            try:
                self.counters.deliveries += shop.show(announcement)
            except Exception as error:  # noqa: BLE001  it is raised, after the others had their turn
                failures.append(error)
        return failures

    def _show_together(self, shop: Shop, announcements: Sequence[Announcement]) -> bool:
        try:
            self.counters.deliveries += shop.show_all(announcements)
        except Exception:  # noqa: BLE001  nothing was written, and whichever it was raises again by itself
            return False
        return True

    def _shop_for(self, announcement: Announcement) -> Shop | None:
        """The shop whose viewers have to see it, and remember that they did; none if nobody has to."""
        shop = self._shops.get(announcement.key.seller_handle)
        if shop is None:
            return None
        order = announcement.order
        last = self._shown.pop(announcement.key, None)
        if last is not None and last >= order:
            self._shown[announcement.key] = last
            self.counters.repeats_dropped += 1
            return None
        self._shown[announcement.key] = order
        if len(self._shown) > self.settings.max_remembered_products:
            del self._shown[next(iter(self._shown))]
        self.counters.broadcasts += 1
        return shop

    def stats(self) -> dict[str, Any]:
        """Who is connected, as ``GET /api/v1/websocket/stats`` shows it."""
        per_seller = {seller_handle: len(shop) for seller_handle, shop in sorted(self._shops.items())}
        return {
            "totalConnections": len(self._viewers),
            "totalSubscriptions": sum(per_seller.values()),
            "sellerHandles": list(per_seller),
            "clientsPerSeller": per_seller,
            "clientsPerTransport": dict(self.viewers_by_transport()),
        }

    def viewers_by_transport(self) -> Counter[str]:
        """How many viewers came which way."""
        return Counter(viewer.dialect.name for viewer in self._viewers)

    @property
    def subscription_count(self) -> int:
        """The subscriptions of all viewers."""
        return sum(map(len, self._shops.values()))

    def close(self) -> None:
        """Stop replays that are under way."""
        self._catch_up.cancel()

    # --- outcomes --------------------------------------------------------------------------------------------------

    def _carry_out(self, viewer: Viewer, outcomes: Sequence[Outcome], acknowledge: Acknowledge | None) -> None:
        for outcome in outcomes:
            match outcome:
                case Join():
                    self._join(viewer, outcome, acknowledge)
                case Leave():
                    self._leave(viewer, outcome.seller_handles)
                case Reply():
                    self.counters.errors += outcome.event == "error"
                    data_json = viewer.reply(outcome)
                    if acknowledge is not None:
                        acknowledge(data_json)

    def _join(self, viewer: Viewer, join: Join, acknowledge: Acknowledge | None) -> None:
        seller_handle = join.seller_handle
        shop = self._shops.setdefault(seller_handle, Shop())
        if join.since is not None:
            self._catch_up.begin(viewer, seller_handle, shop, join.since, acknowledge)
        elif not self._catch_up.queue(viewer, seller_handle, None, acknowledge):
            shop.enter(viewer)
            data_json = viewer.reply(subscribed(seller_handle, recovered=True, now=self.clock.now()))
            if acknowledge is not None:
                acknowledge(data_json)

    def _leave(self, viewer: Viewer, seller_handles: Sequence[str]) -> None:
        for seller_handle in seller_handles:
            shop = self._shops.get(seller_handle)
            if shop is not None:
                self._catch_up.forget(viewer, seller_handle)
                shop.leave(viewer)
                if not shop:
                    del self._shops[seller_handle]

    def _shops_of(self, viewer: Viewer) -> Sequence[Shop]:
        return [shop for handle in viewer.session.seller_handles if (shop := self._shops.get(handle)) is not None]
