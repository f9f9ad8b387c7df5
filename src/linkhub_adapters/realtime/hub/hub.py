"""The hub: which viewer watches which shop, and the loop that writes announcements to them.

Theory of operation. Connections of every kind are :class:`~.viewer.Viewer` values; the hub knows nothing of sockets.
A message of a viewer goes through its session (:mod:`linkhub_core.application.subscriber_session`), and the outcomes
are carried out here. An announcement is encoded once for each dialect and written to each viewer in one synchronous
loop: no task and no queue. Announcements of a shop that come together are written together: system calls are most of
the cost, so a server that is behind writes more events in the same time.

Rule 1. An announcement that is no news is dropped (:mod:`~.shown_revisions`), and one of a product that was deleted,
        too (:mod:`~.recreated`). The memory is bounded, and holds products of shops without viewers: a viewer that
        comes later has read the newest revision from the store, and must not be shown an older one after it.
Rule 2. A viewer sees a revision at most once, and revisions only grow, whether they come live or from a replay
        (:mod:`~.catch_up`). Only a viewer that asks again for what it missed is shown it again.
Rule 3. Of messages that come at once the last one for a shop decides, each is answered in order, and a viewer
        that is disconnected leaves no task behind.
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
from linkhub_adapters.realtime.hub.announced_revisions import Novelty, ShownRevisions
from linkhub_adapters.realtime.hub.catch_up import CatchUp
from linkhub_adapters.realtime.hub.channel import Channel
from linkhub_adapters.realtime.hub.recreated import RecreatedProducts
from linkhub_adapters.realtime.hub.replay_reader import ReplayReader
from linkhub_adapters.realtime.hub.subscriber import Acknowledge, Viewer
from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application import BrowseShop
from linkhub_core.application.subscriber_session import Join, Leave, Outcome, Reply, SubscriberSession
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import Clock, Journal

__all__ = ["Hub"]


def _new_id() -> str:
    return secrets.token_urlsafe(12)


@define(eq=False, kw_only=True)
class Hub:
    """All viewers of this process. Make and use it on one event loop.

    Args:
        browse: reads what viewers missed.
        clock: the time in replies and replayed events.
        journal: gets an entry for each read that failed.
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
    _channels: dict[str, Channel] = field(factory=dict, init=False)
    _shown: ShownRevisions = field(init=False)
    _catch_up: CatchUp = field(init=False)
    _recreated: RecreatedProducts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._shown = ShownRevisions(max_products=self.settings.max_remembered_products)
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
            shown=self._shown,
        )
        self._recreated = RecreatedProducts(
            known_life=self._shown.life_of, products=self.browse.products, show=self._show_decided, report=reader.report
        )

    # --- viewers ---------------------------------------------------------------------------------------------------

    def connect(
        self,
        dialect: WireFormat,
        write: Callable[[Any], object],
        unsent_bytes: Callable[[], int],
        *,
        client_id: str | None = None,
    ) -> Viewer:
        """Add a connection, and send it ``connected``.

        Args:
            dialect: see :class:`~.viewer.Viewer`, as for the next two.
            write: takes what the dialect encodes.
            unsent_bytes: how many bytes wait for the reader.
            client_id: its public id, if it has one already.
        """
        session = SubscriberSession(client_id=client_id or self.new_id(), limits=self.settings.session)
        viewer = Viewer(session, dialect, write, unsent_bytes)
        self._viewers.add(viewer)
        self.counters.connections_opened += 1
        self._catch_up.answer(viewer, session.connected(self.clock.now()))
        return viewer

    def disconnect(self, viewer: Viewer) -> None:
        """Remove a connection that is gone, or about to be: nothing more is written to it. Again does nothing."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        self.counters.connections_closed += 1
        viewer.drop_answers()
        self._leave(viewer, viewer.session.seller_handles)

    def switch_transport(self, viewer: Viewer, dialect: WireFormat, write: Callable[[Any], object]) -> None:
        """Write to a viewer in another form, and elsewhere, from now on."""
        channels = [self._channels[handle] for handle in viewer.session.seller_handles if handle in self._channels]
        live = [channel for channel in channels if viewer not in channel.held]
        for channel in live:
            channel.live[viewer.dialect].pop(viewer, None)
        viewer.dialect, viewer.write = dialect, write
        for channel in live:
            channel.enter(viewer)

    def receive(self, viewer: Viewer, event: str, data: object, acknowledge: Acknowledge | None = None) -> None:
        """Take a message of a viewer.

        Args:
            viewer: its sender; a message of one that was disconnected is ignored.
            event: its name.
            data: decoded JSON.
            acknowledge: where the client asked for it, takes the JSON of the answer's data once.
        """
        if viewer in self._viewers:
            self.counters.messages_in += 1
            now = self.clock.now()
            outcomes = viewer.session.receive(event, data, monotonic=self.monotonic(), now=now)
            self._carry_out(viewer, outcomes, acknowledge)

    def receive_malformed(self, viewer: Viewer, problem: str, acknowledge: Acknowledge | None = None) -> None:
        """Take a message of a viewer in which there was no event to read."""
        if viewer in self._viewers:
            self.counters.messages_in += 1
            now = self.clock.now()
            outcomes = viewer.session.receive_malformed(problem, monotonic=self.monotonic(), now=now)
            self._carry_out(viewer, outcomes, acknowledge)

    # --- announcements ---------------------------------------------------------------------------------------------

    def broadcast(self, announcement: Announcement) -> None:
        """Show an announcement to all viewers of its shop that have not seen it."""
        channel = self._channel_for(announcement)
        if channel is not None:
            self.counters.deliveries += channel.broadcast(announcement)

    def broadcast_all(self, announcements: Sequence[Announcement]) -> None:
        """The same for several, in their order within each shop; those of a shop are written together.

        Raises:
            Exception: what the first announcement raised that could not be written; all others were written.
        """
        news: dict[str, tuple[Channel, list[Announcement]]] = {}
        for announcement in announcements:
            channel = self._channel_for(announcement)
            if channel is not None:
                news.setdefault(announcement.key.seller_handle, (channel, []))[1].append(announcement)
        failures = [failure for channel, those in news.values() for failure in self._show_all(channel, those)]
        if failures:
            raise failures[0]

    def catch_up(self, since: datetime) -> None:
        """Show all viewers what changed after ``since`` and was not shown: announcements were lost on their way here.

        Each viewer gets ``subscribed`` first, as if it had asked; where too much was missed, with ``recovered: false``.
        """
        for seller_handle, channel in list(self._channels.items()):
            for viewer in channel.viewers():
                if viewer in channel:  # else an answer to another viewer found that this one is gone
                    self._catch_up.resume(viewer, seller_handle, channel, since)

    def _show_all(self, channel: Channel, announcements: Sequence[Announcement]) -> Sequence[Exception]:
        """Write them together, or else one by one, so that one that cannot be written keeps no other from viewers."""
        is_joint = len(announcements) > 1 and not channel.any_replayed(announcements)
        if is_joint and self._show_together(channel, announcements):
            return []
        failures: list[Exception] = []
        for announcement in announcements:
            try:
                self.counters.deliveries += channel.broadcast(announcement)
            except Exception as error:  # noqa: BLE001  it is raised after the others were written
                failures.append(error)
        return failures

    def _show_together(self, channel: Channel, announcements: Sequence[Announcement]) -> bool:
        try:
            self.counters.deliveries += channel.broadcast_all(announcements)
        except Exception:  # noqa: BLE001  nothing was written, and the one that raised it raises it again alone
            return False
        return True

    def _channel_for(self, announcement: Announcement) -> Channel | None:
        """The channel that an announcement is to be written to now, if there is one; it is remembered as shown."""
        match self._shown.judge(announcement):
            case Novelty.NEW:
                return self._remember(announcement)
            case Novelty.OTHER_LIFE:
                self._recreated.decide(announcement)
            case Novelty.REPEAT:
                self.counters.repeats_dropped += 1
        return None

    def _show_decided(self, announcement: Announcement) -> None:
        if self._shown.covers(announcement):
            self.counters.repeats_dropped += 1
        elif (channel := self._remember(announcement)) is not None:
            self.counters.deliveries += channel.broadcast(announcement)

    def _remember(self, announcement: Announcement) -> Channel | None:
        self._shown.remember(announcement)
        channel = self._channels.get(announcement.key.seller_handle)
        self.counters.broadcasts += channel is not None
        return channel

    # --- figures ---------------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """The connections, as ``GET /api/v1/websocket/stats`` shows them."""
        per_seller = {seller_handle: len(channel) for seller_handle, channel in sorted(self._channels.items())}
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
        return sum(map(len, self._channels.values()))

    def close(self) -> None:
        """Stop all reads and replays."""
        self._recreated.cancel()
        self._catch_up.cancel(self._channels.values())

    # --- outcomes --------------------------------------------------------------------------------------------------

    def _carry_out(self, viewer: Viewer, outcomes: Sequence[Outcome], acknowledge: Acknowledge | None) -> None:
        for outcome in outcomes:
            match outcome:
                case Join():
                    channel = self._channels.setdefault(outcome.seller_handle, Channel())
                    self._catch_up.subscribe(viewer, outcome.seller_handle, channel, outcome.since, acknowledge)
                case Leave():
                    self._leave(viewer, outcome.seller_handles)
                case Reply():
                    self.counters.errors += outcome.event == "error"
                    self._catch_up.answer(viewer, outcome, acknowledge)

    def _leave(self, viewer: Viewer, seller_handles: Sequence[str]) -> None:
        for seller_handle in seller_handles:
            channel = self._channels.get(seller_handle)
            if channel is not None:
                self._catch_up.leave(viewer, channel)
                channel.leave(viewer)
                if not channel:
                    del self._channels[seller_handle]
