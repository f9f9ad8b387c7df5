"""Assemble a batch: from leased messages to settled products and acknowledgements.

    receive ──► admit ──► fold ──► stage ──► look ──► settle (save ► announce ► drop) ──► acknowledge
                  │                  │         │
                  ▼                  ▼         ▼
             dead letters       superseded   waiting             (both acknowledged: all of it is durable)

Both halves of a product in one batch skip staging: they are saved first, and whatever stands in staging for them is
read after that. Nothing is acknowledged before it is durable; one bad message never holds up its batch-mates.
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
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.event_queue import Delivery, EventQueue, Rejection
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.staging_store import Partner, StagingStore, Superseded
from linkhub_core.ports.unreadable import Unreadable
from linkhub_core.wire.codec import read_event

__all__ = ["AssembleBatch", "retry_delay_seconds"]

FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 300.0
SLACK_DIVISOR = 10  # a copy renews the expiry of its row once more than a tenth of the time is over


@frozen
class _Letter:
    """A message that holds a sound half."""

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
    """Works on one batch of deliveries; every one of them is acknowledged, rejected, or given back when it returns."""

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
        """Assemble what the messages hold.

        Raises:
            ServiceUnavailable: the queue itself cannot be reached, so some messages could neither be settled nor given
                back; their leases run out and they are delivered again.
        """
        await self._work(await self._admit(deliveries))

    # --- admit: what is malformed goes at once

    async def _admit(self, deliveries: Sequence[Delivery]) -> Sequence[_Letter]:
        letters: list[_Letter] = []
        rejections: list[Rejection] = []
        for delivery in deliveries:
            try:
                reading = read_event(delivery.kind, delivery.body, delivery.first_sent_at)
                origin = _origin_of(delivery, reading.attributes, reading.notes)
                letters.append(_Letter(delivery, reading.half, origin))
            except MalformedEvent as malformed:
                rejections.append(Rejection(delivery=delivery, faults=malformed.faults))
            except Exception as error:  # noqa: BLE001  what nobody foresaw in one body must not hold up the others
                await self._release([(delivery, _plain_origin(delivery))], error)
        await self._reject(rejections)
        return letters

    async def _reject(self, rejections: Sequence[Rejection]) -> None:
        """Send messages to the dead letters; while those do not take them, to another try, and the batch goes on."""
        if not rejections:
            return
        try:
            await self.queue.reject(rejections)
        except Exception as error:  # noqa: BLE001  dead letters that are out of order must not hold up the living
            deliveries = [rejection.delivery for rejection in rejections]
            await self._release([(delivery, _plain_origin(delivery)) for delivery in deliveries], error)
        else:
            self.journal.record([_rejected(rejection) for rejection in rejections])

    # --- work, and contain what fails

    async def _work(self, letters: Sequence[_Letter]) -> None:
        if not letters:
            return
        try:
            await self._assemble(letters)
            await self.queue.acknowledge([letter.delivery for letter in letters])
            self.journal.record([_deviated(letter) for letter in letters if letter.origin.notes])
        except TransientError as error:
            await self._give_back(letters, error)
        except Exception as error:  # noqa: BLE001  a batch must never die of one message: narrow it down
            await self._narrow_down(letters, error)

    async def _narrow_down(self, letters: Sequence[_Letter], error: Exception) -> None:
        keys = sorted({letter.half.key for letter in letters})
        if len(keys) > 1:
            lower = set(keys[: len(keys) // 2])
            await self._work([letter for letter in letters if letter.half.key in lower])
            await self._work([letter for letter in letters if letter.half.key not in lower])
        elif isinstance(error, PermanentError):
            fault = Fault("", str(error), of_store=isinstance(error, StoreRefused))
            await self._reject([Rejection(delivery=letter.delivery, faults=[fault]) for letter in letters])
        else:
            await self._give_back(letters, error)

    async def _give_back(self, letters: Sequence[_Letter], error: Exception) -> None:
        await self._release([(letter.delivery, letter.origin) for letter in letters], error)

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

    # --- fold, stage, look, settle

    async def _assemble(self, letters: Sequence[_Letter]) -> None:
        cases = _fold(letters)
        pairs = [case for case in cases if len(case.halves.known) == 2]
        singles = [case for case in cases if len(case.halves.known) == 1]
        await self._save_pairs(pairs)
        open_cases = [*pairs, *await self._stage(singles)]
        for _ in range(MAX_ROUNDS):
            deleted = await self.completion.settle(open_cases)
            if not deleted:
                return self._note_copies(letters, cases)
            # The product of a half that came alone is gone, and so may its row be: nothing holds the half for sure.
            open_cases = await self._stage(deleted)
        raise TooMuchContention(MAX_ROUNDS)

    async def _save_pairs(self, pairs: Sequence[Assembly]) -> None:
        """Save first; only then look whether something stands in staging that has to be taken in and to go."""
        if not pairs:
            return
        await self.completion.save(pairs)
        rows = await self.staging.waiting([case.key for case in pairs])
        for case in pairs:
            if isinstance(row := rows.get(case.key), WaitingHalf):  # one that cannot be read is left to the sweeps
                case.add_waiting(row)

    async def _stage(self, singles: Sequence[Assembly]) -> list[Assembly]:
        """Stage halves that came alone; give back the cases that go on, for their partner or product is there."""
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
        return joining + await self._look(alone) + await self._look_beside(blocked)

    async def _look_beside(self, blocked: Sequence[tuple[Assembly, Unreadable]]) -> list[Assembly]:
        """Read the products of halves that cannot be staged: one whose product is there needs no row.

        Raises:
            StoreRefused: one has no product, and its row cannot be read.
        """
        if not blocked:
            return []
        found = await self.products.find([case.key for case, _ in blocked])
        for case, row in blocked:
            case.stored_elsewhere(readable(found.get(case.key)))
            if case.record is None:
                raise row.refusal("staging")
        return [case for case, _ in blocked]

    async def _look(self, alone: Sequence[tuple[Assembly, WaitingHalf]]) -> list[Assembly]:
        """Read the products *after* the rows are written: whoever saves later will see the row."""
        if not alone:
            return []
        found = await self.products.find([case.key for case, _ in alone])
        for case, _ in alone:
            case.stored_elsewhere(readable(found.get(case.key)))
        waiting = [row for case, row in alone if case.record is None]
        self.journal.record([HalfStaged(key=row.key, kind=row.half.kind, origin=row.origin) for row in waiting])
        return [case for case, _ in alone if case.record is not None]

    def _note_copies(self, letters: Sequence[_Letter], cases: Sequence[Assembly]) -> None:
        """Tell of the messages that a newer one, or a twin, of the same batch stood for."""
        used = {id(origin) for case in cases for origin in case.origins}
        self.journal.record(
            [
                HalfWasKnown(key=letter.half.key, kind=letter.half.kind, origin=letter.origin)
                for letter in letters
                if id(letter.origin) not in used
            ]
        )


def _origin_of(delivery: Delivery, around: Mapping[str, str], notes: tuple[Note, ...]) -> Origin:
    """The sender's correlation id, on the message or on an envelope ``around`` it; else the message's own id."""
    return Origin.of_message({**around, **delivery.attributes}, delivery.message_id, notes)


def _plain_origin(delivery: Delivery) -> Origin:
    """The origin of a message whose body was not read."""
    return _origin_of(delivery, {}, ())


def _deviated(letter: _Letter) -> EventDeviated:
    half = letter.half
    return EventDeviated(queue=letter.delivery.kind, key=half.key, kind=half.kind, origin=letter.origin)


def _fold(letters: Iterable[_Letter]) -> list[Assembly]:
    """One case a product, with the newest half of each kind; the other copies need no work of their own."""
    newest: dict[ProductKey, dict[str, _Letter]] = {}
    for letter in letters:
        kinds = newest.setdefault(letter.half.key, {})
        known = kinds.get(letter.half.kind)
        if known is None or letter.half.version > known.half.version:
            kinds[letter.half.kind] = letter
    return [_case_of(key, list(kinds.values())) for key, kinds in newest.items()]


def _case_of(key: ProductKey, letters: Sequence[_Letter]) -> Assembly:
    halves = Halves()
    for letter in letters:
        halves = halves.merge(Halves.of(letter.half))
    return Assembly(
        key=key,
        halves=halves,
        origins=tuple(letter.origin for letter in letters),
        senders={letter.half.kind: letter.origin for letter in letters},
        waiting_since=min(letter.delivery.sent_at for letter in letters),
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
