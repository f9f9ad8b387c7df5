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
from datetime import timedelta

from attrs import field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import Completion
from linkhub_core.application.read_delivery import FailedDelivery, ReadDelivery, read_delivery
from linkhub_core.application.settle import Settlement
from linkhub_core.errors import (
    Fault,
    LinkhubError,
    MalformedEvent,
    PermanentError,
    StoreRefused,
    TransientError,
)
from linkhub_core.model import Kind, ProductKey
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.model.journal_entries import (
    EventDeviated,
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
from linkhub_core.ports.staging_store import StagingStore

FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 300.0


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
    settlement: Settlement = field(init=False, repr=False)

    @settlement.default
    def _settlement(self) -> Settlement:
        completion = Completion(self.products, self.staging, self.notifier, self.journal, self.clock)
        return Settlement(completion, self.staging_ttl)

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

    # --- fold, then settle

    async def _assemble(self, messages: Sequence[ReadDelivery]) -> None:
        assemblies = _fold(messages)
        await self.settlement.settle(assemblies)
        self._note_copies(messages, assemblies)

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
    newest: dict[ProductKey, dict[Kind, ReadDelivery]] = {}
    for message in messages:
        half = message.half
        kind = half.kind
        kinds = newest.setdefault(half.key, {})
        known = kinds.get(kind)
        if known is None or half.version > known.half.version:
            kinds[kind] = message
    return [_assembly_of(key, kinds) for key, kinds in newest.items()]


def _assembly_of(key: ProductKey, messages: Mapping[Kind, ReadDelivery]) -> Assembly:
    halves = {kind: message.half for kind, message in messages.items()}
    sent_at = [message.delivery.sent_at for message in messages.values()]
    return Assembly(
        key=key,
        halves=Halves(caption=halves.get(Kind.CAPTION), thumbnails=halves.get(Kind.THUMBNAIL)),
        origins=tuple([message.origin for message in messages.values()]),
        senders={kind: message.origin for kind, message in messages.items()},
        waiting_since=min(sent_at),
        arrived_at=max(sent_at),
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
