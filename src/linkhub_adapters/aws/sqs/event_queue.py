"""Both queues on SQS, received together.

Theory of operation. :meth:`SqsEventQueue.receive` keeps long polls of both queues running (:mod:`~.long_polls`): one
for each idle queue, several for a queue with a backlog. Their messages go to one buffer. A batch is taken when it is
full, or a short time (the linger) after its first message, because a larger batch costs fewer calls of the stores and
often holds both halves of a product. With a backlog the linger is longer, and even a full batch waits for a queue with
a backlog that has little in the buffer, which probably holds the matching halves: a half that waits in staging costs as
much again as the product. Only ``receive`` starts polls, and only if the buffer has room for full replies, so it holds
at most ``2 * max(batch_size, 10)`` messages. A heartbeat extends the leases of the messages in it.

:meth:`SqsEventQueue.close` stops this at once: it does not wait for polls, and releases the messages in the buffer;
``receive`` returns nothing from then on. The other calls still work, so that the current batches can be finished.

On FIFO queues a released message delays its group, that is its video, and no message of a group is delivered while
another of the group is leased. The order of messages does not matter to linkhub.
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
from linkhub_adapters.aws.sqs.dead_letter_writer import SqsDeadLetterWriter
from linkhub_adapters.aws.sqs.lease_buffer import LeaseBuffer, ReleasedLeases
from linkhub_adapters.aws.sqs.long_polls import FULL, LongPolls
from linkhub_adapters.aws.sqs.messages import delivery_of
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import LinkhubError
from linkhub_core.model import Kind
from linkhub_core.ports import QUEUE_DEFAULTS, Delivery, Rejection

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

HEARTBEAT = "linkhub-sqs-heartbeat"
"""The name of the task that extends the leases of waiting messages."""


@define(kw_only=True, eq=False)
class SqsEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` on two SQS queues.

    Args:
        queues: the queue of each kind.
        sqs: the calls.
        dead_letter_writer: writes the rejected messages.
        batch_size: the most messages that a ``receive`` returns.
        visibility_timeout_seconds: how long a lease runs; whole seconds.
        receive_wait_seconds: how long a ``receive`` waits for the first message.
        poll_wait_seconds: how long a poll waits at SQS, up to 20; AWS bills each poll.
        linger_seconds: how long a batch that is not full waits for more.
        backlog_linger_seconds: how long it waits during a backlog.
        polls_per_queue: how many polls of one queue run at once, each on a thread.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    dead_letter_writer: SqsDeadLetterWriter
    batch_size: int = QUEUE_DEFAULTS["batch_size"]
    visibility_timeout_seconds: float = QUEUE_DEFAULTS["visibility_timeout_seconds"]
    receive_wait_seconds: float = QUEUE_DEFAULTS["receive_wait_seconds"]
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

    def buffered(self, kind: Kind) -> int:
        """How many received messages of a kind wait for a batch."""
        return self._buffer.count(kind)

    def __attrs_post_init__(self) -> None:
        self._buffer = LeaseBuffer(visibility_timeout_seconds=self.visibility_timeout_seconds, seconds=monotonic)

    # --- receive

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        loop = asyncio.get_running_loop()
        if self._is_closed:
            await asyncio.sleep(self.receive_wait_seconds)  # so that a loop of receives does not spin
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
        """Whether there is a batch, with half of it from each queue that has a backlog."""
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
                loop.call_soon_threadsafe(self._take_from_polls)

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

    def _take_from_polls(self) -> None:
        """Move messages from the polls to the buffer; runs on the event loop after each poll."""
        for kind, polls in self._polls.items():
            messages, error = polls.take()
            self._buffer.put([delivery_of(kind, message) for message in messages])
            self._error = self._error or error
        if self._buffer and self._heartbeat is None:
            self._heartbeat = asyncio.create_task(self._keep_alive(), name=HEARTBEAT)
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
        """Return if the polls of both queues succeed at present; makes no call.

        Raises:
            LinkhubError: the error with which the polls of a queue fail.
        """
        for polls in self._polls.values():
            if (error := polls.current_error) is not None:
                raise error

    # --- the buffer

    async def _keep_alive(self) -> None:
        """Extend the leases in the buffer, three times during each lease, until the buffer is empty."""
        while self._buffer:
            await asyncio.sleep(self.visibility_timeout_seconds / 3)
            try:
                await self.extend_buffered()
            except LinkhubError as error:
                self._error = self._error or error  # the next receive raises it
        self._heartbeat = None

    async def extend_buffered(self) -> None:
        """Extend the leases in the buffer by the full time-out.

        Raises:
            ServiceUnavailable: some leases were not extended.
        """
        began_at, waiting = monotonic(), self._buffer.peek()
        held: set[str] = set()
        try:
            await self._hide(waiting, self.visibility_timeout_seconds, held)
        finally:
            self._buffer.renew(held, began_at)

    async def close(self) -> None:
        """Stop receiving, and release the messages that no batch has taken. A second call does nothing.

        Raises:
            ServiceUnavailable: some messages were not released; their leases run out.
        """
        self._is_closed = True
        self._arrived.set()
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        for kind, polls in self._polls.items():
            self._buffer.put([delivery_of(kind, message) for message in polls.close()])
        await self.release(self._buffer.take(len(self._buffer)), 0)

    # --- finish

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await gather_all(self.sqs.delete(queue.url, receipts) for queue, receipts in self._by_queue(deliveries))

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port; the delay is rounded up to whole seconds."""
        held: set[str] = set()
        try:
            await self._hide(deliveries, delay_seconds, held)
        finally:
            self._released.add(held)  # also if other calls failed

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port. SQS ends a lease twelve hours after the receive."""
        await self._hide(deliveries, self.visibility_timeout_seconds, set())

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port. A process that dies between the two steps leaves a message in both queues."""
        # First extend the leases: a message whose lease is over is rejected by the consumer that leases it now.
        held: set[str] = set()
        once = {one.delivery.receipt: one for one in rejections}  # one dead letter for one lease
        await self._hide([one.delivery for one in once.values()], self.visibility_timeout_seconds, held)
        there, error = await self.dead_letter_writer.put([one for receipt, one in once.items() if receipt in held])
        await self.acknowledge(there)
        if error is not None:
            raise error

    async def _hide(self, deliveries: Sequence[Delivery], seconds: float, held: set[str]) -> None:
        """Set leases to end ``seconds`` from now; adds the receipts whose leases were not over to ``held``."""

        async def hide(url: str, receipts: Sequence[str]) -> None:
            held.update(await self.sqs.hide(url, receipts, seconds))

        await gather_all(hide(queue.url, receipts) for queue, receipts in self._by_queue(deliveries))

    def _by_queue(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[SqsQueue, Sequence[str]]]:
        leases = self._released.without(deliveries)
        for kind, queue in self.queues.items():
            if receipts := [lease.receipt for lease in leases if lease.kind is kind]:
                yield queue, receipts
