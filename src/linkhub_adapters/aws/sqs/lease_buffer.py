"""Leased messages between a poll and a batch; a lease that is over is dropped, because SQS delivers it again.

A batch takes the messages in the order in which they were sent, from both queues. So two backlogs are processed in
step: the halves of a video, which were sent close together, meet in one batch and not in staging. A quarter of each
batch is reserved for each kind, and the oldest lease goes first, so that no backlog blocks the other queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from attrs import define, field

from linkhub_core.model import Kind
from linkhub_core.ports import Delivery


@define(kw_only=True, eq=False)
class LeaseBuffer:
    """Leases by receipt, in the order of their arrival. ``seconds`` is a monotonic clock."""

    visibility_timeout_seconds: float
    seconds: Callable[[], float]
    _leases: dict[str, Delivery] = field(factory=dict, init=False)
    _ends_at: dict[str, float] = field(factory=dict, init=False)
    _counts: Counter[Kind] = field(factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._leases)

    def count(self, kind: Kind) -> int:
        """The number of leases of one queue."""
        return self._counts[kind]

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Add leases that just began."""
        ends_at = self.seconds() + self.visibility_timeout_seconds
        for delivery in deliveries:
            self._leases[delivery.receipt] = delivery
            self._ends_at[delivery.receipt] = ends_at
            self._counts[delivery.kind] += 1

    def peek(self) -> Sequence[Delivery]:
        """All leases; they stay in the buffer."""
        return list(self._leases.values())

    def renew(self, receipts: Iterable[str], began_at: float) -> None:
        """Note that leases were extended at ``began_at``; receipts that are no longer here are ignored."""
        for receipt in receipts:
            if receipt in self._ends_at:
                self._ends_at[receipt] = began_at + self.visibility_timeout_seconds

    def take(self, most: int) -> Sequence[Delivery]:
        """Remove and return up to ``most`` leases; leases that are over are dropped."""
        now = self.seconds()
        for receipt in [receipt for receipt, ends_at in self._ends_at.items() if ends_at <= now]:
            self._remove(receipt)
        return [self._remove(receipt) for receipt in self._order(most)]

    def _order(self, most: int) -> Sequence[str]:
        """The receipts of the next batch."""
        if len(self._leases) <= most:
            return list(self._leases)
        as_sent = sorted(self._leases.values(), key=lambda lease: lease.sent_at)
        first = list(self.peek()[:1])
        for kind in Kind:
            first += [lease for lease in as_sent if lease.kind is kind][: most // 4]
        return list(dict.fromkeys(lease.receipt for lease in [*first, *as_sent]))[:most]

    def _remove(self, receipt: str) -> Delivery:
        delivery = self._leases.pop(receipt)
        del self._ends_at[receipt]
        self._counts[delivery.kind] -= 1
        return delivery


@define(kw_only=True, eq=False)
class ReleasedLeases:
    """The newest ``most`` receipts that were released.

    SQS has no release: a message that is released with a delay stays leased for that time, with the same receipt. So
    later calls about it, such as the heartbeat of its batch, must be ignored, or they would replace the delay.
    """

    most: int = 10_000
    _receipts: dict[str, None] = field(factory=dict, init=False)

    def add(self, receipts: Iterable[str]) -> None:
        """Remember receipts; the oldest beyond ``most``, whose leases are over, are forgotten."""
        self._receipts.update(dict.fromkeys(receipts))
        excess = max(0, len(self._receipts) - self.most)
        for receipt in list(islice(self._receipts, excess)):
            del self._receipts[receipt]

    def without(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """The deliveries that were not released."""
        return [delivery for delivery in deliveries if delivery.receipt not in self._receipts]
