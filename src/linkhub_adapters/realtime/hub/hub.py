"""The hub: which connection is subscribed to which shop, and the loop that writes announcements to them.

Theory of operation. Connections of every kind are :class:`~.subscriber.Subscriber` values; the hub knows no sockets. A
message of a client goes through its session (:mod:`linkhub_core.application.subscriber_session`), and the outcomes
are carried out here. An announcement is encoded once for each wire format and written to each subscriber in one
synchronous loop: no task and no queue. Announcements of a shop that come together are written together: system calls
are most of the cost, so a server that is behind writes more events in the same time.

Rule 1. An announcement that is not new is dropped (:mod:`~.announced_revisions`), and so is one of a product that was
        deleted (:mod:`~.recreated`). The memory is bounded, and holds products of shops without subscribers: a client
        that comes later has read the newest revision from the store, and must not be shown an older one after it.
Rule 2. A subscriber sees a revision at most once, and revisions only grow, whether they come live or from a replay
        (:mod:`~.catch_up`). Only a client that asks again for what it missed is shown it again.
Rule 3. Of messages that come at once the last one for a shop decides, each is answered in order, and a subscriber
        that is disconnected leaves no task behind.
Rule 4. The holder of an event's cursor was given every change up to it. So an event has no cursor while an earlier
        announcement of its shop waits, and lost announcements are replayed from the store before later ones are sent.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from attrs import Factory, define, field

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.announced_revisions import AnnouncedRevisions, Novelty
from linkhub_adapters.realtime.hub.catch_up import CatchUp
from linkhub_adapters.realtime.hub.channel import Channel
from linkhub_adapters.realtime.hub.recreated import RecreatedProducts
from linkhub_adapters.realtime.hub.replay_reader import ReplayReader
from linkhub_adapters.realtime.hub.subscriber import Acknowledge, Subscriber
from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application import BrowseShop
from linkhub_core.application.subscriber_session import Join, Leave, Outcome, Reply, SubscriberSession
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import Clock, Journal
from linkhub_core.wire.announcements import without_cursor
from linkhub_core.wire.cursor import parse_cursor


def _ignore(_: Sequence[Announcement]) -> None:
    """Nothing is measured."""


def _new_id() -> str:
    return secrets.token_urlsafe(12)


@define(eq=False, kw_only=True)
class Hub:
    """All subscribers of this process. Make and use it on one event loop.

    Args:
        browse: reads what clients missed.
        clock: the time in replies and replayed events.
        journal: gets an entry for each read that failed.
        settings: see :class:`~.settings.RealtimeSettings`.
        monotonic: seconds, for the rate of messages.
        new_id: makes the public id of a connection.
        written: is given the announcements of a shop after they were written to its subscribers.
    """

    browse: BrowseShop
    clock: Clock
    journal: Journal
    settings: RealtimeSettings = Factory(RealtimeSettings)
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = _new_id
    written: Callable[[Sequence[Announcement]], None] = _ignore
    counters: Counters = field(factory=Counters, init=False)
    _subscribers: set[Subscriber] = field(factory=set, init=False)
    _channels: dict[str, Channel] = field(factory=dict, init=False)
    _announced: AnnouncedRevisions = field(init=False)
    _catch_up: CatchUp = field(init=False)
    _recreated: RecreatedProducts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._announced = AnnouncedRevisions(max_products=self.settings.max_remembered_products)
        reader = ReplayReader(
            browse=self.browse,
            clock=self.clock,
            journal=self.journal,
            settings=self.settings,
            counters=self.counters,
        )
        self._catch_up = CatchUp(
            reader=reader,
            clock=self.clock,
            settings=self.settings,
            counters=self.counters,
            announced=self._announced,
        )
        self._recreated = RecreatedProducts(
            known_life=self._announced.life_of,
            products=self.browse.products,
            broadcast=self._broadcast_decided,
            report=reader.report,
        )

    # --- connections -----------------------------------------------------------------------------------------------

    def connect(
        self,
        wire_format: WireFormat,
        write: Callable[[Any], object],
        unsent_bytes: Callable[[], int],
        *,
        client_id: str | None = None,
    ) -> Subscriber:
        """Add a connection, and send it ``connected``.

        Args:
            wire_format: see :class:`~.subscriber.Subscriber`, as for the next two.
            write: takes what the wire format encodes.
            unsent_bytes: how many bytes wait for the reader.
            client_id: its public id, if it has one already.
        """
        session = SubscriberSession(client_id=client_id or self.new_id(), limits=self.settings.session)
        subscriber = Subscriber(session, wire_format, write, unsent_bytes)
        self._subscribers.add(subscriber)
        self.counters.connections_opened += 1
        self._catch_up.answer(subscriber, session.connected(self.clock.now()))
        return subscriber

    def disconnect(self, subscriber: Subscriber) -> None:
        """Remove a connection that is gone, or about to be: nothing more is written to it. Again does nothing."""
        if subscriber not in self._subscribers:
            return
        self._subscribers.remove(subscriber)
        self.counters.connections_closed += 1
        subscriber.drop_answers()
        self._leave(subscriber, subscriber.session.seller_handles)

    def switch_transport(self, subscriber: Subscriber, wire_format: WireFormat, write: Callable[[Any], object]) -> None:
        """Write to a subscriber in another format, and elsewhere, from now on."""
        for seller_handle in subscriber.session.seller_handles:
            if seller_handle in self._channels:
                self._channels[seller_handle].switch(subscriber, wire_format)
        subscriber.wire_format, subscriber.write = wire_format, write

    def receive(self, subscriber: Subscriber, event: str, data: object, acknowledge: Acknowledge | None = None) -> None:
        """Take a message.

        Args:
            subscriber: its sender; a message of one that was disconnected is ignored.
            event: its name.
            data: decoded JSON.
            acknowledge: takes the JSON of the answer's data once, if the client asked for an acknowledgement.
        """
        if subscriber in self._subscribers:
            self.counters.messages_in += 1
            now = self.clock.now()
            outcomes = subscriber.session.receive(event, data, monotonic=self.monotonic(), now=now)
            self._carry_out(subscriber, outcomes, acknowledge)

    def receive_malformed(self, subscriber: Subscriber, problem: str, acknowledge: Acknowledge | None = None) -> None:
        """Take a message in which no event could be read."""
        if subscriber in self._subscribers:
            self.counters.messages_in += 1
            now = self.clock.now()
            outcomes = subscriber.session.receive_malformed(problem, monotonic=self.monotonic(), now=now)
            self._carry_out(subscriber, outcomes, acknowledge)

    # --- announcements ---------------------------------------------------------------------------------------------

    def broadcast(self, announcement: Announcement) -> None:
        """Write an announcement to all subscribers of its shop that have not seen it."""
        self.broadcast_all([announcement])

    def broadcast_all(self, announcements: Sequence[Announcement]) -> None:
        """Write announcements, in their order within each shop; those of a shop are written together.

        Raises:
            Exception: from the first announcement that could not be written; all others were written.
        """
        by_shop: dict[str, list[Announcement]] = {}
        for announcement in announcements:
            new = self._take_new(announcement)
            if new is not None:
                by_shop.setdefault(announcement.key.seller_handle, []).append(new)
        failures: list[Exception] = []
        for seller_handle, new_ones in by_shop.items():
            channel = self._channels.get(seller_handle)
            if channel is not None:  # else a write to another shop found that its last subscriber is gone
                failures += self._write(channel, new_ones)
                self.written(new_ones)
        if failures:
            raise failures[0]

    def catch_up(self, since: datetime) -> None:
        """Replay lost announcements from the store to all subscribers: what changed and was not shown.

        Call it before later announcements are broadcast: they wait for the replay. Each subscriber gets ``subscribed``
        first, as if it had asked. A shop without a known cursor is read by time.

        Args:
            since: the time before which nothing was lost.
        """
        for seller_handle, channel in list(self._channels.items()):
            after = parse_cursor(channel.cursor, seller_handle) or since
            for subscriber in channel.subscribers():
                if subscriber in channel:  # else an answer to another one found that this one is gone
                    self._catch_up.resume(subscriber, seller_handle, channel, after)

    def _write(self, channel: Channel, announcements: Sequence[Announcement]) -> Sequence[Exception]:
        """Write them together, or one by one where one of them cannot be written; return what was raised."""
        if len(announcements) > 1 and not channel.any_replayed(announcements):
            try:
                self.counters.deliveries += channel.broadcast_all(announcements)
            except Exception:  # noqa: BLE001  nothing was written, and the one that raised it raises it again alone
                return self._write_each(channel, announcements)
            return []
        return self._write_each(channel, announcements)

    def _write_each(self, channel: Channel, announcements: Sequence[Announcement]) -> Sequence[Exception]:
        failures: list[Exception] = []
        for announcement in announcements:
            try:
                self.counters.deliveries += channel.broadcast(announcement)
            except Exception as error:  # noqa: BLE001  it is raised after the others were written
                failures.append(error)
        return failures

    def _take_new(self, announcement: Announcement) -> Announcement | None:
        """Remember an announcement as broadcast; return it if it is new and its shop has subscribers."""
        match self._announced.judge(announcement):
            case Novelty.NEW:
                return self._remember(announcement)
            case Novelty.OTHER_LIFE:
                self._recreated.decide(announcement)
            case Novelty.REPEAT:
                self.counters.repeats_dropped += 1
        return None

    def _broadcast_decided(self, announcement: Announcement) -> None:
        if self._announced.covers(announcement):
            self.counters.repeats_dropped += 1
        elif (new := self._remember(announcement)) is not None:
            self.counters.deliveries += self._channels[announcement.key.seller_handle].broadcast(new)

    def _remember(self, announcement: Announcement) -> Announcement | None:
        self._announced.remember(announcement)
        seller_handle = announcement.key.seller_handle
        if seller_handle not in self._channels:
            return None
        self.counters.broadcasts += 1
        return without_cursor(announcement) if self._recreated.is_waiting(seller_handle) else announcement

    # --- figures ---------------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """The connections, as ``GET /api/v1/websocket/stats`` shows them."""
        per_seller = {seller_handle: len(channel) for seller_handle, channel in sorted(self._channels.items())}
        return {
            "totalConnections": len(self._subscribers),
            "totalSubscriptions": sum(per_seller.values()),
            "sellerHandles": list(per_seller),
            "clientsPerSeller": per_seller,
            "clientsPerTransport": dict(self.connections_by_transport()),
        }

    def connections_by_transport(self) -> Counter[str]:
        """How many connections each transport has."""
        return Counter(subscriber.wire_format.name for subscriber in self._subscribers)

    @property
    def subscription_count(self) -> int:
        """The subscriptions of all connections."""
        return sum(map(len, self._channels.values()))

    def close(self) -> None:
        """Stop all reads and replays."""
        self._recreated.cancel()
        self._catch_up.cancel(self._channels.values())

    # --- outcomes --------------------------------------------------------------------------------------------------

    def _carry_out(self, subscriber: Subscriber, outcomes: Sequence[Outcome], acknowledge: Acknowledge | None) -> None:
        for outcome in outcomes:
            match outcome:
                case Join():
                    channel = self._channels.setdefault(outcome.seller_handle, Channel())
                    self._catch_up.subscribe(subscriber, outcome.seller_handle, channel, outcome.after, acknowledge)
                case Leave():
                    self._leave(subscriber, outcome.seller_handles)
                case Reply():
                    self.counters.errors += outcome.event == "error"
                    self._catch_up.answer(subscriber, outcome, acknowledge)

    def _leave(self, subscriber: Subscriber, seller_handles: Sequence[str]) -> None:
        for seller_handle in seller_handles:
            channel = self._channels.get(seller_handle)
            if channel is not None:
                self._catch_up.leave(subscriber, channel)
                channel.leave(subscriber)
                if not channel:
                    del self._channels[seller_handle]
