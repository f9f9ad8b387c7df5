"""Imported products beside other processes: each lost race is decided again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from attrs import define, evolve

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application.import_products import ImportProducts
from linkhub_core.errors import TooMuchContention
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.decision_table import Improved, Joined, Unchanged
from linkhub_core.model.import_rule import ImportDecision, Owing, Raised
from linkhub_core.ports import CreateOutcome, ReviseOutcome, Revision
from linkhub_core.testing.builders import KEY, a_caption, a_half, a_record
from tests.core.application.assembly_harness import AssemblyHarness

NEWER = a_caption(title="Newer")
EXPORTED = evolve(a_record(revision=3), caption=NEWER, caption_version=a_half(minute=99, content=NEWER).version)
STORED = a_record(revision=1, unannounced_revision=None, shown=True)


@define
class RacedStore(MemoryProductStore):
    """A store in which another process comes first: before each write, ``interfere`` changes the rows."""

    interfere: Callable[[MemoryProductStore], None] = lambda _: None

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        self.interfere(self)
        return await MemoryProductStore.create(self, records)

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        self.interfere(self)
        return await MemoryProductStore.revise(self, revisions)


async def imported(store: RacedStore) -> tuple[AssemblyHarness, list[type[ImportDecision]]]:
    """Import the exported product; give the decisions, too."""
    harness = AssemblyHarness(products=store)
    noted: list[type[ImportDecision]] = []

    def note(key: ProductKey, decision: ImportDecision) -> None:
        assert key == KEY
        noted.append(type(decision))

    await ImportProducts(harness.completion, quiet=False).save([EXPORTED], note)
    return harness, noted


async def test_a_product_that_appears_meanwhile_is_improved() -> None:
    """It is not replaced."""

    def appear(store: MemoryProductStore) -> None:
        store.rows.setdefault(KEY, STORED)

    store = RacedStore(interfere=appear)
    harness, noted = await imported(store)
    assert noted == [Joined, Improved]
    assert (store.rows[KEY].revision, store.rows[KEY].caption) == (4, NEWER)
    assert [one.revision for one in harness.heard.taken] == [4]


async def test_a_product_that_vanishes_meanwhile_is_created() -> None:
    """As an absent one."""

    def vanish(store: MemoryProductStore) -> None:
        if store.rows.get(KEY) == STORED:
            del store.rows[KEY]

    store = RacedStore(rows={KEY: STORED}, interfere=vanish)
    _, noted = await imported(store)
    assert noted == [Improved, Joined]
    assert store.rows[KEY].revision == 3


async def test_a_product_that_owes_is_announced_then_raised() -> None:
    """Its own revision is announced, the greater one is not."""
    same = evolve(EXPORTED, revision=1, unannounced_revision=1, shown=False)
    store = RacedStore(rows={KEY: same})
    harness, noted = await imported(store)
    assert noted == [Owing, Raised]
    assert [one.revision for one in harness.heard.taken] == [1]
    assert (store.rows[KEY].revision, store.rows[KEY].unannounced_revision, store.rows[KEY].shown) == (3, None, True)


async def test_what_is_as_exported_is_left() -> None:
    """No write, no announcement."""
    store = RacedStore(rows={KEY: evolve(EXPORTED, unannounced_revision=None, shown=True)})
    harness, noted = await imported(store)
    assert (noted, harness.heard.taken) == ([Unchanged], [])


async def test_others_that_never_stop_end_the_import() -> None:
    """Importing the product again is safe."""

    def change(store: MemoryProductStore) -> None:
        store.rows[KEY] = evolve(STORED, revision=store.rows[KEY].revision + 1)

    with pytest.raises(TooMuchContention):
        await imported(RacedStore(rows={KEY: STORED}, interfere=change))
