"""Both queues, their publisher and their dead letters in memory."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, evolve, field, frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import (
    QUEUE_DEFAULTS,
    Added,
    AddOutcome,
    Clock,
    DeadLetter,
    DeadLetterQuery,
    Delivery,
    Known,
    OutgoingMessage,
    QueuedMessage,
    Refusal,
    Rejection,
)
from linkhub_core.ports.event_queue import carry_first_sent


@frozen(kw_only=True)
class _Message:
    """A stored message. It may be delivered from ``visible_at`` on. ``receipt`` is that of its newest lease.

    ``number`` is unique in this queue; ``message_id`` is that of the queue to which it was sent first.
    """

    number: str
    message_id: str
    outgoing: OutgoingMessage
    sent_at: datetime
    visible_at: datetime
    receipt: str = ""
    receive_count: int = 0


def _by_turns(messages: Iterable[_Message]) -> list[_Message]:
    """The messages of both kinds in turns, so that a backlog of one kind does not block the other."""
    places = {kind: itertools.count() for kind in Kind}
    placed = [(next(places[message.outgoing.kind]), message.visible_at, message) for message in messages]
    return [message for _, _, message in sorted(placed, key=lambda one: one[:2])]


@define(kw_only=True)
class MemoryEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` in memory; also the publisher and the dead letters that belong to it.

    After ``max_receive_count`` deliveries without an acknowledgement a message goes to the dead letters, as on SQS.
    """

    clock: Clock
    batch_size: int = QUEUE_DEFAULTS["batch_size"]
    visibility_timeout_seconds: float = QUEUE_DEFAULTS["visibility_timeout_seconds"]
    receive_wait_seconds: float = QUEUE_DEFAULTS["receive_wait_seconds"]
    max_receive_count: int = QUEUE_DEFAULTS["max_receive_count"]
    _messages: dict[str, _Message] = field(factory=dict, init=False)
    _dead_letters: dict[str, DeadLetter] = field(factory=dict, init=False)
    _numbers: Iterable[int] = field(factory=lambda: itertools.count(1), init=False)
    _arrived: asyncio.Event = field(factory=asyncio.Event, init=False)

    # --- the publisher

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See :class:`~linkhub_core.ports.EventPublisher`."""
        now = self.clock.now()
        for outgoing in messages:
            self._put(outgoing, now, self._next_id())
        return []

    def _put(self, outgoing: OutgoingMessage, now: datetime, number: str) -> None:
        self._keep(_Message(number=number, message_id=number, outgoing=outgoing, sent_at=now, visible_at=now))

    def _keep(self, message: _Message) -> None:
        self._messages[message.number] = message
        self._arrived.set()

    def _next_id(self) -> str:
        return f"m{next(iter(self._numbers))}"

    # --- the queue

    async def receive(self) -> Sequence[Delivery]:
        """See :class:`~linkhub_core.ports.EventQueue`."""
        if not (due := self._due()):
            self._arrived.clear()
            try:
                async with asyncio.timeout(self.receive_wait_seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return []
            due = self._due()
        return [self._lease(message) for message in due]

    def _due(self) -> list[_Message]:
        now = self.clock.now()
        due = [message for message in self._messages.values() if message.visible_at <= now]
        for exhausted in [message for message in due if message.receive_count >= self.max_receive_count]:
            self._reject(
                exhausted, [Fault("", f"was delivered {exhausted.receive_count} times and never acknowledged")]
            )
        deliverable = [message for message in due if message.number in self._messages]
        # If all of them fit, the order of arrival stays.
        return deliverable if len(deliverable) <= self.batch_size else _by_turns(deliverable)[: self.batch_size]

    def _lease(self, message: _Message) -> Delivery:
        count = message.receive_count + 1
        leased = evolve(
            message, receive_count=count, receipt=f"{message.number}#{count}", visible_at=self._after_visibility()
        )
        self._messages[message.number] = leased
        return Delivery(
            kind=message.outgoing.kind,
            body=message.outgoing.body,
            message_id=message.message_id,
            receipt=leased.receipt,
            receive_count=count,
            sent_at=message.sent_at,
            attributes=message.outgoing.attributes,
        )

    def _after_visibility(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.visibility_timeout_seconds)

    def _held(self, deliveries: Sequence[Delivery]) -> list[_Message]:
        """The messages whose newest lease is one of these; older leases are invalid."""
        held: dict[str, _Message] = {}
        for delivery in deliveries:
            message = self._messages.get(delivery.receipt.partition("#")[0])
            if message is not None and message.receipt == delivery.receipt:
                held[message.number] = message
        return list(held.values())

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        for message in self._held(deliveries):
            del self._messages[message.number]

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port."""
        visible_at = self.clock.now() + timedelta(seconds=delay_seconds)
        for message in self._held(deliveries):
            self._messages[message.number] = evolve(message, visible_at=visible_at, receipt="")
        self._arrived.set()

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        for message in self._held(deliveries):
            self._messages[message.number] = evolve(message, visible_at=self._after_visibility())

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        faults = {rejection.delivery.receipt: rejection.faults for rejection in rejections}
        for message in self._held([rejection.delivery for rejection in rejections]):
            self._reject(message, faults[message.receipt])

    def _reject(self, message: _Message, faults: Sequence[Fault]) -> None:
        del self._messages[message.number]
        letter = DeadLetter(
            letter_id=message.number,
            kind=message.outgoing.kind,
            body=message.outgoing.body,
            faults=tuple(faults),
            message_id=message.message_id,
            receive_count=message.receive_count,
            sent_at=message.sent_at,
            rejected_at=self.clock.now(),
            attributes=message.outgoing.attributes,
        )
        self._dead_letters[letter.letter_id] = letter

    # --- the dead letters

    async def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See :class:`~linkhub_core.ports.DeadLetters`."""
        for letter in list(self._dead_letters.values()):
            named = query.letter_ids is None or letter.letter_id in query.letter_ids
            if named and query.kind in (None, letter.kind):
                yield letter

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        kinds = {letter.letter_id: letter.kind for letter in letters if letter.letter_id in self._dead_letters}
        known = {letter_id: kind for letter_id, kind in kinds.items() if kind is not None}
        for letter_id, kind in known.items():
            letter = self._dead_letters[letter_id]
            attributes = carry_first_sent(letter.attributes, letter.sent_at)
            outgoing = OutgoingMessage(kind=kind, body=letter.body, attributes=attributes)
            self._put(outgoing, self.clock.now(), self._next_id())
            del self._dead_letters[letter_id]
        return len(known)

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        return sum(self._dead_letters.pop(letter.letter_id, None) is not None for letter in letters)

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        known = set(map(_letter_identity, self._dead_letters.values()))
        outcomes = _compare(map(_letter_identity, letters), known)
        for letter, outcome in zip(letters, outcomes, strict=True):
            if isinstance(outcome, Added) and not dry_run:
                number = self._next_id()
                self._dead_letters[number] = evolve(letter, letter_id=number, held_in="")
        return outcomes

    # --- for exports and imports, tests, and the operator

    def add_messages(self, messages: Sequence[QueuedMessage], *, dry_run: bool) -> Sequence[AddOutcome]:
        """Put messages that another queue held, unless they are there or among the dead letters."""
        letters = self._dead_letters.values()
        known = {*map(_message_identity, self.queued()), *map(_message_identity, letters)}
        outcomes = _compare(map(_message_identity, messages), known)
        for message, outcome in zip(messages, outcomes, strict=True):
            if isinstance(outcome, Added) and not dry_run:
                self._keep(_imported(message, self._next_id(), self.clock.now()))
        return outcomes

    def queued(self) -> Sequence[QueuedMessage]:
        """The messages that wait or are leased."""
        return [
            QueuedMessage(
                kind=message.outgoing.kind,
                body=message.outgoing.body,
                message_id=message.message_id,
                receive_count=message.receive_count,
                sent_at=message.sent_at,
                visible_at=message.visible_at,
                attributes=message.outgoing.attributes,
            )
            for message in self._messages.values()
        ]

    @property
    def depth(self) -> Mapping[str, int]:
        """How many messages wait or are leased, by kind."""
        counts = {"caption": 0, "thumbnail": 0}
        for message in self._messages.values():
            counts[message.outgoing.kind] += 1
        return counts


def _message_identity(message: QueuedMessage | DeadLetter) -> object:
    return (message.message_id, message.sent_at, message.kind, message.body)


def _letter_identity(letter: DeadLetter) -> object:
    return (letter.message_id, letter.sent_at, letter.rejected_at, letter.body)


def _compare(identities: Iterable[object], known: set[object]) -> list[AddOutcome]:
    outcomes: list[AddOutcome] = []
    for identity in identities:
        outcomes.append(Known() if identity in known else Added())
        known.add(identity)
    return outcomes


def _imported(message: QueuedMessage, number: str, now: datetime) -> _Message:
    return _Message(
        number=number,
        message_id=message.message_id,
        outgoing=OutgoingMessage(kind=message.kind, body=message.body, attributes=message.attributes),
        sent_at=message.sent_at,
        visible_at=now,
        receive_count=message.receive_count,
    )


@frozen(kw_only=True)
class MemoryQueueContents:
    """The :class:`~linkhub_core.ports.QueueContents` of a queue in memory."""

    queue: MemoryEventQueue
    can_browse: bool = field(default=True, init=False)

    async def browse(self) -> AsyncIterator[QueuedMessage]:
        """See the port."""
        for message in self.queue.queued():
            yield message

    async def add(self, messages: Sequence[QueuedMessage], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        return self.queue.add_messages(messages, dry_run=dry_run)
