"""Assemble a batch: from leased messages to complete products and acknowledgements.

    receive ──► read ──► fold ──► stage ──► find ──► complete (save ► announce ► drop) ──► acknowledge
                  │                 │         │
                  ▼                 ▼         ▼
             dead letters      superseded   waiting             (both are acknowledged: all of it is durable)

Both halves of a product in one batch skip staging: they are saved first, then their staging rows are read. Nothing is
acknowledged before it is durable. A message that fails does not delay the others of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import MAX_ROUNDS, Completion, readable
from linkhub_core.errors import (
    Fault,
    LinkhubError,
    MalformedEvent,
    PermanentError,
    StoreRefused,
    TooMuchContention,
    TransientError,
)
from linkhub_core.model import Half, Note, Origin, ProductKey, WaitingHalf
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.model.journal_entries import (
    EventDeviated,
    HalfStaged,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
)
from linkhub_core.model.merge import Halves
from linkhub_core.model.unreadable import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.event_queue import Delivery, EventQueue, Rejection
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.staging_store import Partner, StagingStore, Superseded
from linkhub_core.wire.codec import read_event

__all__ = ["AssembleBatch", "retry_delay_seconds"]

FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 300.0
SLACK_DIVISOR = 10  # a copy renews the expiry of its row once more than a tenth of the time is over


@frozen
class _ReadMessage:
    """A message, the half in its body, and where it came from."""

    delivery: Delivery
    half: Half
    origin: Origin


def retry_delay_seconds(receive_count: int, jitter: float) -> float:
    """How long to leave a message that failed: doubling from 1 s to 300 s, jittered downwards by up to a half.

    Args:
        receive_count: how often it was delivered, from 1.
        jitter: a number from 0 to 1.
    """
    ceiling = backoff_seconds(receive_count, first_seconds=FIRST_RETRY_SECONDS, max_seconds=MAX_RETRY_SECONDS)
    return ceiling * (1 - jitter / 2)


@frozen(kw_only=True)
class AssembleBatch:
    """Assembles one batch of deliveries. When it returns, each is acknowledged, rejected or released."""

    queue: EventQueue
    products: ProductStore
    staging: StagingStore
    notifier: Notifier
    journal: Journal
    clock: Clock
    staging_ttl: timedelta
    jitter: Callable[[], float]
    completion: Completion = field(init=False, repr=False)

    @completion.default
    def _completion(self) -> Completion:
        return Completion(
            products=self.products,
            staging=self.staging,
            notifier=self.notifier,
            journal=self.journal,
            clock=self.clock,
        )

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Assemble the messages of a batch.

        Raises:
            ServiceUnavailable: the queue does not answer, so some messages were neither settled nor released; they
                are delivered again when their leases run out.
        """
        await self._work(await self._read(deliveries))

    # --- read: malformed messages are rejected at once

    async def _read(self, deliveries: Sequence[Delivery]) -> Sequence[_ReadMessage]:
        messages: list[_ReadMessage] = []
        rejections: list[Rejection] = []
        for delivery in deliveries:
            try:
                reading = read_event(delivery.kind, delivery.body, delivery.first_sent_at)
                origin = _origin_of(delivery, reading.attributes, reading.notes)
                messages.append(_ReadMessage(delivery, reading.half, origin))
            except MalformedEvent as malformed:
                rejections.append(Rejection(delivery=delivery, faults=malformed.faults))
            except Exception as error:  # noqa: BLE001  an unexpected error in one body must not block the others
                await self._release([(delivery, _plain_origin(delivery))], error)
        await self._reject(rejections)
        return messages

    async def _reject(self, rejections: Sequence[Rejection]) -> None:
        """Move messages to the dead letters; release them if that fails, so that the batch goes on."""
        if not rejections:
            return
        try:
            await self.queue.reject(rejections)
        except Exception as error:  # noqa: BLE001  a failing dead-letter queue must not block valid messages
            deliveries = [rejection.delivery for rejection in rejections]
            await self._release([(delivery, _plain_origin(delivery)) for delivery in deliveries], error)
        else:
            self.journal.record([_rejected(rejection) for rejection in rejections])

    # --- work; a failure is narrowed down to its product

    async def _work(self, messages: Sequence[_ReadMessage]) -> None:
        if not messages:
            return
        try:
            await self._assemble(messages)
            await self.queue.acknowledge([message.delivery for message in messages])
            self.journal.record([_deviated(message) for message in messages if message.origin.notes])
        except TransientError as error:
            await self._give_back(messages, error)
        except Exception as error:  # noqa: BLE001  one message must not fail the batch: narrow it down
            await self._narrow_down(messages, error)

    async def _narrow_down(self, messages: Sequence[_ReadMessage], error: Exception) -> None:
        keys = sorted({message.half.key for message in messages})
        if len(keys) > 1:
            lower = set(keys[: len(keys) // 2])
            await self._work([message for message in messages if message.half.key in lower])
            await self._work([message for message in messages if message.half.key not in lower])
        elif isinstance(error, PermanentError):
            fault = Fault("", str(error), of_store=isinstance(error, StoreRefused))
            await self._reject([Rejection(delivery=message.delivery, faults=[fault]) for message in messages])
        else:
            await self._give_back(messages, error)

    async def _give_back(self, messages: Sequence[_ReadMessage], error: Exception) -> None:
        await self._release([(message.delivery, message.origin) for message in messages], error)

    async def _release(self, messages: Sequence[tuple[Delivery, Origin]], error: Exception) -> None:
        problem = str(error) if isinstance(error, LinkhubError) else repr(error)
        for count in sorted({delivery.receive_count for delivery, _ in messages}):
            batch = [(delivery, origin) for delivery, origin in messages if delivery.receive_count == count]
            delay_seconds = retry_delay_seconds(count, self.jitter())
            released = MessagesReleased(
                origins=[origin for _, origin in batch],
                problem=problem,
                transient=isinstance(error, TransientError),
                delay_seconds=delay_seconds,
            )
            self.journal.record([released])
            await self.queue.release([delivery for delivery, _ in batch], delay_seconds)

    # --- fold, stage, find, complete

    async def _assemble(self, messages: Sequence[_ReadMessage]) -> None:
        cases = _fold(messages)
        pairs = [case for case in cases if len(case.halves.known) == 2]
        singles = [case for case in cases if len(case.halves.known) == 1]
        await self._save_pairs(pairs)
        open_cases = [*pairs, *await self._stage(singles)]
        for _ in range(MAX_ROUNDS):
            deleted = await self.completion.settle(open_cases)
            if not deleted:
                return self._note_copies(messages, cases)
            # The product was deleted, and perhaps the row was, too: stage the half again before it is acknowledged.
            open_cases = await self._stage(deleted)
        raise TooMuchContention(MAX_ROUNDS)

    async def _save_pairs(self, pairs: Sequence[Assembly]) -> None:
        """Save the pairs, then read their staging rows, which have to be merged and removed."""
        if not pairs:
            return
        await self.completion.save(pairs)
        rows = await self.staging.waiting([case.key for case in pairs])
        for case in pairs:
            if isinstance(row := rows.get(case.key), WaitingHalf):  # an unreadable row is left to the sweeps
                case.add_waiting(row)

    async def _stage(self, singles: Sequence[Assembly]) -> list[Assembly]:
        """Stage single halves. Returns the cases to complete: those whose partner or product is there."""
        if not singles:
            return []
        now = self.clock.now()
        rows = [_row_for(case, now + self.staging_ttl) for case in singles]
        joining, alone, blocked = [], [], []
        outcomes = await self.staging.stage(rows, slack=self.staging_ttl / SLACK_DIVISOR)
        for case, row, outcome in zip(singles, rows, outcomes, strict=True):
            match outcome:
                case Partner(waiting):
                    case.add_waiting(waiting)
                    joining.append(case)
                case Superseded():
                    self.journal.record([_was_known(row)])
                case Unreadable():
                    blocked.append((case, outcome))
                case _:
                    case.row = row.half
                    alone.append((case, row))
        return joining + await self._find_products(alone) + await self._find_blocked(blocked)

    async def _find_blocked(self, blocked: Sequence[tuple[Assembly, Unreadable]]) -> list[Assembly]:
        """Read the products of halves that cannot be staged: a half whose product is there needs no row.

        Raises:
            StoreRefused: a product is absent, and its staging row cannot be read.
        """
        if not blocked:
            return []
        found = await self.products.find([case.key for case, _ in blocked])
        for case, row in blocked:
            case.stored_elsewhere(readable(found.get(case.key)))
            if case.record is None:
                raise row.refusal("staging")
        return [case for case, _ in blocked]

    async def _find_products(self, alone: Sequence[tuple[Assembly, WaitingHalf]]) -> list[Assembly]:
        """Read the products *after* the rows are written: a process that saves later sees the row."""
        if not alone:
            return []
        found = await self.products.find([case.key for case, _ in alone])
        for case, _ in alone:
            case.stored_elsewhere(readable(found.get(case.key)))
        waiting = [row for case, row in alone if case.record is None]
        self.journal.record([HalfStaged(key=row.key, kind=row.half.kind, origin=row.origin) for row in waiting])
        return [case for case, _ in alone if case.record is not None]

    def _note_copies(self, messages: Sequence[_ReadMessage], cases: Sequence[Assembly]) -> None:
        """Record the messages for which a newer one, or a copy, of the same batch was used."""
        used = {id(origin) for case in cases for origin in case.origins}
        self.journal.record(
            [
                HalfWasKnown(key=message.half.key, kind=message.half.kind, origin=message.origin)
                for message in messages
                if id(message.origin) not in used
            ]
        )


def _origin_of(delivery: Delivery, around: Mapping[str, str], notes: tuple[Note, ...]) -> Origin:
    """The origin by the attributes of the message, and of the envelopes ``around`` its event."""
    return Origin.of_message({**around, **delivery.attributes}, delivery.message_id, notes)


def _plain_origin(delivery: Delivery) -> Origin:
    """The origin of a message whose body was not read."""
    return _origin_of(delivery, {}, ())


def _deviated(message: _ReadMessage) -> EventDeviated:
    half = message.half
    return EventDeviated(queue=message.delivery.kind, key=half.key, kind=half.kind, origin=message.origin)


def _fold(messages: Iterable[_ReadMessage]) -> list[Assembly]:
    """One case for each product, with the newest half of each kind."""
    newest: dict[ProductKey, dict[str, _ReadMessage]] = {}
    for message in messages:
        kinds = newest.setdefault(message.half.key, {})
        known = kinds.get(message.half.kind)
        if known is None or message.half.version > known.half.version:
            kinds[message.half.kind] = message
    return [_case_of(key, list(kinds.values())) for key, kinds in newest.items()]


def _case_of(key: ProductKey, messages: Sequence[_ReadMessage]) -> Assembly:
    halves = Halves()
    for message in messages:
        halves = halves.merge(Halves.of(message.half))
    return Assembly(
        key=key,
        halves=halves,
        origins=tuple(message.origin for message in messages),
        senders={message.half.kind: message.origin for message in messages},
        waiting_since=min(message.delivery.sent_at for message in messages),
    )


def _row_for(case: Assembly, expires_at: datetime) -> WaitingHalf:
    (half,) = case.halves.known
    origin = case.senders[half.kind]
    return WaitingHalf(half=half, origin=origin, waiting_since=case.waiting_since or expires_at, expires_at=expires_at)


def _was_known(row: WaitingHalf) -> HalfWasKnown:
    return HalfWasKnown(key=row.key, kind=row.half.kind, origin=row.origin)


def _rejected(rejection: Rejection) -> MessageRejected:
    delivery = rejection.delivery
    return MessageRejected(
        kind=delivery.kind,
        message_id=delivery.message_id,
        origin=_plain_origin(delivery),
        faults=rejection.faults,
        receive_count=delivery.receive_count,
    )
