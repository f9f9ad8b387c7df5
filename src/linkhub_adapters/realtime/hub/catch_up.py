"""Catching up: a subscriber is shown what it missed, then live events, with no gap and nothing twice.

    subscribes       it is held: what is announced from now on waits in its buffer
    the read         what changed since is read from the product store, once for all that ask (:mod:`~.replay_reader`)
    the answer       `subscribed`, which says whether all of it follows; it leaves after the answers to earlier messages
    the replay       oldest change first, then what waited, no faster than the client reads
    goes live        when the buffer is empty

Rule 1. A subscriber has one request a shop, and one task that carries it out. A later request cancels the task, keeps
        the buffer and starts another; leaving the shop cancels the task and drops the buffer.
Rule 2. A request that a later message overtakes before its answer is sent is answered with `recovered: false`.
Rule 3. If the store does not answer, does not know the cursor, or too much was missed, the answer is
        `recovered: false`: the client loads the page.
Rule 4. The cursor of an event says that its holder was given every change up to it. So after `recovered: false`, and
        after a replay by `since`, events have no cursor until the client subscribes with a cursor that serves.
Rule 5. Nothing is kept for a client that is not connected, and little for one that is (:mod:`~.catch_up_buffer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Final

from attrs import define

from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.announced_revisions import AnnouncedRevisions
from linkhub_adapters.realtime.hub.catch_up_buffer import CatchUpBuffer, Request
from linkhub_adapters.realtime.hub.channel import Channel
from linkhub_adapters.realtime.hub.replay_reader import ReplayReader
from linkhub_adapters.realtime.hub.subscriber import Acknowledge, Answer, Subscriber
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application.subscriber_session import After, Reply, subscribed
from linkhub_core.ports import Clock
from linkhub_core.wire.cursor import Cursor, encode_cursor

# More answers do not wait for a read: a client that floods the server must not fill its memory.
MAX_WAITING_ANSWERS: Final = 200

_PAUSE_SECONDS: Final = 0.05
_MAX_PAUSES: Final = 400
# Compressing as much takes some milliseconds, during which no other connection is served.
_TURN_BYTES: Final = 262_144


@define(eq=False, kw_only=True)
class CatchUp:
    """Answers subscribers in order, and replays what they missed; ``announced`` is what live subscribers were shown."""

    reader: ReplayReader
    clock: Clock
    settings: RealtimeSettings
    counters: Counters
    announced: AnnouncedRevisions

    # --- messages --------------------------------------------------------------------------------------------------

    def answer(self, subscriber: Subscriber, reply: Reply, acknowledge: Acknowledge | None = None) -> None:
        """Send an answer after those to earlier messages."""
        subscriber.queue_answer(Answer(reply=reply, acknowledge=acknowledge))
        if len(subscriber.waiting_answers) > MAX_WAITING_ANSWERS:
            for waiting in subscriber.waiting_answers:
                self._overtake(waiting)
        subscriber.send_answers()

    def subscribe(
        self,
        subscriber: Subscriber,
        seller_handle: str,
        channel: Channel,
        after: After,
        acknowledge: Acknowledge | None,
    ) -> None:
        """Make a subscriber of a shop, and replay what changed after the point where the client left off."""
        is_live = subscriber in channel and subscriber not in channel.held
        if after is None and (is_live or not (subscriber in channel.held or subscriber.waiting_answers)):
            if not is_live:
                channel.enter(subscriber)
            self.answer(subscriber, subscribed(seller_handle, recovered=True, now=self.clock.now()), acknowledge)
            return
        is_alone = len(channel) == (subscriber in channel)
        if is_alone and isinstance(after, Cursor):
            channel.cursor = channel.cursor or encode_cursor(after)
        request = Request(
            seller_handle=seller_handle, after=after, buffer=channel.hold(subscriber), acknowledge=acknowledge
        )
        subscriber.queue_answer(request)
        self._start(subscriber, channel, request)

    def resume(self, subscriber: Subscriber, seller_handle: str, channel: Channel, after: After) -> None:
        """Replay what changed after this point and was not shown: announcements were lost on their way here."""
        buffer = channel.hold(subscriber)
        request = buffer.request
        if request is None or request.after is None or request.sent.is_set():
            request = Request(
                seller_handle=seller_handle,
                after=after,
                buffer=buffer,
                is_seen=partial(self._is_seen, subscriber, channel, buffer),
                ahead=dict(buffer.events),
            )
            subscriber.queue_answer(request)
        request.reply = None
        self._start(subscriber, channel, request)

    def leave(self, subscriber: Subscriber, channel: Channel) -> None:
        """Stop the replay of a shop to this subscriber."""
        buffer = channel.held.get(subscriber)
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
            answer.answer(None, self.clock.now())

    # --- the task of a request -------------------------------------------------------------------------------------

    def _start(self, subscriber: Subscriber, channel: Channel, request: Request) -> None:
        buffer = request.buffer
        if buffer.task is not None:
            buffer.task.cancel()
        if buffer.request is not None and buffer.request is not request:
            self._overtake(buffer.request)
        buffer.request = request
        buffer.task = asyncio.get_running_loop().create_task(self._run(subscriber, channel, request))
        subscriber.send_answers()

    async def _run(self, subscriber: Subscriber, channel: Channel, request: Request) -> None:
        try:
            await self._read(subscriber, channel, request)
            await request.sent.wait()
            await self._replay(subscriber, channel, request)
        except Exception as error:  # noqa: BLE001  an event that cannot be encoded must not leave a subscriber held
            self.reader.report(error)
            if channel.held.get(subscriber) is request.buffer:
                channel.enter(subscriber, gives_cursors=False)
                self._answer_lost(subscriber, request.seller_handle)

    async def _read(self, subscriber: Subscriber, channel: Channel, request: Request) -> None:
        """Read what the request asks for, and answer it."""
        after = request.after
        missed = [] if after is None else await self.reader.read(request.seller_handle, after)
        if missed is None and isinstance(after, Cursor) and channel.cursor == encode_cursor(after):
            channel.cursor = None
        if request.reply is None:  # else too many answers waited for it
            request.answer(missed, self.clock.now())
            subscriber.send_answers()

    async def _replay(self, subscriber: Subscriber, channel: Channel, request: Request) -> None:
        """Write the buffered events, then go live. A write may find the client too slow: it has left then."""
        buffer, turn_bytes = request.buffer, 0
        while channel.held.get(subscriber) is buffer:
            if buffer.overflowed:
                buffer.overflowed = buffer.gives_cursors = False
                self._answer_lost(subscriber, request.seller_handle)
            elif buffer.events:
                turn_bytes += self._write(subscriber, channel, buffer)
                if turn_bytes > _TURN_BYTES:
                    turn_bytes = 0
                    await self.clock.sleep(0)
                await self._drained(subscriber)
            else:
                # No await between the check of the buffer and this: no announcement can come in between.
                channel.enter(subscriber, gives_cursors=buffer.gives_cursors)

    def _answer_lost(self, subscriber: Subscriber, seller_handle: str) -> None:
        self.answer(subscriber, subscribed(seller_handle, recovered=False, now=self.clock.now()))

    def _is_seen(self, subscriber: Subscriber, channel: Channel, buffer: CatchUpBuffer, event: EncodedEvent) -> bool:
        if channel.has_replayed(subscriber, event.announcement):
            return True
        return self.announced.covers(event.announcement) and not buffer.holds(event)

    def _write(self, subscriber: Subscriber, channel: Channel, buffer: CatchUpBuffer) -> int:
        """Write the first event, and return its bytes before compression."""
        event = buffer.take()
        if not self.announced.covers(event.announcement):
            channel.remember_replayed(subscriber, event.announcement)
            self.announced.learn_life(event.announcement)
        self.counters.deliveries += 1
        subscriber.write(event.encoding(subscriber.wire_format, with_cursor=buffer.gives_cursors))
        return len(event.announcement.event_json)

    async def _drained(self, subscriber: Subscriber) -> None:
        """Wait while at least half of the allowed bytes wait for the client, but not without end."""
        pauses = 0
        while subscriber.unsent_bytes() > self.settings.max_unsent_bytes // 2 and pauses < _MAX_PAUSES:
            await self.clock.sleep(_PAUSE_SECONDS)
            pauses += 1
