"""Import a full export: a merge, never a replacement.

    line         becomes
    -----------  ------------------------------------------------------------------------------------------------------
    message      a message on its queue, unless it is there or among the dead letters
    half         a half that waits, or part of its product: steps 1 to 5 of the protocol
    product      a product, by the table of :mod:`linkhub_core.model.import_rule`; then the row beside it is taken in,
                 and what is owed is announced
    dead letter  a dead letter, unless it is there

Rule 1. An import that ends at any moment loses nothing: importing the same lines again completes it, and importing them
        once more changes nothing. It is safe beside consumers, sweeps and other imports.
Rule 2. A line that cannot be read, or that a store refuses, delays no other line: it is counted and named.
Rule 3. A half that has little time left gets a tenth of the usual time: its partner may be in the same export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from attrs import define, field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import Completion
from linkhub_core.application.export_lines import BadLine, ExportReader, Item, type_of
from linkhub_core.application.import_products import ImportProducts
from linkhub_core.application.settle import SLACK_DIVISOR, Settlement
from linkhub_core.errors import ExportRefused, LinkhubError, PermanentError, TransientError
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.model.decision_table import Improved, Joined, Unchanged
from linkhub_core.model.import_rule import ImportDecision
from linkhub_core.model.merge import Halves, has_all
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.additions import Added, AddOutcome, Refused
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetter, DeadLetters
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.queue_contents import QueueContents
from linkhub_core.ports.staging_store import StagingStore
from linkhub_core.ports.video_lookup import QueuedMessage

BATCH_SIZE: Final = 100
BATCH_BYTES: Final = 4 * 1024 * 1024
ATTEMPTS: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 8.0


class Count(StrEnum):
    """The outcomes of lines, in the order in which they are shown."""

    CREATED = "products created"
    IMPROVED = "products improved"
    REFRESHED = "products refreshed"
    UNCHANGED = "products unchanged"
    STAGED = "halves staged"
    COMPLETED = "halves completed"
    KNOWN_HALVES = "halves known"
    MESSAGES = "messages added"
    KNOWN_MESSAGES = "messages known"
    LETTERS = "dead letters added"
    KNOWN_LETTERS = "dead letters known"
    REFUSED = "refused"


@define
class ImportTally:
    """The progress of an import: the lines that were read, and their outcomes.

    ``left_out`` rows are not in the exports, because they could not be read where those were made.
    """

    lines: int = 0
    left_out: int = 0
    counts: Counter[Count] = field(factory=Counter)


@frozen(kw_only=True)
class RefusedLine:
    """A line that was not imported. ``line`` is its number, where it is known; ``name`` is that of its content."""

    name: str
    problem: str
    line: int | None = None


@frozen(kw_only=True)
class ImportAll:
    """Imports the lines of full exports (:mod:`~linkhub_core.application.export_lines`)."""

    queue_contents: QueueContents
    staging: StagingStore
    products: ProductStore
    dead_letters: DeadLetters
    notifier: Notifier
    journal: Journal
    clock: Clock
    staging_ttl: timedelta
    settlement: Settlement = field(init=False, repr=False)

    @settlement.default
    def _settlement(self) -> Settlement:
        completion = Completion(self.products, self.staging, self.notifier, self.journal, self.clock)
        return Settlement(completion, self.staging_ttl)

    async def __call__(
        self,
        lines: AsyncIterator[bytes],
        *,
        quiet: bool,
        dry_run: bool = False,
        refused: Callable[[RefusedLine], None] = lambda _: None,
        progress: Callable[[ImportTally], None] = lambda _: None,
    ) -> ImportTally:
        """Import the lines.

        Args:
            lines: the lines of one or more exports.
            quiet: count everything as shown, so that no product of the export is announced.
            dry_run: write nothing; the counts are those of an import, as far as they can be known.
            refused: takes each line that is not imported.
            progress: is called after each batch of lines.

        Raises:
            ExportRefused: the lines are no export, or a later linkhub made it; all lines before the one that it names
                were imported.
            ExportCut: an export is not whole; all lines were imported.
            TransientError: a service is down. Importing the same lines again goes on.
        """
        run = _Run(self, ImportProducts(self.settlement.completion, quiet), dry_run, refused)
        try:
            async for batch in _batches(_items(lines, run)):
                await run.take(batch)
                progress(run.tally)
        except ExportRefused:
            progress(run.tally)  # the lines that were refused after the last batch
            raise
        return run.tally


async def _items(lines: AsyncIterator[bytes], run: _Run) -> AsyncIterator[tuple[Item, int]]:
    """The items, and the bytes of their lines."""
    reader = ExportReader()
    async for line in lines:
        item = reader.read(line)
        run.tally.lines, run.tally.left_out = reader.line, reader.left_out
        if isinstance(item, BadLine):
            run.refuse("line", item.problem, line=item.line)
        elif item is not None:
            yield item, len(line)
    reader.finish()


async def _batches(items: AsyncIterator[tuple[Item, int]]) -> AsyncIterator[Sequence[Item]]:
    """Group items of one type and of different keys. If the source raises, the items before the error come first."""
    batch: list[Item] = []
    keys: set[object] = set()
    batch_bytes = 0
    try:
        async for item, size_bytes in items:
            key = _key_of(item)
            is_full = len(batch) == BATCH_SIZE or batch_bytes + size_bytes > BATCH_BYTES
            if batch and (is_full or key in keys or type(item) is not type(batch[0])):
                yield batch
                batch, keys, batch_bytes = [], set(), 0
            batch.append(item)
            keys.add(key)
            batch_bytes += size_bytes
    except LinkhubError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _key_of(item: Item) -> object:
    return item.key if isinstance(item, ProductRecord | WaitingHalf) else item.message_id


@define
class _Run:
    """One import: the batches of one type, written or only decided."""

    ports: ImportAll
    products: ImportProducts
    dry_run: bool
    refused: Callable[[RefusedLine], None]
    tally: ImportTally = field(factory=ImportTally)

    def refuse(self, name: str, problem: str, *, line: int | None = None) -> None:
        """Count and name what is not imported."""
        self.tally.counts[Count.REFUSED] += 1
        self.refused(RefusedLine(name=name, problem=problem, line=line))

    async def take(self, batch: Sequence[Item]) -> None:
        """Import items of one type."""
        became: dict[object, Count] = {}
        await self._take(batch, became)
        self.tally.counts.update(became.values())

    async def _take(self, batch: Sequence[Item], became: dict[object, Count]) -> None:
        """Import items; if a store refuses the batch, one by one. The first attempt judges what an item becomes."""
        try:
            await self._persistently(batch, became)
        except PermanentError as error:
            if len(batch) == 1:
                became.pop(_key_of(batch[0]), None)
                self._refuse(batch[0], str(error))
                return
            for item in batch:
                await self._take([item], became)

    async def _persistently(self, batch: Sequence[Item], became: dict[object, Count]) -> None:
        """Import items; a service that is down for some seconds does not end the import."""
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._import(batch, became)
            except TransientError:
                pause = backoff_seconds(attempt, first_seconds=FIRST_PAUSE_SECONDS, max_seconds=LONGEST_PAUSE_SECONDS)
                await self.ports.clock.sleep(pause)
        return await self._import(batch, became)

    async def _import(self, batch: Sequence[Any], became: dict[object, Count]) -> None:
        match batch[0]:
            case QueuedMessage():
                outcomes = await self.ports.queue_contents.add(batch, dry_run=self.dry_run)
                self._note(batch, outcomes, Count.MESSAGES, Count.KNOWN_MESSAGES, became)
            case DeadLetter():
                outcomes = await self.ports.dead_letters.add(batch, dry_run=self.dry_run)
                self._note(batch, outcomes, Count.LETTERS, Count.KNOWN_LETTERS, became)
            case WaitingHalf():
                await self._foresee(batch, became)
                if not self.dry_run:
                    await self.ports.settlement.settle([self._assembly(row) for row in batch])
            case _:
                work = self.products.decide if self.dry_run else self.products.save
                await work(batch, lambda key, decision: became.setdefault(key, _count_of(decision)))

    def _note(
        self,
        batch: Sequence[QueuedMessage | DeadLetter],
        outcomes: Sequence[AddOutcome],
        added: Count,
        known: Count,
        became: dict[object, Count],
    ) -> None:
        for item, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Refused):
                self._refuse(item, outcome.problem)
            else:
                became.setdefault(_key_of(item), added if isinstance(outcome, Added) else known)

    def _refuse(self, item: Item, problem: str) -> None:
        self.refuse(f"{type_of(item).replace('_', ' ')} {_key_of(item)}", problem)

    # --- halves

    async def _foresee(self, rows: Sequence[WaitingHalf], became: dict[object, Count]) -> None:
        """Judge what becomes of halves by what the stores show before anything is written."""
        keys = [row.key for row in rows]
        staged = await self.ports.staging.waiting(keys)
        found = await self.ports.products.find(keys)
        for row in rows:
            became.setdefault(row.key, _foreseen(row, staged.get(row.key), found.get(row.key)))

    def _assembly(self, row: WaitingHalf) -> Assembly:
        least = self.ports.clock.now() + self.ports.staging_ttl / SLACK_DIVISOR
        assembly = Assembly.of_row(row)
        assembly.expires_at = max(row.expires_at, least)
        return assembly


def _count_of(decision: ImportDecision) -> Count:
    return _DECIDED.get(type(decision), Count.REFRESHED)


_DECIDED: Mapping[type, Count] = {Joined: Count.CREATED, Improved: Count.IMPROVED, Unchanged: Count.UNCHANGED}


def _foreseen(
    row: WaitingHalf, staged: WaitingHalf | Unreadable | None, stored: ProductRecord | Unreadable | None
) -> Count:
    if isinstance(stored, ProductRecord):
        is_known = has_all(stored, Halves.of(row.half))
        return Count.KNOWN_HALVES if is_known else Count.COMPLETED
    if not isinstance(staged, WaitingHalf):
        return Count.STAGED
    if staged.half.kind is not row.half.kind:
        return Count.COMPLETED
    return Count.STAGED if staged.half.version < row.half.version else Count.KNOWN_HALVES
