"""The queues and the notifier of one process, reached over the network."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from linkhub_adapters.memory import MemoryEventQueue
from linkhub_core.model import HalfReport, ProductKey
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import Delivery, Rejection
from tests.simulation.invariant_checker import InvariantChecker, half_of
from tests.simulation.network import Killable, Network
from tests.simulation.plan import Positions


@define(eq=False)
class Leases:
    """Who holds which message, and of which products a copy was still in work, or came, when its message was gone.

    Such a copy is not delivered again when it fails half-way: what it leaves behind is the sweeper's.
    """

    outlived: set[ProductKey] = field(factory=set)
    handed_out: list[Delivery] = field(factory=list)
    _holders: dict[str, list[Killable]] = field(factory=dict)
    _gone: set[str] = field(factory=set)

    def taken(self, process: Killable, deliveries: Sequence[Delivery]) -> None:
        """``process`` has received these."""
        self.handed_out += deliveries
        for delivery in deliveries:
            self._holders.setdefault(delivery.message_id, []).append(process)
            if delivery.message_id in self._gone:
                self._note_outlived(delivery)

    def settled(self, process: Killable, delivery: Delivery, *, gone: bool) -> None:
        """``process`` is done with it; with ``gone`` the message left the queue."""
        holders = self._holders.get(delivery.message_id, [])
        if process in holders:
            holders.remove(process)
        if gone:
            self._gone.add(delivery.message_id)
            if any(holder.alive for holder in holders):
                self._note_outlived(delivery)

    def _note_outlived(self, delivery: Delivery) -> None:
        if half := half_of(delivery.kind, delivery.body, delivery.first_sent_at):
            self.outlived.add(half.key)


@frozen
class SimulatedNotifier:
    """A notifier whose announcements the checker sees at once."""

    process: Killable
    network: Network
    checker: InvariantChecker

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        is_prompt = self.checker.plan.positions is Positions.STAMPS
        await self.network.each(
            self.process, "notifier", "to announce", announcements, self._notify, is_prompt=is_prompt
        )

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port: no viewer receives them."""

    async def _notify(self, announcement: Announcement) -> None:
        what = f"revision {announcement.revision} of {announcement.key} as {announcement.event_type}"
        self.network.log.tell(self.process.name, f"announces {what}")
        self.checker.saw_announcement(announcement)


@frozen
class SimulatedQueue:
    """The queues. Sometimes an earlier delivery comes again, to any process, even while its lease runs."""

    process: Killable
    network: Network
    checker: InvariantChecker
    inner: MemoryEventQueue
    leases: Leases

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        (deliveries,) = await self.network.each(self.process, "queue", "to receive messages", [None], self._receive)
        return deliveries

    async def _receive(self, _: None) -> Sequence[Delivery]:
        deliveries = list(await self.inner.receive())
        if self.leases.handed_out and self.network.duplicates():
            deliveries.append(self.network.chance.choice(self.leases.handed_out))
        self.leases.taken(self.process, deliveries)
        if deliveries:
            receipts = ", ".join(delivery.receipt for delivery in deliveries)
            self.network.log.tell(self.process.name, f"receives {receipts}")
        return self.network.chance.sample(deliveries, len(deliveries))

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await self.network.each(self.process, "queue", "to acknowledge messages", deliveries, self._acknowledge)

    async def _acknowledge(self, delivery: Delivery) -> None:
        self.network.log.tell(self.process.name, f"acknowledges {delivery.receipt}")
        self.checker.saw_acknowledgement(delivery)
        before = sum(self.inner.depth.values())
        await self.inner.acknowledge([delivery])
        self.leases.settled(self.process, delivery, gone=sum(self.inner.depth.values()) < before)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port."""

        async def effect(delivery: Delivery) -> None:
            self.network.log.tell(self.process.name, f"gives {delivery.receipt} back for {delay_seconds:.1f} s")
            await self.inner.release([delivery], delay_seconds)
            self.leases.settled(self.process, delivery, gone=False)

        await self.network.each(self.process, "queue", "to give messages back", deliveries, effect)

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""

        async def effect(delivery: Delivery) -> None:
            await self.inner.extend([delivery])

        await self.network.each(self.process, "queue", "to extend leases", deliveries, effect)

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        await self.network.each(self.process, "queue", "to reject messages", rejections, self._reject)

    async def _reject(self, rejection: Rejection) -> None:
        self.network.log.tell(self.process.name, f"rejects {rejection.delivery.receipt}: {rejection.faults[0]}")
        self.checker.saw_rejection(rejection.delivery)
        before = sum(self.inner.depth.values())
        await self.inner.reject([rejection])
        self.leases.settled(self.process, rejection.delivery, gone=sum(self.inner.depth.values()) < before)
