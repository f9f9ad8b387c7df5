"""What one serving node hears of the topic, through a queue of its own (:mod:`~.node_queues`).

Theory of operation. :meth:`SnsAnnouncementFeed.receive` keeps long polls of the node's queue under way and hands on
what they bring. Whether silence means that nothing happens, or that the way is broken, a node finds out by talking to
itself: :meth:`SnsAnnouncementFeed.beat`, called every 30 seconds or so, publishes a heartbeat when nothing was heard
for that long, and renews the tag that says that the node lives. When nothing at all was heard for 90 seconds,
:meth:`SnsAnnouncementFeed.check` says so, for readiness. An idle node costs two publications, two deliveries, four
polls, two deletions and one tagging a minute, some 0.3 million requests a month; a busy one sends no heartbeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from attrs import define, field

from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.sns.messages import announcement_of, is_heartbeat
from linkhub_adapters.aws.sns.node_queues import RETENTION_SECONDS, NodeQueue, NodeQueues
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.long_polls import FULL, LongPolls
from linkhub_core.errors import AnnouncementsLost, LinkhubError, MalformedEvent, ServiceUnavailable
from linkhub_core.model.announcement import Announcement

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["SnsAnnouncementFeed"]

VISIBILITY_TIMEOUT_SECONDS = 30.0


@define(kw_only=True, eq=False)
class SnsAnnouncementFeed:
    """An :class:`~linkhub_core.ports.AnnouncementFeed` on a queue of this node's own; open it, and close it at the end.

    Args:
        nodes: makes the queue.
        sqs: the calls.
        receive_wait_seconds: how long a ``receive`` waits for the first announcement.
        poll_wait_seconds: how long a poll waits at SQS, up to 20; each poll is paid for.
        beat_seconds: after how much silence :meth:`beat` sends a heartbeat.
        alive_seconds: how often :meth:`beat` renews the tag.
        silence_seconds: how much silence :meth:`check` allows.
        most_polls: how many polls run at once, each on a thread.
        seconds: a steady clock.
    """

    nodes: NodeQueues
    sqs: SqsCalls
    receive_wait_seconds: float = 1.0
    poll_wait_seconds: float = 20.0
    beat_seconds: float = 30.0
    alive_seconds: float = 60.0
    silence_seconds: float = 90.0
    most_polls: int = 4
    seconds: Callable[[], float] = monotonic
    _is_open: bool = field(default=False, init=False)
    _node: NodeQueue | None = field(default=None, init=False)
    _polls: LongPolls | None = field(default=None, init=False)
    _arrived: asyncio.Event = field(factory=asyncio.Event, init=False)
    _error: LinkhubError | None = field(default=None, init=False)
    _lost: AnnouncementsLost | None = field(default=None, init=False)
    _heard_at: float = field(default=0.0, init=False)
    _marked_at: float = field(default=0.0, init=False)

    # --- open and close

    async def open(self) -> None:
        """Listen from now on.

        Raises:
            ServiceUnavailable: the queue could not be made.
        """
        self._is_open = True
        await self._listen()
        self._heard_at = self.seconds()

    async def _listen(self) -> None:
        node = await self.nodes.open()
        if not self._is_open:  # closed meanwhile
            await self.nodes.close(node)
            return
        self._node, self._polls = node, self._polls_of(node, asyncio.get_running_loop())
        self._marked_at = self.seconds()

    async def close(self) -> None:
        """Stop listening, and remove the queue; waits for no poll. A second time does nothing.

        Raises:
            ServiceUnavailable: the queue may still be there; whoever removes the dead will remove it.
        """
        self._is_open = False
        node, polls, self._node, self._polls = self._node, self._polls, None, None
        self._arrived.set()
        if polls is not None:
            polls.close()
        if node is not None:
            await self.nodes.close(node)

    def _polls_of(self, node: NodeQueue, loop: asyncio.AbstractEventLoop) -> LongPolls:
        def arrived() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._arrived.set)

        return LongPolls(
            receive=partial(
                self.sqs.receive,
                node.url,
                wait_seconds=self.poll_wait_seconds,
                visibility_timeout_seconds=VISIBILITY_TIMEOUT_SECONDS,
            ),
            give_back=_forget,
            arrived=arrived,
            most=self.most_polls,
            name=f"feed-{node.node_id}",
        )

    # --- receive

    async def receive(self) -> Sequence[Announcement]:
        """See the port. What cannot be read, or deleted, is told by the next call, so that it holds up nothing."""
        self._raise_error()
        if self._is_open and self._node is None:
            await self._listen_anew()  # the queue was gone, and another one could not be opened then
        node, polls = self._node, self._polls
        if node is None or polls is None:
            await asyncio.sleep(self.receive_wait_seconds)  # so that a loop that goes on does not spin
            return []
        self._arrived.clear()
        polls.start(self.most_polls * FULL)
        messages, error = polls.take()
        if not messages and error is None:
            await self._arrival()
            messages, error = polls.take()
        if error is not None:
            await self._meet(error)
        return await self._take_in(node, messages) if messages else []

    async def _arrival(self) -> None:
        try:
            async with asyncio.timeout(self.receive_wait_seconds):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def _take_in(self, node: NodeQueue, messages: Sequence[MessageTypeDef]) -> Sequence[Announcement]:
        self._note_silence()
        announcements = []
        for message in messages:
            try:
                if not is_heartbeat(message):
                    announcements.append(announcement_of(message))
            except MalformedEvent as malformed:
                self._error = malformed
        try:
            await self.sqs.delete(node.url, [message["ReceiptHandle"] for message in messages])
        except LinkhubError as error:
            self._error = error  # they come again, and whoever has heard them drops them
        return announcements

    def _note_silence(self) -> None:
        """Something is heard. A queue keeps its messages for so long: what came earlier in a longer silence is gone."""
        heard_before, self._heard_at = self._heard_at, self.seconds()
        if self._heard_at - heard_before >= RETENTION_SECONDS:
            self._lost = AnnouncementsLost("the node's queue", self._heard_at - heard_before)

    async def _meet(self, error: LinkhubError) -> None:
        """A poll failed. Where the queue is gone, another one is opened: the error of the old one still is news."""
        self._error = error
        if is_missing(error) and self._polls is not None:
            self._polls.close()
            self._node, self._polls = None, None
            await self._listen_anew()

    async def _listen_anew(self) -> None:
        """Open another queue; what the old one held went with it."""
        await self._listen()
        self._lost = AnnouncementsLost("the node's queue", self.seconds() - self._heard_at)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error
        lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    # --- is the way open?

    async def beat(self) -> None:
        """Say that this node lives, and make something to be heard where nothing was.

        Raises:
            ServiceUnavailable: SNS or SQS did not take it.
        """
        node, now = self._node, self.seconds()
        if node is None:
            return
        if now - self._heard_at >= self.beat_seconds:
            await self.nodes.send_heartbeat(node)
        if now - self._marked_at >= self.alive_seconds:
            await self.nodes.mark_alive(node)
            self._marked_at = now

    async def check(self) -> None:
        """Return if the queue of this node can be received from, and something was heard.

        Raises:
            LinkhubError: why polls of its queue fail.
            ServiceUnavailable: nothing was heard for too long, this node's own heartbeat included.
        """
        if self._polls is not None and (trouble := self._polls.trouble) is not None:
            raise trouble
        silent_seconds = self.seconds() - self._heard_at
        if self._node is None or silent_seconds > self.silence_seconds:
            problem = f"nothing was heard for {silent_seconds:.0f} s, not even this node's own heartbeat"
            raise ServiceUnavailable("SNS", problem)


def _forget(_: Sequence[MessageTypeDef]) -> None:
    """What comes after the end is in a queue that is about to go."""
