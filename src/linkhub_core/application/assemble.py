"""Assemble a batch: from leased messages to complete products and acknowledgements.

    receive ──► read ──► fold ──► stage ──► find ──► complete (save ► announce ► drop) ──► acknowledge
                  │                 │         │
                  ▼                 ▼         ▼
             dead letters      superseded   waiting             (both are acknowledged: all of it is durable)

Both halves of a product in one batch skip staging: they are saved first, then their staging rows are read. Nothing is
acknowledged before it is durable. A message that fails does not delay the others of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import MAX_ROUNDS, Completion, readable
from linkhub_core.application.read_delivery import FailedDelivery, ReadDelivery, read_delivery
from linkhub_core.errors import (
    Fault,
    LinkhubError,
    MalformedEvent,
    PermanentError,
    StoreRefused,
    TooMuchContention,
    TransientError,
)
from linkhub_core.model import ProductKey, WaitingHalf
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.model.journal_entries import (
    EventDeviated,
    HalfStaged,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
)
from linkhub_core.model.merge import Halves
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.event_queue import Delivery, EventQueue, Rejection
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.staging_store import Partner, StagingStore, Superseded

FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 300.0
SLACK_DIVISOR = 10  # a copy renews the expiry of its row once more than a tenth of the time is over


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
        return Completion(self.products, self.staging, self.notifier, self.journal, self.clock)

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Assemble the messages of a batch.

        Raises:
            ServiceUnavailable: the queue does not answer, so some messages have no outcome; they
                are delivered again when their leases run out.
        """
        await self.assemble([read_delivery(delivery) for delivery in deliveries])

    async def assemble(self, messages: Sequence[ReadDelivery | FailedDelivery]) -> None:
        """Assemble messages that are read already; see :meth:`__call__`."""
        rejected: list[tuple[FailedDelivery, Sequence[Fault]]] = []
        for message in messages:
            if isinstance(message, FailedDelivery) and isinstance(message.error, MalformedEvent):
                rejected.append((message, message.error.faults))
            elif isinstance(message, FailedDelivery):
                await self._release([message], message.error)
        await self._reject(rejected)
        await self._work([message for message in messages if isinstance(message, ReadDelivery)])

    async def _reject(self, rejected: Sequence[tuple[ReadDelivery | FailedDelivery, Sequence[Fault]]]) -> None:
        """Move messages to the dead letters; release them if that fails, so that the batch goes on."""
        if not rejected:
            return
        rejections = [Rejection(delivery=message.delivery, faults=faults) for message, faults in rejected]
        try:
            await self.queue.reject(rejections)
        except Exception as error:  # noqa: BLE001  a failing dead-letter queue must not block valid messages
            await self._release([message for message, _ in rejected], error)
        else:
            self.journal.record([_rejected(message, faults) for message, faults in rejected])

    # --- work; a failure is narrowed down to its product

    async def _work(self, messages: Sequence[ReadDelivery]) -> None:
        if not messages:
            return
        try:
            await self._assemble(messages)
            await self.queue.acknowledge([message.delivery for message in messages])
            self.journal.record([_deviated(message) for message in messages if message.origin.notes])
        except TransientError as error:
            await self._release(messages, error)
        except Exception as error:  # noqa: BLE001  one message must not fail the batch: narrow it down
            await self._narrow_down(messages, error)

    async def _narrow_down(self, messages: Sequence[ReadDelivery], error: Exception) -> None:
        keys = sorted({message.half.key for message in messages})
        if len(keys) > 1:
            lower = set(keys[: len(keys) // 2])
            await self._work([message for message in messages if message.half.key in lower])
            await self._work([message for message in messages if message.half.key not in lower])
        elif isinstance(error, PermanentError):
            fault = Fault("", str(error), of_store=isinstance(error, StoreRefused))
            await self._reject([(message, [fault]) for message in messages])
        else:
            await self._release(messages, error)

    async def _release(self, messages: Sequence[ReadDelivery | FailedDelivery], error: Exception) -> None:
        problem = str(error) if isinstance(error, LinkhubError) else repr(error)
        for count in sorted({message.delivery.receive_count for message in messages}):
            batch = [message for message in messages if message.delivery.receive_count == count]
            delay_seconds = retry_delay_seconds(count, self.jitter())
            released = MessagesReleased(
                origins=[message.origin for message in batch],
                problem=problem,
                transient=isinstance(error, TransientError),
                delay_seconds=delay_seconds,
            )
            self.journal.record([released])
            await self.queue.release([message.delivery for message in batch], delay_seconds)

    # --- fold, stage, find, complete

    async def _assemble(self, messages: Sequence[ReadDelivery]) -> None:
        assemblies = _fold(messages)
        pairs = [assembly for assembly in assemblies if len(assembly.halves.known) == 2]
        singles = [assembly for assembly in assemblies if len(assembly.halves.known) == 1]
        await self._save_pairs(pairs)
        unfinished = [*pairs, *await self._stage(singles)]
        for _ in range(MAX_ROUNDS):
            deleted = await self.completion.complete(unfinished)
            if not deleted:
                return self._note_copies(messages, assemblies)
            # The product was deleted, and perhaps the row was, too: stage the half again before it is acknowledged.
            unfinished = await self._stage(deleted)
        raise TooMuchContention(MAX_ROUNDS)

    async def _save_pairs(self, pairs: Sequence[Assembly]) -> None:
        """Save the pairs, then read their staging rows, which have to be merged and removed."""
        if not pairs:
            return
        await self.completion.save(pairs)
        rows = await self.staging.waiting([assembly.key for assembly in pairs])
        for assembly in pairs:
            if isinstance(row := rows.get(assembly.key), WaitingHalf):  # an unreadable row is left to the sweeps
                assembly.add_waiting(row)

    async def _stage(self, singles: Sequence[Assembly]) -> list[Assembly]:
        """Stage single halves. Returns the assemblies to complete: those whose partner or product is there."""
        if not singles:
            return []
        now = self.clock.now()
        rows = [_row_for(assembly, now + self.staging_ttl) for assembly in singles]
        joining, alone, blocked = [], [], []
        outcomes = await self.staging.stage(rows, slack=self.staging_ttl / SLACK_DIVISOR)
        for assembly, row, outcome in zip(singles, rows, outcomes, strict=True):
            match outcome:
                case Partner(waiting):
                    assembly.add_waiting(waiting)
                    joining.append(assembly)
                case Superseded():
                    self.journal.record([HalfWasKnown(key=row.key, kind=row.half.kind, origin=row.origin)])
                case Unreadable():
                    blocked.append((assembly, outcome))
                case _:
                    assembly.row = row.half
                    alone.append((assembly, row))
        return joining + await self._find_products(alone) + await self._find_blocked(blocked)

    async def _find_blocked(self, blocked: Sequence[tuple[Assembly, Unreadable]]) -> list[Assembly]:
        """Read the products of halves that cannot be staged: a half whose product is there needs no row.

        Raises:
            StoreRefused: a product is absent, and its staging row cannot be read.
        """
        if not blocked:
            return []
        found = await self.products.find([assembly.key for assembly, _ in blocked])
        for assembly, row in blocked:
            assembly.stored_elsewhere(readable(found.get(assembly.key)))
            if assembly.record is None:
                raise row.refusal("staging")
        return [assembly for assembly, _ in blocked]

    async def _find_products(self, alone: Sequence[tuple[Assembly, WaitingHalf]]) -> list[Assembly]:
        """Read the products *after* the rows are written: a process that saves later sees the row."""
        if not alone:
            return []
        found = await self.products.find([assembly.key for assembly, _ in alone])
        for assembly, _ in alone:
            assembly.stored_elsewhere(readable(found.get(assembly.key)))
        waiting = [row for assembly, row in alone if assembly.record is None]
        self.journal.record([HalfStaged(key=row.key, kind=row.half.kind, origin=row.origin) for row in waiting])
        return [assembly for assembly, _ in alone if assembly.record is not None]

    def _note_copies(self, messages: Sequence[ReadDelivery], assemblies: Sequence[Assembly]) -> None:
        """Record the messages for which a newer one, or a copy, of the same batch was used."""
        used = {id(origin) for assembly in assemblies for origin in assembly.origins}
        self.journal.record(
            [
                HalfWasKnown(key=message.half.key, kind=message.half.kind, origin=message.origin)
                for message in messages
                if id(message.origin) not in used
            ]
        )


def _deviated(message: ReadDelivery) -> EventDeviated:
    half = message.half
    return EventDeviated(queue=message.delivery.kind, key=half.key, kind=half.kind, origin=message.origin)


def _fold(messages: Iterable[ReadDelivery]) -> list[Assembly]:
    """One assembly for each product, with the newest half of each kind."""
    newest: dict[ProductKey, dict[str, ReadDelivery]] = {}
    for message in messages:
        kinds = newest.setdefault(message.half.key, {})
        known = kinds.get(message.half.kind)
        if known is None or message.half.version > known.half.version:
            kinds[message.half.kind] = message
    return [_assembly_of(key, list(kinds.values())) for key, kinds in newest.items()]


def _assembly_of(key: ProductKey, messages: Sequence[ReadDelivery]) -> Assembly:
    halves = Halves()
    for message in messages:
        halves = halves.merge(Halves.of(message.half))
    return Assembly(
        key=key,
        halves=halves,
        origins=tuple(message.origin for message in messages),
        senders={message.half.kind: message.origin for message in messages},
        waiting_since=min(message.delivery.sent_at for message in messages),
        arrived_at=max(message.delivery.sent_at for message in messages),
    )


def _row_for(assembly: Assembly, expires_at: datetime) -> WaitingHalf:
    (half,) = assembly.halves.known
    origin = assembly.senders[half.kind]
    return WaitingHalf(
        half=half, origin=origin, waiting_since=assembly.waiting_since or expires_at, expires_at=expires_at
    )


def _rejected(message: ReadDelivery | FailedDelivery, faults: Sequence[Fault]) -> MessageRejected:
    delivery = message.delivery
    return MessageRejected(
        kind=delivery.kind,
        message_id=delivery.message_id,
        origin=message.origin,
        faults=faults,
        receive_count=delivery.receive_count,
    )
