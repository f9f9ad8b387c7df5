"""The state of one product while a batch is assembled.

It is the only mutable value of the core. It exists for one call of a use case, and each step updates it.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from linkhub_core.model import Half, Kind, Origin, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.merge import Halves, has_all


@define(kw_only=True)
class Assembly:
    """One product of a batch.

    Args:
        key: the product.
        halves: the known halves, from messages and staging.
        origins: the messages that they came from, the newest last.
        senders: the message of each of ``halves``.
        waiting_since: when the first half was received; None if unknown.
        expires_at: until when a half waits; None: as long as usual.
        arrived_at: when the queue took the newest message of it; None without a message, as in a sweep.
        record: the product as last read or written.
        row: the staging row to remove once the product has its half; of a row with both halves the whole row.
        saved: this process wrote a revision of the product.
        owes_announcement: this process wrote the newest revision, and has not announced it.
    """

    key: ProductKey
    halves: Halves
    origins: tuple[Origin, ...]
    senders: dict[Kind, Origin] = field(factory=dict)
    waiting_since: datetime | None = None
    expires_at: datetime | None = None
    arrived_at: datetime | None = None
    record: ProductRecord | None = None
    row: Half | WaitingHalf | None = None
    saved: bool = False
    owes_announcement: bool = False

    @classmethod
    def of_row(cls, waiting: WaitingHalf) -> Assembly:
        """Begin with a staging row."""
        assembly = cls(key=waiting.key, halves=Halves(), origins=())
        assembly.add_waiting(waiting)
        return assembly

    @classmethod
    def of_record(cls, record: ProductRecord) -> Assembly:
        """Begin with a stored product that may have to be announced."""
        return cls(key=record.key, halves=Halves(), origins=(), record=record)

    def add_waiting(self, waiting: WaitingHalf) -> None:
        """Merge a staging row, which then has to be removed."""
        self.row = waiting.half if waiting.other is None else waiting
        self.origins = (waiting.origin, *self.origins)
        for half in waiting.halves:
            self.halves = self.halves.merge(Halves.of(half))
            if half in self.halves.known:
                self.senders[half.kind] = waiting.origin
        self.waiting_since = min(self.waiting_since or waiting.waiting_since, waiting.waiting_since)

    def saved_by_us(self, record: ProductRecord) -> None:
        """This process wrote the record, and has to announce it."""
        self.record, self.saved, self.owes_announcement = record, True, True

    def stored_elsewhere(self, record: ProductRecord | None) -> None:
        """Another process wrote the record, or deleted the product (None): this one need not announce it."""
        self.record, self.owes_announcement = record, False

    @property
    def is_taken_in(self) -> bool:
        """Whether the product has all known halves, or newer ones."""
        return self.record is not None and has_all(self.record, self.halves)
