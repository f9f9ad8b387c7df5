"""Steps 3 to 5 of the protocol: save, announce, drop.

The order makes each step safe: the product is durable before it is announced, its debt (``unannounced_revision``) is
cleared after the announcement, and the staging row is removed last. If a process ends in between, the debt or the row
is still there, and the next message or sweep continues from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.errors import TooMuchContention
from linkhub_core.model import Kind, Origin, ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.decision_table import Improved, Joined, Refreshed, decide
from linkhub_core.model.journal_entries import HalfWasKnown, ProductAnnounced, ProductSaved
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import Conflict, Created, Marked, ProductStore, Revised, Revision
from linkhub_core.ports.staging_store import Newer, StagingStore
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.codec import timestamp_text

MAX_ROUNDS = 10
HELP_AFTER_SECONDS = 0.1  # the process that saved a revision announces it; others wait this long before they help
_BOTH = tuple(Kind)
_NO_ORIGIN = Origin(correlation_id="")


@frozen
class Completion:
    """Saves, announces and drops until products have all that is known and no row is left."""

    products: ProductStore
    staging: StagingStore
    notifier: Notifier
    journal: Journal
    clock: Clock

    async def complete(self, assemblies: Sequence[Assembly]) -> Sequence[Assembly]:
        """Save, announce and drop until no newer half is found.

        Args:
            assemblies: products of which both halves, or the stored product, are known; each product once.

        Returns:
            The assemblies with one known half whose product was deleted meanwhile. Their rows are left as they are:
            stage such a half again before its message is acknowledged.

        Raises:
            TransientError: some assemblies are not complete; repeating the call is safe.
            StoreRefused: a store refuses one of these products.
        """
        unfinished = list(assemblies)
        for _ in range(MAX_ROUNDS):
            await self.save(unfinished)
            await self._announce(unfinished)
            unfinished = await self._drop(unfinished)
            if not unfinished:
                self._note_known(assemblies)
                return [assembly for assembly in assemblies if assembly.record is None and assembly.halves.known]
        raise TooMuchContention(MAX_ROUNDS)

    # --- step 3: save

    async def save(self, assemblies: Sequence[Assembly]) -> None:
        """Save the halves that each product lacks. Afterwards the ``record`` of each assembly is the stored one.

        Raises:
            TransientError, StoreRefused: as :meth:`complete`.
        """
        unfinished = list(assemblies)
        for _ in range(MAX_ROUNDS):
            now = self.clock.now()
            decided = [(assembly, decide(assembly.halves, assembly.record, now)) for assembly in unfinished]
            lost = await self._create([(assembly, d.record) for assembly, d in decided if isinstance(d, Joined)])
            lost += await self._revise(
                [(assembly, d.record) for assembly, d in decided if isinstance(d, Improved | Refreshed)]
            )
            if not lost:
                return
            unfinished = lost
        raise TooMuchContention(MAX_ROUNDS)

    async def _create(self, joined: Sequence[tuple[Assembly, ProductRecord]]) -> list[Assembly]:
        if not joined:
            return []
        lost = []
        for (assembly, record), outcome in zip(
            joined, await self.products.create([record for _, record in joined]), strict=True
        ):
            if isinstance(outcome, Created):
                self._note_saved(assembly, record.with_cursor(outcome.cursor), _BOTH)
            else:
                assembly.stored_elsewhere(readable(outcome if isinstance(outcome, Unreadable) else outcome.record))
                lost.append(assembly)
        return lost

    async def _revise(self, changed: Sequence[tuple[Assembly, ProductRecord]]) -> list[Assembly]:
        revisions = [
            (assembly, Revision(before=assembly.record, after=record))
            for assembly, record in changed
            if assembly.record is not None
        ]
        if not revisions:
            return []
        lost = []
        outcomes = await self.products.revise([revision for _, revision in revisions])
        for (assembly, revision), outcome in zip(revisions, outcomes, strict=True):
            if isinstance(outcome, Revised) and revision.is_silent:
                assembly.stored_elsewhere(revision.after)
            elif isinstance(outcome, Revised):
                after = revision.after.with_cursor(outcome.cursor)
                self._note_saved(assembly, after, _kinds_taken_in(revision.before, after))
            else:
                assembly.stored_elsewhere(readable(outcome if isinstance(outcome, Unreadable) else outcome.record))
                lost.append(assembly)
        return lost

    def _note_saved(self, assembly: Assembly, record: ProductRecord, kinds: Sequence[Kind]) -> None:
        assembly.saved_by_us(record)
        self.journal.record(
            [ProductSaved(key=assembly.key, revision=record.revision, kinds=kinds, origins=assembly.origins)]
        )

    # --- step 4: announce, then clear the debt

    async def _announce(self, assemblies: Sequence[Assembly]) -> None:
        ours = [assembly for assembly in assemblies if assembly.owes_announcement]
        theirs = [assembly for assembly in assemblies if not assembly.owes_announcement and _is_due(assembly)]
        due = ours + await self._still_due(theirs)
        if due:
            await self._hand_over([(assembly, assembly.record) for assembly in due if assembly.record is not None])

    async def _still_due(self, assemblies: Sequence[Assembly]) -> list[Assembly]:
        """Wait for the process that owes each announcement, then read again."""
        if not assemblies:
            return []
        await self.clock.sleep(HELP_AFTER_SECONDS)
        found = await self.products.find([assembly.key for assembly in assemblies])
        for assembly in assemblies:
            assembly.stored_elsewhere(readable(found.get(assembly.key)))
        return [assembly for assembly in assemblies if _is_due(assembly)]

    async def _hand_over(self, due: Sequence[tuple[Assembly, ProductRecord]]) -> None:
        prepared = await self._prepare(due)
        if not prepared:
            return
        now = self.clock.now()
        await self.notifier.notify([_announcement(assembly, record, now) for assembly, record in prepared])
        await self._mark(prepared)
        self.journal.record([_announced(assembly, record, now) for assembly, record in prepared])

    async def _prepare(self, due: Sequence[tuple[Assembly, ProductRecord]]) -> Sequence[tuple[Assembly, ProductRecord]]:
        """Have the store prepare the announcements; a revision that was replaced or announced meanwhile is left out."""
        prepared: list[tuple[Assembly, ProductRecord]] = []
        waiting = list(due)
        for _ in range(MAX_ROUNDS):
            outcomes = await self.products.prepare_announcements([record for _, record in waiting])
            refreshed: list[tuple[Assembly, ProductRecord]] = []
            for (assembly, record), outcome in zip(waiting, outcomes, strict=True):
                if isinstance(outcome, ProductRecord):
                    prepared.append((assembly, outcome))
                elif (stored := _refreshed(assembly, record, outcome)) is not None:
                    refreshed.append((assembly, stored))
            if not refreshed:
                return prepared
            waiting = refreshed
        raise TooMuchContention(MAX_ROUNDS)

    async def _mark(self, announced: Sequence[tuple[Assembly, ProductRecord]]) -> None:
        """Clear the debts of the announced records, also if a silent save changed their versions meanwhile."""
        waiting = list(announced)
        for _ in range(MAX_ROUNDS):
            outcomes = await self.products.mark_announced([record for _, record in waiting])
            refreshed: list[tuple[Assembly, ProductRecord]] = []
            for (assembly, record), outcome in zip(waiting, outcomes, strict=True):
                if isinstance(outcome, Marked):
                    assembly.stored_elsewhere(record.announced())
                elif (stored := _refreshed(assembly, record, outcome)) is not None:
                    refreshed.append((assembly, stored))
            if not refreshed:
                return
            waiting = refreshed

    # --- step 5: drop the row

    async def _drop(self, assemblies: Sequence[Assembly]) -> list[Assembly]:
        """Remove the rows whose halves the products have. A row whose product was deleted meanwhile stays.

        Returns:
            The assemblies that are not complete: the row has changed, or the product was deleted and saved again and
            lacks a known half.
        """
        changed = [assembly for assembly in assemblies if assembly.record is not None and not assembly.is_taken_in]
        rows = [(one, one.row) for one in assemblies if one.row is not None and one.is_taken_in]
        if not rows:
            return changed
        for (assembly, _), outcome in zip(rows, await self.staging.drop([row for _, row in rows]), strict=True):
            if isinstance(outcome, Newer):
                assembly.add_waiting(outcome.waiting)
                changed.append(assembly)
        return changed

    def _note_known(self, assemblies: Sequence[Assembly]) -> None:
        self.journal.record(
            [
                HalfWasKnown(key=assembly.key, kind=half.kind, origin=assembly.senders[half.kind])
                for assembly in assemblies
                if not assembly.saved
                for half in assembly.halves.known
            ]
        )


def readable(row: ProductRecord | Unreadable | None) -> ProductRecord | None:
    """The product of a row.

    Raises:
        StoreRefused: the row cannot be read.
    """
    if isinstance(row, Unreadable):
        raise row.refusal("products")
    return row


def _is_due(assembly: Assembly) -> bool:
    return assembly.record is not None and assembly.record.unannounced_revision is not None


def _refreshed(assembly: Assembly, record: ProductRecord, outcome: Conflict | Unreadable) -> ProductRecord | None:
    """The stored product if readers see no difference to ``record``: a silent save came in between."""
    stored = readable(outcome.record if isinstance(outcome, Conflict) else outcome)
    assembly.stored_elsewhere(stored)
    if stored is None:
        return None
    return stored if stored == record.with_parts_of(stored) else None


def _newest_origin(assembly: Assembly) -> Origin:
    return assembly.origins[-1] if assembly.origins else _NO_ORIGIN


def _kinds_taken_in(before: ProductRecord | None, after: ProductRecord) -> Sequence[Kind]:
    versions = {Kind.CAPTION: after.caption_version, Kind.THUMBNAIL: after.thumbnails_version}
    known = {before.caption_version, before.thumbnails_version} if before else set()
    return tuple(kind for kind, version in versions.items() if version not in known)


def _announcement(assembly: Assembly, record: ProductRecord, now: datetime) -> Announcement:
    origin = _newest_origin(assembly)
    stamped_at = None
    if assembly.arrived_at is not None:  # else it is a sweep or a listing: no worker's event is on its way
        stamped_at = timestamp_text(max(record.caption_version, record.thumbnails_version).counted_at)
    return announce(record, now, origin.correlation_id, origin.traceparent, stamped_at)


def _announced(assembly: Assembly, record: ProductRecord, now: datetime) -> ProductAnnounced:
    # A later revision has no first half to count from: its latency would be the product's age.
    first = assembly.waiting_since if record.revision == 1 else None
    return ProductAnnounced(
        key=assembly.key,
        revision=record.revision,
        origin=_newest_origin(assembly),
        latency=now - first if first else None,
        own_latency=now - assembly.arrived_at if assembly.arrived_at else None,
    )
