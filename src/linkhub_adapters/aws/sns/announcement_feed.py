"""The announcements that one serving node receives, through a queue of its own (:mod:`~.node_queues`).

Theory of operation. :meth:`SnsAnnouncementFeed.receive` keeps long polls of the node's queue running and returns their
messages. If no message comes, either there is none or the path is broken. To find out,
:meth:`SnsAnnouncementFeed.beat`, called about every 30 seconds, publishes a heartbeat to this node after 30 seconds
without a message, and renews the tag that marks the node as alive. After 90 seconds without any message
:meth:`SnsAnnouncementFeed.check` fails, for readiness. An idle node costs two publications, two deliveries, four polls,
two deletions and one tagging a minute, some 0.3 million requests a month; a busy node sends no heartbeats.
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

VISIBILITY_TIMEOUT_SECONDS = 30.0


@define(kw_only=True, eq=False)
class SnsAnnouncementFeed:
    """An :class:`~linkhub_core.ports.AnnouncementFeed` on a queue of this node; open it first, and close it at the end.

    Args:
        nodes: makes the queue.
        sqs: the calls.
        receive_wait_seconds: how long a ``receive`` waits for the first announcement.
        poll_wait_seconds: how long a poll waits at SQS, up to 20; AWS bills each poll.
        beat_seconds: after how long without a message :meth:`beat` sends a heartbeat.
        alive_seconds: how often :meth:`beat` renews the tag.
        silence_seconds: how long without a message :meth:`check` allows.
        most_polls: how many polls run at once, each on a thread.
        seconds: a monotonic clock.
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
    _after_loss: Sequence[Announcement] = field(factory=list, init=False)
    _received_at: float = field(default=0.0, init=False)
    _tagged_at: float = field(default=0.0, init=False)

    # --- open and close

    async def open(self) -> None:
        """Subscribe: what is announced from now on is received.

        Raises:
            ServiceUnavailable: the queue could not be created.
        """
        self._is_open = True
        await self._listen()
        self._received_at = self.seconds()

    async def _listen(self) -> None:
        node = await self.nodes.open()
        if not self._is_open:  # closed during the call
            await self.nodes.close(node)
            return
        self._node, self._polls = node, self._polls_of(node, asyncio.get_running_loop())
        self._tagged_at = self.seconds()

    async def close(self) -> None:
        """Unsubscribe, and delete the queue; does not wait for polls. A second call does nothing.

        Raises:
            ServiceUnavailable: the queue may still be there; another node will remove it.
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
        """See the port. The next call raises the error of a message that cannot be read or deleted."""
        self._raise_error()
        if self._is_open and self._node is None:
            await self._reopen()  # the queue was gone, and opening another one failed
            self._raise_error()
        if self._after_loss:
            announcements, self._after_loss = self._after_loss, []
            return announcements
        node, polls = self._node, self._polls
        if node is None or polls is None:
            await asyncio.sleep(self.receive_wait_seconds)  # so that a loop of receives does not spin
            return []
        self._arrived.clear()
        polls.start(self.most_polls * FULL)
        messages, error = polls.take()
        if not messages and error is None:
            await self._arrival()
            messages, error = polls.take()
        if error is not None:
            await self._handle(error)
        return await self._read(node, messages) if messages else []

    async def _arrival(self) -> None:
        try:
            async with asyncio.timeout(self.receive_wait_seconds):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def _read(self, node: NodeQueue, messages: Sequence[MessageTypeDef]) -> Sequence[Announcement]:
        self._note_silence()
        announcements = []
        for message in messages:
            try:
                if not is_heartbeat(message) and (announcement := announcement_of(message)) is not None:
                    announcements.append(announcement)
            except MalformedEvent as malformed:
                self._error = malformed
        try:
            await self.sqs.delete(node.url, [message["ReceiptHandle"] for message in messages])
        except LinkhubError as error:
            self._error = error  # they are delivered again, and receivers drop repeats
        if self._lost is not None:
            self._after_loss = announcements  # the loss was before them: the listener must know of it first
            self._raise_error()
        return announcements

    def _note_silence(self) -> None:
        """Note that messages came. After a silence that is longer than the queue's retention, some are lost."""
        before, self._received_at = self._received_at, self.seconds()
        if self._received_at - before >= RETENTION_SECONDS:
            self._lost = AnnouncementsLost("the node's queue", self._received_at - before)

    async def _handle(self, error: LinkhubError) -> None:
        """Keep the error of a poll for the next call; if the queue is gone, open another one."""
        self._error = error
        if is_missing(error) and self._polls is not None:
            self._polls.close()
            self._node, self._polls = None, None
            await self._reopen()

    async def _reopen(self) -> None:
        """Open another queue; the messages of the old one are lost."""
        await self._listen()
        self._lost = AnnouncementsLost("the node's queue", self.seconds() - self._received_at)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error
        lost, self._lost = self._lost, None
        if lost is not None:
            raise lost

    # --- heartbeat

    async def beat(self) -> None:
        """Mark this node as alive, and send it a heartbeat if no message came.

        Raises:
            ServiceUnavailable: a call failed.
        """
        node, now = self._node, self.seconds()
        if node is None:
            return
        if now - self._received_at >= self.beat_seconds:
            await self.nodes.send_heartbeat(node)
        if now - self._tagged_at >= self.alive_seconds:
            await self.nodes.mark_alive(node)
            self._tagged_at = now

    async def check(self) -> None:
        """Return if polls of the node's queue succeed and messages come.

        Raises:
            LinkhubError: the error with which polls fail.
            ServiceUnavailable: no message came for too long, not even this node's heartbeat.
        """
        if self._polls is not None and (error := self._polls.current_error) is not None:
            raise error
        silent_seconds = self.seconds() - self._received_at
        if self._node is None or silent_seconds > self.silence_seconds:
            problem = f"no message came for {silent_seconds:.0f} s, not even this node's own heartbeat"
            raise ServiceUnavailable("SNS", problem)


def _forget(_: Sequence[MessageTypeDef]) -> None:
    """Do nothing: the queue is about to be deleted."""
