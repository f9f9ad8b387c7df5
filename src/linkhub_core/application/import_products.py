"""Import products: save each by the import rule, take in the row beside it, and announce what is owed.

The steps are those of :mod:`linkhub_core.application.complete`, in the same order: a process that ends in between
leaves a debt or a row, and the next import, message or sweep continues from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import MAX_ROUNDS, Completion, readable
from linkhub_core.errors import TooMuchContention
from linkhub_core.model import ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.decision_table import Unchanged
from linkhub_core.model.import_rule import ImportDecision, Owing, decide_import
from linkhub_core.model.journal_entries import ProductSaved
from linkhub_core.ports.product_store import Conflict, Created, Exists, Revised, Revision

Stored = Mapping[ProductKey, ProductRecord | None]
Note = Callable[[ProductKey, ImportDecision], object]


@frozen
class ImportProducts:
    """Imports products. A ``quiet`` import counts everything as shown."""

    completion: Completion
    quiet: bool

    async def decide(self, records: Sequence[ProductRecord], note: Note) -> None:
        """Decide about products, each once, and write nothing; ``note`` takes each decision.

        Raises:
            ServiceUnavailable: the store does not answer.
            StoreRefused: the row of one of them cannot be read.
        """
        self._decide(records, await self._find([record.key for record in records]), note)

    async def save(self, records: Sequence[ProductRecord], note: Note) -> None:
        """Save products, each once, and complete them; ``note`` takes each decision, also one that was overtaken.

        Raises:
            TransientError: some are not complete; repeating the call is safe.
            StoreRefused: a store refuses one of these products.
        """
        saved: list[Assembly] = []
        unsaved, stored = records, await self._find([record.key for record in records])
        for _ in range(MAX_ROUNDS):
            stored = await self._write(self._decide(unsaved, stored, note), stored, saved)
            unsaved = [record for record in unsaved if record.key in stored]
            if not unsaved:
                return await self._complete(saved)
        raise TooMuchContention(MAX_ROUNDS)

    def _decide(
        self, records: Sequence[ProductRecord], stored: Stored, note: Note
    ) -> Mapping[ProductKey, ImportDecision]:
        now = self.completion.clock.now()
        decisions = {one.key: decide_import(one, stored[one.key], now, quiet=self.quiet) for one in records}
        for key, decision in decisions.items():
            note(key, decision)
        return decisions

    async def _find(self, keys: Sequence[ProductKey]) -> Stored:
        found = await self.completion.products.find(keys)
        return {key: readable(found.get(key)) for key in keys}

    # --- save

    async def _write(
        self, decisions: Mapping[ProductKey, ImportDecision], stored: Stored, saved: list[Assembly]
    ) -> Stored:
        """Carry out decisions; the products that are as decided are added to ``saved``.

        Returns:
            The other products as they are stored now: decide about them again.
        """
        created: list[ProductRecord] = []
        revisions: list[Revision] = []
        owing: list[ProductRecord] = []
        for key, decision in decisions.items():
            before = stored[key]
            if isinstance(decision, Unchanged):
                saved.append(Assembly.of_record(decision.record))
            elif isinstance(decision, Owing):
                owing.append(decision.record)
            elif before is None:
                created.append(decision.record)
            else:
                revisions.append(Revision(before=before, after=decision.record))
        return {
            **await self._create(created, saved),
            **await self._revise(revisions, saved),
            **await self._announce(owing),
        }

    async def _create(self, records: Sequence[ProductRecord], saved: list[Assembly]) -> Stored:
        lost: dict[ProductKey, ProductRecord | None] = {}
        outcomes = await self.completion.products.create(records) if records else ()
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, Created):
                saved.append(self._saved(record.with_cursor(outcome.cursor)))
            else:
                lost[record.key] = readable(outcome.record if isinstance(outcome, Exists) else outcome)
        return lost

    async def _revise(self, revisions: Sequence[Revision], saved: list[Assembly]) -> Stored:
        lost: dict[ProductKey, ProductRecord | None] = {}
        outcomes = await self.completion.products.revise(revisions) if revisions else ()
        for revision, outcome in zip(revisions, outcomes, strict=True):
            after = revision.after
            if isinstance(outcome, Revised):
                is_seen = not after.looks_like(revision.before)
                record = after.with_cursor(outcome.cursor)
                saved.append(self._saved(record) if is_seen else Assembly.of_record(record))
            else:
                lost[after.key] = readable(outcome.record if isinstance(outcome, Conflict) else outcome)
        return lost

    def _saved(self, record: ProductRecord) -> Assembly:
        saved = ProductSaved(key=record.key, revision=record.revision, kinds=(), origins=())
        self.completion.journal.record([saved])
        assembly = Assembly.of_record(record)
        if record.unannounced_revision is not None:
            assembly.saved_by_us(record)
        return assembly

    async def _announce(self, owing: Sequence[ProductRecord]) -> Stored:
        if not owing:
            return {}
        await self.completion.complete([Assembly.of_record(record) for record in owing])
        return await self._find([record.key for record in owing])

    # --- complete

    async def _complete(self, saved: Sequence[Assembly]) -> None:
        """Take in the rows that wait beside the products, announce, and drop the rows.

        They are read after the products are written: a process that stages later finds the product.
        """
        rows = await self.completion.staging.waiting([assembly.key for assembly in saved])
        for assembly in saved:
            if isinstance(row := rows.get(assembly.key), WaitingHalf):  # an unreadable row is left to the sweeps
                assembly.add_waiting(row)
        await self.completion.complete(saved)
