"""Catching up: a viewer is shown what it missed, then what is announced, with no gap and nothing twice.

    subscribes       it is held: what is announced from now on waits in its buffer
    the read         what changed since is read from the product store, once for all that ask (:mod:`~.replay_reader`)
    the answer       `subscribed`, which says whether all of it follows; it leaves after the answers to earlier messages
    the replay       oldest change first, then what waited, no faster than the viewer reads
    goes live        when the buffer is empty

Rule 1. A viewer has one request a shop, and one task that carries it out. A later request cancels the task, keeps the
        buffer and starts another; leaving the shop cancels the task and drops the buffer.
Rule 2. A request that a later message overtakes before its answer is sent is answered with `recovered: false`.
Rule 3. If the store does not answer, or too much was missed, the answer is `recovered: false`: the client loads the
        page.
Rule 4. Nothing is kept for a viewer that is not connected, and little for one that is (:mod:`~.catch_up_buffer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import define

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.announced_revisions import ShownRevisions
from linkhub_adapters.realtime.hub.catch_up_buffer import CatchUpBuffer, Request
from linkhub_adapters.realtime.hub.channel import Channel
from linkhub_adapters.realtime.hub.encoded_event import EncodedEvent
from linkhub_adapters.realtime.hub.replay_reader import ReplayReader
from linkhub_adapters.realtime.hub.subscriber import Acknowledge, Answer, Viewer
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application.subscriber_session import Reply, subscribed
from linkhub_core.ports import Clock

__all__ = ["CatchUp"]

# More answers do not wait for a read: a client that floods the server must not fill its memory.
MAX_WAITING_ANSWERS: Final = 200

_PAUSE_SECONDS: Final = 0.05
_MAX_PAUSES: Final = 400


@define(eq=False, kw_only=True)
class CatchUp:
    """Answers viewers in order, and shows them what they missed; ``shown`` is what live viewers have been shown."""

    reader: ReplayReader
    clock: Clock
    settings: RealtimeSettings
    counters: Counters
    shown: ShownRevisions

    # --- messages --------------------------------------------------------------------------------------------------

    def answer(self, viewer: Viewer, reply: Reply, acknowledge: Acknowledge | None = None) -> None:
        """Send an answer after those to earlier messages."""
        viewer.queue_answer(Answer(reply=reply, acknowledge=acknowledge))
        if len(viewer.waiting_answers) > MAX_WAITING_ANSWERS:
            for waiting in viewer.waiting_answers:
                self._overtake(waiting)
        viewer.send_answers()

    def subscribe(
        self,
        viewer: Viewer,
        seller_handle: str,
        channel: Channel,
        since: datetime | None,
        acknowledge: Acknowledge | None,
    ) -> None:
        """Let a viewer watch a shop from now on, after it was shown what changed after ``since``."""
        is_live = viewer in channel and viewer not in channel.held
        if since is None and (is_live or not (viewer in channel.held or viewer.waiting_answers)):
            channel.enter(viewer)
            self.answer(viewer, subscribed(seller_handle, recovered=True, now=self.clock.now()), acknowledge)
            return
        request = Request(seller_handle=seller_handle, since=since, acknowledge=acknowledge)
        viewer.queue_answer(request)
        self._start(viewer, channel, request)

    def resume(self, viewer: Viewer, seller_handle: str, channel: Channel, since: datetime) -> None:
        """Show a viewer what changed after ``since`` and was not shown: announcements were lost on their way here."""
        buffer = channel.held.get(viewer)
        request = None if buffer is None else buffer.request
        if request is None or request.since is None or request.sent.is_set():
            request = Request(seller_handle=seller_handle, since=since, only_unshown=True)
            viewer.queue_answer(request)
        request.reply = None
        self._start(viewer, channel, request)

    def leave(self, viewer: Viewer, channel: Channel) -> None:
        """Stop showing this viewer what it missed in a shop."""
        buffer = channel.held.get(viewer)
        if buffer is not None and buffer.task is not None and buffer.request is not None:
            buffer.task.cancel()
            self._overtake(buffer.request)

    def cancel(self, channels: Iterable[Channel]) -> None:
        """Stop all reads and replays of these channels."""
        self.reader.cancel()
        for channel in channels:
            for buffer in channel.held.values():
                if buffer.task is not None:
                    buffer.task.cancel()

    def _overtake(self, answer: Answer) -> None:
        if isinstance(answer, Request):
            answer.answer(recovered=False, now=self.clock.now())

    # --- the task of a request -------------------------------------------------------------------------------------

    def _start(self, viewer: Viewer, channel: Channel, request: Request) -> None:
        buffer = channel.hold(viewer)
        if buffer.task is not None:
            buffer.task.cancel()
        if buffer.request is not None and buffer.request is not request:
            self._overtake(buffer.request)
        buffer.request = request
        buffer.task = asyncio.get_running_loop().create_task(self._run(viewer, channel, buffer, request))
        viewer.send_answers()

    async def _run(self, viewer: Viewer, channel: Channel, buffer: CatchUpBuffer, request: Request) -> None:
        try:
            await self._replay(viewer, channel, buffer, request)
            await self._empty(viewer, channel, buffer, request.seller_handle)
        except Exception as error:  # noqa: BLE001  an event that cannot be encoded must not leave a viewer held
            self.reader.report(error)
            if channel.held.get(viewer) is buffer:
                channel.enter(viewer)
                self.answer(viewer, subscribed(request.seller_handle, recovered=False, now=self.clock.now()))

    async def _replay(self, viewer: Viewer, channel: Channel, buffer: CatchUpBuffer, request: Request) -> None:
        """Read what the request asks for, answer it, and put what was read into the buffer."""
        missed = [] if request.since is None else await self.reader.read(request.seller_handle, request.since)
        if request.reply is None:  # else too many answers waited for it
            request.answer(recovered=missed is not None, now=self.clock.now())
            viewer.send_answers()
        await request.sent.wait()
        if request.only_unshown:
            missed = [event for event in missed or () if not self._has_seen(viewer, channel, event)]
        buffer.put_first(missed or ())

    async def _empty(self, viewer: Viewer, channel: Channel, buffer: CatchUpBuffer, seller_handle: str) -> None:
        """Write what the buffer holds, then let the viewer go live. A write may find it too slow: it has left then."""
        while channel.held.get(viewer) is buffer:
            if buffer.overflowed:
                buffer.overflowed = False
                self.answer(viewer, subscribed(seller_handle, recovered=False, now=self.clock.now()))
            elif buffer.events:
                self._show(viewer, channel, buffer.take())
                await self._drained(viewer)
            else:
                # No await between the look at the buffer and this: nothing can be announced in between.
                channel.enter(viewer)

    def _has_seen(self, viewer: Viewer, channel: Channel, event: EncodedEvent) -> bool:
        return self.shown.covers(event.announcement) or channel.has_replayed(viewer, event.announcement)

    def _show(self, viewer: Viewer, channel: Channel, event: EncodedEvent) -> None:
        if not self.shown.covers(event.announcement):
            channel.remember_replayed(viewer, event.announcement)
            self.shown.learn_life(event.announcement)
        self.counters.deliveries += 1
        viewer.write(event.form(viewer.dialect))

    async def _drained(self, viewer: Viewer) -> None:
        """Wait while at least half of the allowed bytes wait for the viewer, but not for ever."""
        pauses = 0
        while viewer.unsent_bytes() > self.settings.max_unsent_bytes // 2 and pauses < _MAX_PAUSES:
            await self.clock.sleep(_PAUSE_SECONDS)
            pauses += 1
