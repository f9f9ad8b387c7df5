"""The findings of doctor about the rows in both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_cli.backends import rows
from linkhub_cli.backends.rows import find_in_rows
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.ports.finding import Verdict
from linkhub_core.testing.builders import a_half, a_key, a_record, a_waiting, an_unreadable


async def test_rows_of_linkhubs_are_fine() -> None:
    """One finding, with their number."""
    products, staging = MemoryProductStore({a_key(1): a_record(a_key(1))}), MemoryStagingStore({a_key(2): a_waiting()})
    (finding,) = await find_in_rows(products.scan(), staging.scan())
    assert (finding.verdict, finding.seen) == (Verdict.OK, "2 read: all can be read, none is of another service")


async def test_rows_of_another_service_are_counted_and_unreadable_ones_named() -> None:
    """The first with the way to adopt them, each of the second with its problem."""
    foreign = evolve(a_waiting(a_half(key=a_key(3))), is_foreign=True)
    products = MemoryProductStore({a_key(1): a_record(a_key(1), revision=0)}, {a_key(2): an_unreadable(a_key(2))})
    staging = MemoryStagingStore({a_key(3): foreign}, {a_key(4): an_unreadable(a_key(4))})
    counted, *named = await find_in_rows(products.scan(), staging.scan())
    assert counted.seen == "1 product and 1 staging row of another service"
    assert counted.mend == ("linkhub adopt (shows what it would do)",)
    assert [finding.verdict for finding in (counted, *named)] == [Verdict.WARNING] * 3
    assert [a_key(number).video_id in finding.seen for number, finding in zip((2, 4), named, strict=True)] == [True] * 2


async def test_a_large_store_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the finding says so."""
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    products = MemoryProductStore({a_key(number): a_record(a_key(number)) for number in range(5)})
    (finding,) = await find_in_rows(products.scan(), MemoryStagingStore().scan())
    assert finding.seen.startswith("2 read among the first 2 of each store")


async def test_a_store_that_is_away_is_not_checked() -> None:
    """It is no fault of the rows."""

    class Away(MemoryStagingStore):
        async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
            raise ServiceUnavailable("x", "away")
            yield  # makes it a generator

    (finding,) = await find_in_rows(MemoryProductStore().scan(), Away().scan())
    assert (finding.verdict, "away" in finding.seen) == (Verdict.NOT_CHECKED, True)
