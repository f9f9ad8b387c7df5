"""Observes every effect when it happens, and compares it with the guarantees of linkhub.

Rule 1. From its acknowledgement on, a half is in its product or in staging, or a newer one of its kind is. A row is
        dropped only if a product has its half. A row that waits in vain is removed no earlier than after nine tenths of
        the time to wait, counted from the last message that was acknowledged for it. What an operator deleted by hand
        is excused.
Rule 2. When a message is acknowledged, what it brought waits in staging or was announced.
Rule 3. A revision is written once, by the next number; it changes what readers see, and no half in it is older than in
        the one before. A silent save moves what readers do not see. ``updated_at`` and expiries never move back.
Rule 4. What is announced was stored exactly so. A debt is cleared only of a revision that was announced, of this life
        of the product. The first announcement of a life, or since it was withdrawn, is a ``new_product``, and that of a
        withdrawn product ``product_removed``.
Rule 5. A process that announces what another one saved has read the product again after it waited for the other one.
Rule 6. Only messages that are malformed, or that a store refuses, are rejected; the malformed are never acknowledged.
Rule 7. A change of a listing that was answered is stored and announced, or a later one took its place. Only a change
        that was saved during the call overtakes it. A listing of a greater version is never replaced by another one.

In the end the product is the newest caption and the newest thumbnails, by an order of stamps of its own;
clients saw just that; nothing is unannounced; no row is beside its product; every message is where it belongs; and
copies change nothing.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import datetime
from functools import lru_cache

import orjson
from attrs import define, evolve, field, frozen

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.application import ListingOutcome, ListingOvertaken, ListingSame, ListingSaved, ProductAbsent
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Content, Half, Kind, ProductKey, ProductRecord, Version, WaitingHalf
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED, Announcement
from linkhub_core.model.merge import Halves
from linkhub_core.ports import DeadLetter, Delivery
from linkhub_core.wire.codec import decode_event, encode_product, timestamp_text
from tests.simulation.plan import BEGINNING, ListingCall, Plan, Publication
from tests.simulation.run_log import RunLog, short

_EXPIRY_TOLERANCE_SECONDS = 1.5  # clocks of worlds in which halves expire are right to half a second


@lru_cache(maxsize=8192)
def half_of(kind: Kind, body: str, first_sent_at: datetime) -> Half | None:
    """The half of a message, or None if the message is malformed."""
    try:
        return decode_event(kind, body, first_sent_at)
    except MalformedEvent:
        return None


@frozen
class _Published:
    """A half as it was posted, and its place in the order of this module: the stamp cut to the sending, then whole."""

    half: Half
    order: tuple[int, int, str]

    @classmethod
    def of(cls, half: Half, sent_at: datetime) -> _Published:
        sent_us = round((sent_at - BEGINNING).total_seconds() * 1_000_000)
        begin_us = round((BEGINNING - datetime(1970, 1, 1, tzinfo=BEGINNING.tzinfo)).total_seconds() * 1_000_000)
        latest_us = (begin_us + sent_us) // 1000 * 1000 + 999
        stamped_us = half.version.stamped_us
        return cls(half, (min(stamped_us, latest_us), stamped_us, half.version.digest))


@frozen
class _Promise:
    """That a half of this version waits, counted from a moment, because its message is about to be acknowledged."""

    version: Version
    at_seconds: float


@define(eq=False)
class _Task:
    """The progress of a batch: when it last waited for others, read a product, and saved a revision."""

    waited: int = 0
    read: dict[ProductKey, int] = field(factory=dict)
    saved: set[tuple[ProductKey, str, int]] = field(factory=set)


@define(eq=False, kw_only=True)
class InvariantChecker:
    """Holds one run against the rules; ``violations`` are those that were broken."""

    plan: Plan
    products: MemoryProductStore
    staging: MemoryStagingStore
    log: RunLog
    violations: list[str] = field(factory=list)
    published: list[_Published] = field(factory=list)
    malformed: int = 0
    product_writes: int = 0
    announcements: int = 0
    listing_saves: Counter[ProductKey] = field(factory=Counter)
    listeners: list[Callable[[Announcement], None]] = field(factory=list)
    _acknowledged: dict[ProductKey, set[Half]] = field(factory=dict)
    _expired: list[tuple[Half, float]] = field(factory=list)
    _promised: dict[tuple[ProductKey, Kind], list[_Promise]] = field(factory=dict)
    _deleted: dict[ProductKey, list[ProductRecord]] = field(factory=dict)
    _adopted: set[ProductKey] = field(factory=set)
    _lives: dict[ProductKey, list[dict[int, ProductRecord]]] = field(factory=dict)
    _exported: list[ProductRecord] = field(factory=list)
    _announced: set[tuple[ProductKey, int, int]] = field(factory=set)
    _views: dict[ProductKey, tuple[tuple[str, int], object]] = field(factory=dict)
    _tasks: dict[object, _Task] = field(factory=dict)
    _steps: Iterator[int] = field(factory=lambda: itertools.count(1))

    # --- messages

    def saw_publication(self, publication: Publication, sent_at: datetime) -> None:
        """A worker sent a message."""
        half = half_of(publication.kind, publication.body, sent_at)
        if half is None:
            self.malformed += 1
        else:
            self.published.append(_Published.of(half, sent_at))

    def saw_foreign_row(self, row: WaitingHalf) -> None:
        """Another service left a row in staging, whose messages it has acknowledged."""
        for half in row.halves:
            self.published.append(_Published.of(half, BEGINNING))
            self._acknowledged.setdefault(half.key, set()).add(half)

    def saw_foreign_product(self, record: ProductRecord) -> None:
        """Another service saved a product, and showed it to the clients."""
        for content, version in zip(
            _contents(record), (record.caption_version, record.thumbnails_version), strict=True
        ):
            self.published.append(_Published(Half(key=record.key, version=version, content=content), (0, 0, "")))
        self._lives[record.key] = [{0: record}]
        self._announced.add((record.key, 1, 0))
        self._views[record.key] = (timestamp_text(record.created_at), 0), orjson.loads(encode_product(record))

    def saw_acknowledgement(self, delivery: Delivery) -> None:
        """A process asked the queue to delete a message."""
        half = half_of(delivery.kind, delivery.body, delivery.first_sent_at)
        if half is None:
            self.hold(False, f"message {delivery.message_id} is malformed and was acknowledged")
            return
        self._acknowledged.setdefault(half.key, set()).add(half)
        self.hold(self.safe(half), f"message {delivery.message_id} was acknowledged, but {_name(half)} is nowhere")
        logged = self._in_staging(half) or self._was_announced(half) or self._is_excused(half)
        self.hold(logged, f"message {delivery.message_id} was acknowledged, but {_name(half)} was never announced")

    def saw_rejection(self, delivery: Delivery) -> None:
        """A process moved a message to the dead letters."""
        half = half_of(delivery.kind, delivery.body, delivery.first_sent_at)
        sound = half is not None and self.plan.may_be_stored(half.key)
        self.hold(not sound, f"message {delivery.message_id} is sound and was rejected")

    # --- imports

    def saw_export(self, rows: Sequence[WaitingHalf], products: Sequence[ProductRecord]) -> None:
        """An operator begins to import what another backend knows."""
        self._exported += products
        for half in _halves_in(rows, products):
            self.published.append(_Published.of(half, BEGINNING))

    def saw_import(self, rows: Sequence[WaitingHalf], products: Sequence[ProductRecord]) -> None:
        """An import ended well: its halves are safe, and no revision or listing is behind the export."""
        for half in _halves_in(rows, products):
            self._acknowledged.setdefault(half.key, set()).add(half)
            self.hold(self.safe(half), f"{_name(half)} was imported, but is nowhere")
        for exported in products:
            stored = self.products.rows.get(exported.key)
            is_behind = stored is not None and (
                stored.revision < exported.revision or stored.listing_version < exported.listing_version
            )
            self.hold(not is_behind, f"{_named(exported)} was imported, and the stored product is behind it")

    def _exported_revisions(self, key: ProductKey) -> set[int]:
        return {exported.revision for exported in self._exported if exported.key == key}

    # --- what a batch in work does

    def saw_waiting(self) -> None:
        """The present task waited for another process to announce what it saved."""
        self._task().waited = next(self._steps)

    def saw_reading(self, key: ProductKey) -> None:
        """The present task learned what is stored of a product."""
        self._task().read[key] = next(self._steps)

    def _task(self) -> _Task:
        return self._tasks.setdefault(asyncio.current_task(), _Task())

    # --- products

    def saw_creation(self, record: ProductRecord) -> None:
        """A product was put where none was."""
        self._lives.setdefault(record.key, []).append({})
        self.hold(record.revision in {1, *self._exported_revisions(record.key)}, f"{_named(record)} was created")
        owed = None if record.is_withdrawn else record.revision
        self.hold(record.unannounced_revision == owed, f"{_named(record)} was created and owes the wrong revision")
        self._saw_save(record)
        if record.is_withdrawn:  # it came with an import, and readers never saw it
            self._announced.add((record.key, len(self._lives[record.key]), record.revision))

    def saw_revision(self, before: ProductRecord, record: ProductRecord) -> None:
        """A product was changed."""
        for kind in Kind:
            older = version_in(record, kind) < version_in(before, kind)
            self.hold(not older, f"{_named(record)} went back to an older {kind}")
        if record.listing_version != before.listing_version:
            self.listing_saves[record.key] += 1
            self.hold(
                record.listing_version > before.listing_version, f"{_named(record)} went back to an older listing"
            )
        else:
            self.hold(record.listing == before.listing, f"{_named(record)} has another listing of the same version")
        if record.revision == before.revision:
            self._saw_silent_save(before, record)
            return
        if before.revision == 0 and record.unannounced_revision is None:
            self._saw_adoption(before, record)
            return
        exported = self._exported_revisions(record.key)
        if record.revision in exported and _visible(record) == _visible(before):
            self._saw_raise(before, record)
            return
        following = {max(before.revision, other) + 1 for other in (0, *exported)}
        self.hold(record.revision in following, f"{_named(record)} follows revision {before.revision}")
        self.hold(_visible(record) != _visible(before), f"{_named(record)} shows readers nothing new")
        self.hold(record.updated_at >= before.updated_at, f"{_named(record)} has an earlier updated_at than before")
        self.hold(record.created_at == before.created_at, f"{_named(record)} has another created_at than before")
        self.hold(record.unannounced_revision == record.revision, f"{_named(record)} does not owe its announcement")
        self._saw_save(record)

    def _saw_save(self, record: ProductRecord) -> None:
        self.product_writes += 1
        life = self._lives[record.key][-1]
        self.hold(record.revision not in life, f"{_named(record)} was written twice")
        life[record.revision] = record
        self._task().saved.add((record.key, timestamp_text(record.created_at), record.revision))
        self._hold_acknowledged(record.key)

    def _saw_raise(self, before: ProductRecord, record: ProductRecord) -> None:
        """An import gave a product a greater revision, which readers see no change in."""
        self.hold(record.revision > before.revision, f"{_named(record)} went back from {before.revision}")
        is_paid = before.unannounced_revision is None and record.unannounced_revision is None
        self.hold(is_paid, f"{_named(record)} was raised although its product owed, or owes for it")
        self.hold(record.shown == before.shown, f"{_named(record)} was raised and is shown otherwise than before")
        life = len(self._lives[record.key])
        self._lives[record.key][-1][record.revision] = record
        self._announced.add((record.key, life, record.revision))
        self._hold_acknowledged(record.key)

    def _saw_adoption(self, before: ProductRecord, record: ProductRecord) -> None:
        self.hold(record == evolve(before, revision=1), f"the adoption of {_named(before)} changed it")
        self._lives[record.key][-1][1] = record
        self._announced.add((record.key, len(self._lives[record.key]), 1))
        self._adopted.add(record.key)

    def is_only_adopted(self, record: ProductRecord) -> bool:
        """Whether a product's first revision shows readers what another service showed, so that none was announced."""
        return record.key in self._adopted and record.revision == 1

    def _saw_silent_save(self, before: ProductRecord, record: ProductRecord) -> None:
        same = [(_visible(one), one.unannounced_revision, one.updated_at, one.shown) for one in (before, record)]
        self.hold(same[0] == same[1], f"a silent save of {_named(record)} changed what readers see, or its debt")
        self._lives[record.key][-1][record.revision] = record
        self._hold_acknowledged(record.key)

    def saw_marking(self, before: ProductRecord) -> None:
        """The debt of a product was cleared."""
        announced = any(
            (before.key, life, before.revision) in self._announced
            and _visible(self._lives[before.key][life - 1][before.revision]) == _visible(before)
            for life in self._lives_of(before.key, timestamp_text(before.created_at))
        )
        self.hold(announced, f"the debt of {_named(before)} was cleared, but it was not announced")

    def saw_deletion(self, record: ProductRecord) -> None:
        """An operator deleted a product."""
        self._deleted.setdefault(record.key, []).append(record)

    # --- announcements

    def saw_announcement(self, announcement: Announcement) -> None:
        """The notifier took an announcement; a client applies it as receivers are to."""
        self.announcements += 1
        key, revision = announcement.key, announcement.revision
        name = f"revision {revision} of {key}"
        product = orjson.loads(announcement.event_json).get("product")
        lives = [
            number
            for number, life in enumerate(self._lives.get(key, []), start=1)
            if revision in life and _document(life[revision]) == product
        ]
        self.hold(bool(lives), f"{name} was announced with content that was never stored")
        siblings = self._lives_of(key, announcement.created_at)
        is_removal = announcement.event_type == PRODUCT_REMOVED
        self.hold(is_removal is (product is None), f"{name} was announced as {announcement.event_type}")
        begin = self._begin(key, siblings, revision)
        first = not any(one[0] == key and one[1] in siblings and one[2] >= begin for one in self._announced)
        self.hold(
            not first or is_removal or announcement.event_type == NEW_PRODUCT,
            f"{name} came first, as {announcement.event_type}",
        )
        of_another = any(0 in self._lives[key][life - 1] for life in lives)
        self.hold(
            not of_another or announcement.event_type == PRODUCT_UPDATED,
            f"{name}, which another service has shown, was announced as {announcement.event_type}",
        )
        self._announced |= {(key, life, revision) for life in lives}
        task = self._task()
        own = (key, announcement.created_at, revision) in task.saved
        fresh = own or task.read.get(key, 0) > task.waited
        self.hold(fresh, f"{name} was announced for another process without reading the product again")
        self._show(announcement, product)
        for listener in self.listeners:
            listener(announcement)

    def _lives_of(self, key: ProductKey, created_at: str) -> set[int]:
        """The numbers of the lives that began in a millisecond: clocks may stand, so it may be several."""
        lives = enumerate(self._lives.get(key, []), start=1)
        return {number for number, life in lives if timestamp_text(life[min(life)].created_at) == created_at}

    def _begin(self, key: ProductKey, lives: set[int], revision: int) -> int:
        """The first revision of a life since it was withdrawn last, before this revision."""
        withdrawn = [
            number
            for life in lives
            for number, record in self._lives[key][life - 1].items()
            if record.is_withdrawn and number < revision
        ]
        return max(withdrawn, default=-1) + 1

    def saw_listing_outcome(self, call: ListingCall, outcome: ListingOutcome, saves_before: int) -> None:
        """A change of a listing was answered."""
        name, saves = f"the change of {call.key}", self.listing_saves[call.key] - saves_before
        if isinstance(outcome, ListingOvertaken):
            self.hold(saves > 0, f"{name} was overtaken, and no other was saved")
            return
        record = self.products.rows.get(call.key)
        self.hold(record is not None or isinstance(outcome, ProductAbsent), f"{name} was answered without a product")
        if isinstance(outcome, ProductAbsent) or record is None:
            return
        is_later = saves > isinstance(outcome, ListingSaved)  # another change was saved during the call
        is_stored = call.change.apply(record.listing) == record.listing
        self.hold(is_stored or is_later, f"{name} was answered and is not stored")
        least = outcome.record.revision if isinstance(outcome, ListingSame) else 0
        is_announced = any(
            (call.key, number, revision) in self._announced and call.change.apply(one.listing) == one.listing
            for number, life in enumerate(self._lives[call.key], start=1)
            for revision, one in life.items()
            if revision >= least
        )
        self.hold(is_announced or is_later, f"{name} was answered and was never announced")

    def _show(self, announcement: Announcement, product: object) -> None:
        """A client keeps the last revision of a life; whether another life counts, the store decides."""
        shown = self._views.get(announcement.key)
        stored = self.products.rows.get(announcement.key)
        if shown is not None and shown[0][0] == announcement.created_at:
            is_news = announcement.revision > shown[0][1]
        else:
            is_news = stored is None or timestamp_text(stored.created_at) == announcement.created_at
        if is_news:
            self._views[announcement.key] = (announcement.created_at, announcement.revision), product

    # --- rows

    def saw_row_change(self, key: ProductKey, before: WaitingHalf | None) -> None:
        """A row was put, replaced, renewed or dropped."""
        after = self.staging.rows.get(key)
        if before is not None and after is not None:
            earlier = after.expires_at < before.expires_at
            self.hold(not earlier, f"the row of {key} expires earlier than before")
            same = after.half.kind is before.half.kind
            self.hold(same, f"the row of {key} was replaced by the other half")
        self._hold_acknowledged(key)

    def saw_staging(self, half: Half, at_seconds: float) -> None:
        """A process was answered that its half, or a newer one of its kind, waits; it computed the expiry before."""
        promises = self._promised.setdefault((half.key, half.kind), [])
        promises.append(_Promise(half.version, at_seconds))
        due = at_seconds + self._least_seconds
        waits = self._in_product(half) or self._in_staging(half) or self._is_excused(half, since_seconds=due)
        self.hold(waits, f"a process was answered that {_name(half)} waits, and it does not")

    @property
    def _least_seconds(self) -> float:
        """How long a half waits at least."""
        return self.plan.staging_ttl.total_seconds() * 0.9 - _EXPIRY_TOLERANCE_SECONDS

    def saw_drop(self, row: WaitingHalf) -> None:
        """A row was removed because a product has what it held."""
        has_it = self._in_product(row.half) or self._is_excused(row.half)
        self.hold(has_it, f"the row of {_name(row.half)} was dropped, and no product has it")

    def saw_expiry(self, row: WaitingHalf) -> None:
        """A row was removed because its time is over."""
        if self._in_product(row.half):
            return
        now = asyncio.get_running_loop().time()
        for promise in self._promised.get((row.key, row.half.kind), []):
            early = promise.version <= row.half.version and now < promise.at_seconds + self._least_seconds
            self.hold(not early, f"{_name(row.half)} was removed {now - promise.at_seconds:.0f} s after it was renewed")
        self._expired.append((row.half, now))

    # --- where a half is

    def safe(self, half: Half) -> bool:
        """Whether the half, or a newer one of its kind, is in the product or in staging, or is excused."""
        return self._in_product(half) or self._in_staging(half) or self._is_excused(half)

    def _in_product(self, half: Half) -> bool:
        record = self.products.rows.get(half.key)
        return record is not None and version_in(record, half.kind) >= half.version

    def _in_staging(self, half: Half) -> bool:
        row = self.staging.rows.get(half.key)
        return row is not None and any(one.kind is half.kind and one.version >= half.version for one in row.halves)

    def _is_excused(self, half: Half, *, since_seconds: float = 0.0) -> bool:
        """Whether the half went with a product that was deleted by hand, or its time was over, from a moment on."""
        deleted = any(version_in(one, half.kind) >= half.version for one in self._deleted.get(half.key, ()))
        return deleted or any(
            (gone.key, gone.kind) == (half.key, half.kind)
            and gone.version >= half.version
            and at_seconds >= since_seconds
            for gone, at_seconds in self._expired
        )

    def _was_announced(self, half: Half) -> bool:
        return any(
            (half.key, number, revision) in self._announced and version_in(record, half.kind) >= half.version
            for number, life in enumerate(self._lives.get(half.key, []), start=1)
            for revision, record in life.items()
        )

    def _hold_acknowledged(self, key: ProductKey) -> None:
        for half in self._acknowledged.get(key, ()):
            self.hold(self.safe(half), f"{_name(half)} was acknowledged and has vanished")

    # --- in the end

    def hold_swept(self, when: str, beside: Set[ProductKey] = frozenset()) -> None:
        """No row beside its product, nothing unannounced; ``beside`` are products that this is not asked of."""
        for key in self.staging.rows.keys() - beside:
            there = key in self.products.rows and key not in self.products.unreadable
            self.hold(not there or not self.plan.may_be_stored(key), f"{when}, a row is left beside the product {key}")
        for key in self.products.rows.keys() - beside:
            record = self.products.rows[key]
            self.hold(record.unannounced_revision is None, f"{when}, {_named(record)} is unannounced")

    def hold_everything(self, when: str, letters: Sequence[DeadLetter], beside: Set[ProductKey] = frozenset()) -> None:
        """The guarantees, once the queues are empty and what is sound has left the dead letters."""
        self.hold_swept(when, beside)
        dead = [half_of(letter.kind, letter.body, letter.first_sent_at) for letter in letters]
        count = dead.count(None)
        self.hold(count == self.malformed, f"{when}, {count} of {self.malformed} malformed messages are dead letters")
        for published in self.published:
            half = published.half
            self.hold(self.safe(half) or half in dead, f"{when}, {_name(half)} is nowhere")
        for key in {published.half.key for published in self.published} - beside:
            self._hold_product(when, key)

    def hold_adopted(self) -> None:
        """Everything is linkhub's own."""
        for record in self.products.rows.values():
            self.hold(record.revision > 0, f"after an adoption, {record.key} has no revision")
        for row in self.staging.rows.values():
            self.hold(not row.is_foreign, f"after an adoption, the row of {row.key} is another service's")

    def _hold_product(self, when: str, key: ProductKey) -> None:
        newest = {kind: self.newest_of(key, kind) for kind in Kind}
        record, row = self.products.rows.get(key), self.staging.rows.get(key)
        if key == self.plan.refused:
            self.hold(record is None, f"{when}, {key} was stored although the store refuses it")
        elif self.plan.expires or not self.plan.may_be_stored(key):
            return
        elif key in self._deleted:
            self._hold_view(when, key, record)
        elif None not in newest.values():
            self.hold(record is not None, f"{when}, both halves of {key} are known and there is no product")
            self.hold(record is None or _is_newest(record, newest), f"{when}, {key} is not the newest")
            self._hold_view(when, key, record)
        else:
            (known,) = (half for half in newest.values() if half is not None)
            self.hold(record is None, f"{when}, {key} is a product of one half")
            waits = row is not None and row.half.content == known.content
            self.hold(waits, f"{when}, {_name(known)} does not wait in staging")

    def newest_of(self, key: ProductKey, kind: Kind) -> Half | None:
        """The newest half of a kind that was posted, by the order of this module."""
        ours = [one for one in self.published if (one.half.key, one.half.kind) == (key, kind)]
        return max(ours, key=lambda one: one.order).half if ours else None

    def _hold_view(self, when: str, key: ProductKey, record: ProductRecord | None) -> None:
        if record is None:
            return
        lives = self._lives[key]
        announced = (key, len(lives), record.revision) in self._announced
        self.hold(announced, f"{when}, the newest revision of {key} was never announced")
        _, seen = self._views.get(key, (None, None))
        if self.has_distinct_lives(key):
            self.hold(seen == _document(record), f"{when}, viewers see an old {key}")

    def has_distinct_lives(self, key: ProductKey) -> bool:
        """Whether no two lives of a product began in the same millisecond: nothing that is sent could tell which."""
        stamps = [timestamp_text(life[min(life)].created_at) for life in self._lives.get(key, [])]
        return len(set(stamps)) == len(stamps)

    def hold(self, kept: bool, rule: str) -> None:
        """Note ``rule`` as broken unless it is kept."""
        if not kept:
            self.violations.append(rule)
            self.log.tell("The checker", f"finds a rule broken: {rule}")


def version_in(record: ProductRecord, kind: Kind) -> Version:
    """The version of a half of the record."""
    return record.caption_version if kind is Kind.CAPTION else record.thumbnails_version


def _document(record: ProductRecord) -> object:
    """The product as readers see it; None if it is withdrawn."""
    return None if record.is_withdrawn else orjson.loads(encode_product(record))


def _visible(record: ProductRecord) -> object:
    """What readers see of a product but for its stamps."""
    document = _document(record)
    return (
        {name: document[name] for name in document.keys() - {"created_at", "updated_at"}}
        if isinstance(document, dict)
        else None
    )


def _halves_in(rows: Sequence[WaitingHalf], products: Sequence[ProductRecord]) -> list[Half]:
    of_products = [half for record in products for half in Halves.of_record(record).known]
    return [*(row.half for row in rows), *of_products]


def _contents(record: ProductRecord) -> tuple[Content, ...]:
    return (record.caption, record.thumbnails)


def _is_newest(record: ProductRecord, newest: dict[Kind, Half | None]) -> bool:
    contents = {Kind.CAPTION: record.caption, Kind.THUMBNAIL: record.thumbnails}
    return all(
        half is None or (version_in(record, kind).stamped_us, contents[kind]) == (half.version.stamped_us, half.content)
        for kind, half in newest.items()
    )


def _name(half: Half) -> str:
    return f"the {half.kind} {short(half.version)} of {half.key}"


def _named(record: ProductRecord) -> str:
    return f"revision {record.revision} of {record.key}"
