"""The witness: sees every effect when it happens, and holds it against what linkhub guarantees.

Rule 1. From its acknowledgement on, a half is in its product or in staging, or a newer one of its kind is.
Rule 2. When a message is acknowledged, what it brought waits in staging or was announced.
Rule 3. A revision is written once, by the next number, and no half in it is older than in the one before.
Rule 4. What is announced was stored exactly so.
Rule 5. Only the malformed is rejected, and the malformed is never acknowledged.

In the end the product is the newest caption and the newest thumbnails, viewers saw just that, nothing is unannounced,
no row is left beside its product, nobody's message is anywhere but where it belongs, and copies change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from functools import lru_cache

import orjson
from attrs import define, field

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.announcement import Announcement
from linkhub_core.codec import decode_event, encode_product
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Half, Kind, ProductKey, ProductRecord, Version, WaitingHalf
from linkhub_core.ports import DeadLetter, Delivery
from tests.simulation.plan import BEGINNING, Plan, Posting
from tests.simulation.wire import Trace

__all__ = ["Witness", "half_of"]


@lru_cache(maxsize=4096)
def half_of(kind: Kind, body: str) -> Half | None:
    """The half that a message brings, or none where it is malformed."""
    try:
        return decode_event(kind, body, BEGINNING)
    except MalformedEvent:
        return None


@define(eq=False, kw_only=True)
class Witness:
    """Holds one run against the rules; what was broken stands in ``violations``."""

    plan: Plan
    products: MemoryProductStore
    staging: MemoryStagingStore
    trace: Trace
    violations: list[str] = field(factory=list)
    posted: list[Half] = field(factory=list)
    malformed: int = 0
    product_writes: int = 0
    announcements: int = 0
    _acknowledged: dict[ProductKey, set[Half]] = field(factory=dict)
    _expired: list[Half] = field(factory=list)
    _history: dict[tuple[ProductKey, int], ProductRecord] = field(factory=dict)
    _announced: dict[ProductKey, set[int]] = field(factory=dict)
    _views: dict[ProductKey, tuple[tuple[str, int], object]] = field(factory=dict)

    # --- while it runs

    def saw_posting(self, posting: Posting) -> None:
        """A worker sent a message."""
        half = half_of(posting.kind, posting.body)
        if half is None:
            self.malformed += 1
        else:
            self.posted.append(half)

    def saw_product(self, before: ProductRecord | None, record: ProductRecord) -> None:
        """A product was written."""
        self.product_writes += 1
        expected = before.revision + 1 if before else 1
        self._hold((record.key, record.revision) not in self._history, f"{record.key} r{record.revision} written twice")
        self._hold(record.revision == expected, f"{record.key} went to r{record.revision}, r{expected} was next")
        for kind in Kind:
            older = before is not None and version_in(record, kind) < version_in(before, kind)
            self._hold(not older, f"{record.key} r{record.revision} went back to an older {kind}")
        self._history[record.key, record.revision] = record
        self._hold_acknowledged(record.key)

    def saw_announcement(self, announcement: Announcement) -> None:
        """The notifier took an announcement; a viewer applies it as receivers are to."""
        self.announcements += 1
        key, revision = announcement.key, announcement.revision
        product = orjson.loads(announcement.event_json)["product"]
        stored = self._history.get((key, revision))
        same = stored is not None and orjson.loads(encode_product(stored)) == product
        self._hold(same, f"{key} r{revision} was announced with content that was never stored")
        self._announced.setdefault(key, set()).add(revision)
        if key not in self._views or announcement.order > self._views[key][0]:
            self._views[key] = announcement.order, product

    def saw_row_change(self, key: ProductKey) -> None:
        """A row was put, replaced or dropped."""
        self._hold_acknowledged(key)

    def saw_expiry(self, row: WaitingHalf, now: datetime) -> None:
        """A row past its time was dropped; whoever asks for it knows that it went."""
        if row.expired(now) and not self._in_product(row.half):
            self._expired.append(row.half)

    def saw_acknowledgement(self, delivery: Delivery) -> None:
        """A process asked the queue to delete a message."""
        half = half_of(delivery.kind, delivery.body)
        if half is None:
            self._hold(False, f"{delivery.message_id} is malformed and was acknowledged")
            return
        self._acknowledged.setdefault(half.key, set()).add(half)
        self._hold(self.safe(half), f"{delivery.message_id} was acknowledged, but {_name(half)} is nowhere")
        # A sweep that takes a row for an orphan may drop it just when its product was saved and is not announced yet.
        told = self._in_staging(half) or self._was_announced(half) or self.plan.expires
        self._hold(told, f"{delivery.message_id} was acknowledged, but {_name(half)} was never announced")

    def saw_rejection(self, delivery: Delivery) -> None:
        """A process moved a message to the dead letters."""
        half = half_of(delivery.kind, delivery.body)
        sound = half is not None and half.key != self.plan.refused
        self._hold(not sound, f"{delivery.message_id} is sound and was rejected")

    # --- where a half is

    def safe(self, half: Half) -> bool:
        """Whether the half, or a newer one of its kind, is in the product or in staging."""
        return self._in_product(half) or self._in_staging(half) or self._has_expired(half)

    def _in_product(self, half: Half) -> bool:
        record = self.products.rows.get(half.key)
        return record is not None and version_in(record, half.kind) >= half.version

    def _in_staging(self, half: Half) -> bool:
        row = self.staging.rows.get(half.key)
        return row is not None and row.half.kind is half.kind and row.half.version >= half.version

    def _has_expired(self, half: Half) -> bool:
        return any(
            gone.key == half.key and gone.kind is half.kind and gone.version >= half.version for gone in self._expired
        )

    def _was_announced(self, half: Half) -> bool:
        return any(
            version_in(self._history[half.key, revision], half.kind) >= half.version
            for revision in self._announced.get(half.key, ())
            if (half.key, revision) in self._history
        )

    def _hold_acknowledged(self, key: ProductKey) -> None:
        for half in self._acknowledged.get(key, ()):
            self._hold(self.safe(half), f"{_name(half)} was acknowledged and has vanished")

    # --- in the end

    def hold_swept(self, when: str, beside: Set[ProductKey] = frozenset()) -> None:
        """No row beside its product, nothing unannounced; ``beside`` are products that this is not asked of."""
        for key in self.staging.rows.keys() - beside:
            self._hold(key not in self.products.rows, f"{when}, a row stands beside the product {key}")
        for key in self.products.rows.keys() - beside:
            due = self.products.rows[key].unannounced_revision
            self._hold(due is None, f"{when}, {key} r{due} is unannounced")

    def hold_everything(self, when: str, letters: Sequence[DeadLetter], beside: Set[ProductKey] = frozenset()) -> None:
        """The guarantees, once the queues are empty and what is sound has left the dead letters."""
        self.hold_swept(when, beside)
        dead = [half_of(letter.kind, letter.body) for letter in letters]
        self._hold(dead.count(None) == self.malformed, f"{when}, {dead.count(None)} of {self.malformed} malformed died")
        for half in self.posted:
            self._hold(self.safe(half) or half in dead, f"{when}, {_name(half)} is nowhere")
        for key in {half.key for half in self.posted} - beside:
            self._hold_product(when, key)

    def _hold_product(self, when: str, key: ProductKey) -> None:
        newest = {kind: _newest(half for half in self.posted if (half.key, half.kind) == (key, kind)) for kind in Kind}
        record, row = self.products.rows.get(key), self.staging.rows.get(key)
        if key == self.plan.refused:
            self._hold(record is None, f"{when}, {key} was stored although the store refuses it")
        elif self.plan.expires:
            return
        elif None not in newest.values():
            self._hold(record is not None, f"{when}, both halves of {key} are known and there is no product")
            self._hold(record is None or self._is_newest(record, newest), f"{when}, {key} is not the newest")
            self._hold_view(when, key, record)
        else:
            (known,) = (half for half in newest.values() if half is not None)
            self._hold(record is None, f"{when}, {key} is a product of one half")
            self._hold(row is not None and row.half == known, f"{when}, {_name(known)} does not wait in staging")

    def _is_newest(self, record: ProductRecord, newest: dict[Kind, Half | None]) -> bool:
        contents = {Kind.CAPTION: record.caption, Kind.THUMBNAIL: record.thumbnails}
        return all(
            half is None or (version_in(record, kind), contents[kind]) == (half.version, half.content)
            for kind, half in newest.items()
        )

    def _hold_view(self, when: str, key: ProductKey, record: ProductRecord | None) -> None:
        if record is not None:
            _, seen = self._views.get(key, (None, None))
            self._hold(record.revision in self._announced.get(key, ()), f"{when}, the newest {key} was never announced")
            self._hold(seen == orjson.loads(encode_product(record)), f"{when}, viewers see an old {key}")

    def hold(self, kept: bool, rule: str) -> None:
        """Note ``rule`` as broken unless it is kept."""
        self._hold(kept, rule)

    def _hold(self, kept: bool, rule: str) -> None:
        if not kept:
            self.violations.append(rule)
            self.trace.note("WITNESS", "BROKEN:", rule)


def version_in(record: ProductRecord, kind: Kind) -> Version:
    """The version of a half of the record."""
    return record.caption_version if kind is Kind.CAPTION else record.thumbnails_version


def _newest(halves: Iterable[Half]) -> Half | None:
    return max(halves, key=lambda half: half.version, default=None)


def _name(half: Half) -> str:
    return f"{half.kind} {half.key} {short(half.version)}"


def short(version: Version) -> str:
    """A version in a few characters: the second of its stamp, and the begin of its digest."""
    return f"{version.timestamp:%S}.{version.digest[:2]}"
