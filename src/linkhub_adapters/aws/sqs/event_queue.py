"""Both queues on SQS, received together.

Theory of operation. :meth:`SqsEventQueue.receive` keeps long polls of both queues under way (:mod:`~.long_polls`), one
each while they are idle, several while they have much to give. What polls bring lands in one buffer, whoever waits or
not, and a batch is taken from it: as soon as it is full, or a short linger after its first message, for a larger batch
costs the stores fewer calls and often holds both halves of a product. While queues have much to give it
lingers somewhat longer, and a full batch lingers for a queue that lags behind: what that brings has its other halves
here, and a half that waits in staging costs as much again as the product. Polls are only started by a
``receive``, and only where the buffer has room for all that they may bring, so it holds at most
``2 * max(batch_size, 10)`` messages. While messages wait in it a heartbeat extends their leases.

:meth:`SqsEventQueue.close` ends all of that at once: it waits for no poll, gives back what is in the buffer, and from
then on ``receive`` returns nothing. The other calls still work, so that batches in hand can be finished.

FIFO queues differ in this: a released message holds up its group, that is its video, until it comes again, and while
any message of a group is leased none of that group is delivered. Which way messages come makes no difference to us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from attrs import define, field

from linkhub_adapters.aws.client.gather_all import gather_all
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_writer import SqsLetterBox
from linkhub_adapters.aws.sqs.lease_buffer import LeaseBuffer
from linkhub_adapters.aws.sqs.long_polls import FULL, LongPolls
from linkhub_adapters.aws.sqs.messages import delivery_of
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.aws.sqs.released_leases import ReleasedLeases
from linkhub_core.errors import LinkhubError
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery, Rejection

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["SqsEventQueue"]


@define(kw_only=True, eq=False)
class SqsEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` on two SQS queues.

    Args:
        queues: the queue of each kind.
        sqs: the calls.
        letter_box: where rejected messages go.
        batch_size: how many messages a ``receive`` returns at most.
        visibility_timeout_seconds: how long a lease runs; whole seconds.
        receive_wait_seconds: how long a ``receive`` waits for the first message.
        poll_wait_seconds: how long a poll waits at SQS, up to 20; each poll is paid for.
        linger_seconds: how long a batch that is not full waits for more.
        backlog_linger_seconds: how long it waits while a queue has more to give.
        polls_per_queue: how many polls of one queue run at once, each on a thread.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    letter_box: SqsLetterBox
    batch_size: int = 100
    visibility_timeout_seconds: float = 30.0
    receive_wait_seconds: float = 1.0
    poll_wait_seconds: float = 20.0
    linger_seconds: float = 0.03
    backlog_linger_seconds: float = 0.1
    polls_per_queue: int = 4
    _buffer: LeaseBuffer = field(init=False)
    _released: ReleasedLeases = field(factory=ReleasedLeases, init=False)
    _polls: Mapping[Kind, LongPolls] = field(factory=dict, init=False)
    _arrived: asyncio.Event = field(factory=asyncio.Event, init=False)
    _error: LinkhubError | None = field(default=None, init=False)
    _heartbeat: asyncio.Task[None] | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._buffer = LeaseBuffer(visibility_timeout_seconds=self.visibility_timeout_seconds, seconds=monotonic)

    # --- receive

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        loop = asyncio.get_running_loop()
        if self._is_closed:
            await asyncio.sleep(self.receive_wait_seconds)  # so that a loop that goes on does not spin
        ends_at = loop.time() + self.receive_wait_seconds
        lingers_since: float | None = None
        while not self._is_closed:
            self._arrived.clear()
            self._start_polls(loop)
            self._raise_error()
            if self._is_full() or loop.time() >= ends_at:
                return self._buffer.take(self.batch_size)
            if self._buffer:
                lingers_since = lingers_since or loop.time()
                ends_at = lingers_since + self._linger_seconds
            await self._arrival(ends_at)
        return []

    @property
    def _linger_seconds(self) -> float:
        has_more = any(polls.has_more for polls in self._polls.values())
        return max(self.linger_seconds, self.backlog_linger_seconds) if has_more else self.linger_seconds

    def _is_full(self) -> bool:
        """Whether there is a batch, and no queue that has more to give lacks its half of it."""
        if len(self._buffer) < self.batch_size:
            return False
        lacking = [kind for kind in self.queues if self._buffer.count(kind) < self.batch_size / 2]
        return not any(self._polls[kind].has_more for kind in lacking)

    def _start_polls(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._polls:
            self._polls = {kind: self._polls_of(queue, loop) for kind, queue in self.queues.items()}
        for kind, polls in self._polls.items():
            polls.start(max(self.batch_size, FULL) - self._buffer.count(kind))

    def _polls_of(self, queue: SqsQueue, loop: asyncio.AbstractEventLoop) -> LongPolls:
        def give_back(messages: Sequence[MessageTypeDef]) -> None:
            self.sqs.give_back(queue.url, [message["ReceiptHandle"] for message in messages])

        def arrived() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._land)

        return LongPolls(
            receive=partial(
                self.sqs.receive,
                queue.url,
                wait_seconds=self.poll_wait_seconds,
                visibility_timeout_seconds=self.visibility_timeout_seconds,
            ),
            give_back=give_back,
            arrived=arrived,
            most=self.polls_per_queue,
            name=f"poll-{queue.name}",
        )

    def _land(self) -> None:
        """Take in what polls have brought; runs on the loop, soon after each of them."""
        for kind, polls in self._polls.items():
            messages, error = polls.take()
            self._buffer.put([delivery_of(kind, message) for message in messages])
            self._error = self._error or error
        if self._buffer and self._heartbeat is None:
            self._heartbeat = asyncio.create_task(self._keep_alive())
        self._arrived.set()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def _arrival(self, ends_at: float) -> None:
        try:
            async with asyncio.timeout_at(ends_at):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def check(self) -> None:
        """Return if no queue refuses to be received from at present; asks nothing, judges the polls under way.

        Raises:
            LinkhubError: why the polls of a queue fail.
        """
        for polls in self._polls.values():
            if (trouble := polls.trouble) is not None:
                raise trouble

    # --- what is in the buffer

    async def _keep_alive(self) -> None:
        """Extend the leases of what waits in the buffer, three times in each lease, until nothing waits."""
        while self._buffer:
            await asyncio.sleep(self.visibility_timeout_seconds / 3)
            try:
                await self.extend_buffered()
            except LinkhubError as error:
                self._error = self._error or error  # the next receive tells of it
        self._heartbeat = None

    async def extend_buffered(self) -> None:
        """Start the leases of what waits in the buffer anew.

        Raises:
            ServiceUnavailable: some were not extended.
        """
        began_at, waiting = monotonic(), self._buffer.peek()
        held: set[str] = set()
        try:
            await self._hide(waiting, self.visibility_timeout_seconds, held)
        finally:
            self._buffer.renew(held, began_at)

    async def close(self) -> None:
        """Stop receiving, and give back what no batch has taken; a second time does nothing.

        Raises:
            ServiceUnavailable: some messages were not given back; their leases run out.
        """
        self._is_closed = True
        self._arrived.set()
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        for kind, polls in self._polls.items():
            self._buffer.put([delivery_of(kind, message) for message in polls.close()])
        await self.release(self._buffer.take(len(self._buffer)), 0)

    # --- settle

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await gather_all(self.sqs.delete(queue.url, receipts) for queue, receipts in self._by_queue(deliveries))

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port; the delay is rounded up to whole seconds."""
        held: set[str] = set()
        try:
            await self._hide(deliveries, delay_seconds, held)
        finally:
            self._released.add(held)  # those that went through, be it beside others that did not

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port. SQS ends a lease twelve hours after its receipt at the latest."""
        await self._hide(deliveries, self.visibility_timeout_seconds, set())

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port. A process that dies between the two steps leaves a message in both queues."""
        # A lease that is over has no say any more, so ask first; whoever holds the message now will reject it, too.
        held: set[str] = set()
        once = {one.delivery.receipt: one for one in rejections}  # the same lease twice is one letter
        await self._hide([one.delivery for one in once.values()], self.visibility_timeout_seconds, held)
        there, error = await self.letter_box.put([one for receipt, one in once.items() if receipt in held])
        await self.acknowledge(there)
        if error is not None:
            raise error

    async def _hide(self, deliveries: Sequence[Delivery], seconds: float, held: set[str]) -> None:
        """Let leases run for ``seconds`` from now; adds the receipts of those that had not ended to ``held``."""

        async def hide(url: str, receipts: Sequence[str]) -> None:
            held.update(await self.sqs.hide(url, receipts, seconds))

        await gather_all(hide(queue.url, receipts) for queue, receipts in self._by_queue(deliveries))

    def _by_queue(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[SqsQueue, Sequence[str]]]:
        leases = self._released.without(deliveries)
        for kind, queue in self.queues.items():
            if receipts := [lease.receipt for lease in leases if lease.kind is kind]:
                yield queue, receipts
