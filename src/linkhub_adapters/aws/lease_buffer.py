"""Leased messages between their receipt and the batch that takes them; a lease that ran out is not handed on."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence

from attrs import define, field

from linkhub_core.model import Kind
from linkhub_core.ports import Delivery

__all__ = ["LeaseBuffer"]


@define(kw_only=True, eq=False)
class LeaseBuffer:
    """A queue of leases, the oldest first. ``seconds`` is a steady clock."""

    visibility_timeout_seconds: float
    seconds: Callable[[], float]
    _leases: deque[Delivery] = field(factory=deque, init=False)
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
            self._leases.append(delivery)
            self._ends_at[delivery.receipt] = ends_at
            self._counts[delivery.kind] += 1

    def peek(self) -> Sequence[Delivery]:
        """All leases that are here, which stay."""
        return list(self._leases)

    def renew(self, receipts: Iterable[str], began_at: float) -> None:
        """Note that leases were extended at ``began_at``; those that were taken meanwhile do not matter."""
        for receipt in receipts:
            if receipt in self._ends_at:
                self._ends_at[receipt] = began_at + self.visibility_timeout_seconds

    def take(self, most: int) -> Sequence[Delivery]:
        """Hand over up to ``most`` leases; those that ran out are dropped, for they are delivered again."""
        now = self.seconds()
        taken: list[Delivery] = []
        while self._leases and len(taken) < most:
            delivery = self._leases.popleft()
            self._counts[delivery.kind] -= 1
            if self._ends_at.pop(delivery.receipt) > now:
                taken.append(delivery)
        return taken
