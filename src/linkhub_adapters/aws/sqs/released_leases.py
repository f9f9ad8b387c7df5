"""Remembers leases that were given back, so that nothing said of them later is heard.

SQS knows no release: a message that is to come again after a while stays leased for that while, by the same receipt. A
heartbeat for the batch that it came with would then put its own time-out in place of the delay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from attrs import define, field

from linkhub_core.ports import Delivery

__all__ = ["ReleasedLeases"]


@define(kw_only=True, eq=False)
class ReleasedLeases:
    """The newest ``most`` receipts that were released; each receipt is of one lease, and never comes again."""

    most: int = 10_000
    _receipts: dict[str, None] = field(factory=dict, init=False)

    def add(self, receipts: Iterable[str]) -> None:
        """Remember leases; beyond ``most`` the oldest are forgotten, which by then have long run out."""
        self._receipts.update(dict.fromkeys(receipts))
        excess = max(0, len(self._receipts) - self.most)
        for receipt in list(islice(self._receipts, excess)):
            del self._receipts[receipt]

    def without(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Those of the deliveries that were not given back."""
        return [delivery for delivery in deliveries if delivery.receipt not in self._receipts]
