"""Leased messages between their receipt and the batch that takes them; a lease that ran out is not handed on.

What is here for longer than one batch goes in the order in which it was sent, whichever queue it is of: so two queues
that are drained together stay in step, and the halves of a video, sent close together, meet in one batch instead of in
staging. Yet no backlog holds up the other queue: a quarter of each batch is for either kind, and whoever is here the
longest goes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from attrs import define, field

from linkhub_core.model import Kind
from linkhub_core.ports import Delivery

__all__ = ["LeaseBuffer"]


@define(kw_only=True, eq=False)
class LeaseBuffer:
    """Leases by their receipts, in the order in which they came. ``seconds`` is a steady clock."""

    visibility_timeout_seconds: float
    seconds: Callable[[], float]
    _leases: dict[str, Delivery] = field(factory=dict, init=False)
    _ends_at: dict[str, float] = field(factory=dict, init=False)
    _counts: Counter[Kind] = field(factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._leases)

    def count(self, kind: Kind) -> int:
        """How many leases of one queue are here."""
        return self._counts[kind]

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Take in leases that have just begun."""
        ends_at = self.seconds() + self.visibility_timeout_seconds
        for delivery in deliveries:
            self._leases[delivery.receipt] = delivery
            self._ends_at[delivery.receipt] = ends_at
            self._counts[delivery.kind] += 1

    def peek(self) -> Sequence[Delivery]:
        """All leases that are here, which stay."""
        return list(self._leases.values())

    def renew(self, receipts: Iterable[str], began_at: float) -> None:
        """Note that leases were extended at ``began_at``; those that were taken meanwhile do not matter."""
        for receipt in receipts:
            if receipt in self._ends_at:
                self._ends_at[receipt] = began_at + self.visibility_timeout_seconds

    def take(self, most: int) -> Sequence[Delivery]:
        """Hand over up to ``most`` leases; those that ran out are dropped, for they are delivered again."""
        now = self.seconds()
        for receipt in [receipt for receipt, ends_at in self._ends_at.items() if ends_at <= now]:
            self._remove(receipt)
        return [self._remove(receipt) for receipt in self._order(most)]

    def _order(self, most: int) -> Sequence[str]:
        """Whose turn it is."""
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
