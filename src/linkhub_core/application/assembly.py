"""One product's business within one batch: what is known of it, and what there is to clean up.

The only mutable value of the core: a case lives for one call of a use case and is handed from step to step.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from linkhub_core.model import Half, Kind, Origin, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.merge import Halves, newer_than

__all__ = ["Assembly"]


@define(kw_only=True)
class Assembly:
    """What one batch knows of one product.

    ``origins`` are the messages behind it, the newest last, and ``senders`` those that brought its ``halves``.
    ``waiting_since`` is when its first half was received, where that is known. ``record`` is the product as last read
    or written. ``row`` is the half in staging that has to go once the product has it, or the
    whole row if it holds both. ``saved`` says that
    this case wrote a revision, ``owes_announcement`` that it wrote the newest one and has not announced it.
    """

    key: ProductKey
    halves: Halves
    origins: tuple[Origin, ...]
    senders: dict[Kind, Origin] = field(factory=dict)
    waiting_since: datetime | None = None
    record: ProductRecord | None = None
    row: Half | WaitingHalf | None = None
    saved: bool = False
    owes_announcement: bool = False

    @classmethod
    def of_row(cls, waiting: WaitingHalf) -> Assembly:
        """The case that a row in staging makes by itself."""
        case = cls(key=waiting.key, halves=Halves(), origins=())
        case.add_waiting(waiting)
        return case

    @classmethod
    def of_record(cls, record: ProductRecord) -> Assembly:
        """The case that a stored product makes by itself: it may still have to be announced."""
        return cls(key=record.key, halves=Halves(), origins=(), record=record)

    def add_waiting(self, waiting: WaitingHalf) -> None:
        """Learn of the row in staging, and that it has to go."""
        self.row = waiting.half if waiting.other is None else waiting
        self.origins = (waiting.origin, *self.origins)
        for half in waiting.halves:
            self.halves = self.halves.merge(Halves.of(half))
            if half in self.halves.known:
                self.senders[half.kind] = waiting.origin
        self.waiting_since = min(self.waiting_since or waiting.waiting_since, waiting.waiting_since)

    def saved_by_us(self, record: ProductRecord) -> None:
        """Our write went through: announcing it is ours."""
        self.record, self.saved, self.owes_announcement = record, True, True

    def stored_elsewhere(self, record: ProductRecord | None) -> None:
        """Take what is stored, none if there is no product: announcing it is not ours."""
        self.record, self.owes_announcement = record, False

    @property
    def is_taken_in(self) -> bool:
        """Whether the product has all that is known."""
        return self.record is not None and newer_than(self.record, self.halves) == Halves()
