"""First pages that are kept: as long as their shop does not change, within their bound, and read once for many."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import timedelta

import pytest
from attrs import define, field

from linkhub_adapters.http import KeptPages
from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import BrowseShop
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.content_encoding import COMPRESSIONS, ContentEncoding
from linkhub_core.wire.shop_query import Page, PageQuery, next_since
from tests.adapters.http.http_fixture import HANDLE, product


@define
class GatedStore(MemoryProductStore):
    """A store whose pages wait at a gate after they were read; it counts reads."""

    gate: asyncio.Event = field(factory=asyncio.Event)
    reads: int = 0
    error: Exception | None = None

    async def page(self, query: PageQuery) -> Page:
        """Read, then wait at the gate."""
        self.reads += 1
        page = await super().page(query)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return page


@define
class Stamps:
    """Stamps that a test moves."""

    stamp: Hashable | None = 0
    max_age_seconds: float = 0.0

    def current(self, _: str) -> Hashable | None:
        """The stamp of every shop."""
        return self.stamp


@pytest.fixture
async def store() -> GatedStore:
    """A shop of one product; the gate is open."""
    store = GatedStore()
    store.rows[product(1).key] = product(1)
    store.gate.set()
    return store


@pytest.fixture
def stamps() -> Stamps:
    """They stay as they are."""
    return Stamps()


@pytest.fixture
def pages(store: GatedStore, stamps: Stamps) -> KeptPages:
    """Pages of the shop."""
    return KeptPages(browse=BrowseShop(products=store, clock=FakeClock()), stamps=stamps)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_page_is_read_once_while_its_shop_does_not_change(pages: KeptPages, store: GatedStore) -> None:
    """Each limit has a page of its own; hits, misses and bytes are counted."""
    first = await pages.first(HANDLE, 20)
    assert await pages.first(HANDLE, 20) == first
    await pages.first(HANDLE, 5)
    assert store.reads == 2
    assert (pages.counts.hits, pages.counts.misses) == (1, 2)
    assert pages.counts.kept_bytes >= 2 * len(first[0].content)


async def test_the_encodings_of_a_kept_page_count_as_its_bytes(
    pages: KeptPages, stamps: Stamps, store: GatedStore
) -> None:
    """They are made once, after it was kept, and go with it; those of a page that is not kept do not count."""
    kept, _ = await pages.first(HANDLE, 20)
    before = pages.counts.kept_bytes
    made = await kept.compressed(ContentEncoding.GZIP)
    assert await (await pages.first(HANDLE, 20))[0].compressed(ContentEncoding.GZIP) is made
    assert pages.counts.kept_bytes == before + len(made)
    store.rows[product(2).key] = product(2)
    stamps.stamp = 1
    newer, _ = await pages.first(HANDLE, 20)
    alone = pages.counts.kept_bytes
    await kept.compressed(ContentEncoding.ZSTD if ContentEncoding.ZSTD in COMPRESSIONS else ContentEncoding.GZIP)
    assert pages.counts.kept_bytes == alone == newer.kept_bytes + before - kept.size_bytes


async def test_an_encoding_past_the_limit_drops_pages(store: GatedStore, stamps: Stamps) -> None:
    """The bound is for all encodings together."""
    pages = KeptPages(browse=BrowseShop(products=store, clock=FakeClock()), stamps=stamps)
    first, _ = await pages.first(HANDLE, 20)
    pages.max_bytes = pages.counts.kept_bytes
    await first.compressed(ContentEncoding.GZIP)
    assert pages.counts.kept_bytes == 0


async def test_a_changed_shop_is_read_again(pages: KeptPages, store: GatedStore, stamps: Stamps) -> None:
    """And its old page makes room."""
    before, _ = await pages.first(HANDLE, 20)
    size = pages.counts.kept_bytes
    store.rows[product(2).key] = product(2)
    stamps.stamp = 1
    after, _ = await pages.first(HANDLE, 20)
    assert (after.etag != before.etag, store.reads) == (True, 2)
    assert size < pages.counts.kept_bytes < 3 * size


async def test_a_change_during_a_read_is_not_kept_out(pages: KeptPages, store: GatedStore, stamps: Stamps) -> None:
    """A page that was read before the change answers only requests from before the change."""
    store.gate.clear()
    early = asyncio.create_task(pages.first(HANDLE, 20))
    await _settle()
    store.rows[product(2).key] = product(2)
    stamps.stamp = 1
    late = asyncio.create_task(pages.first(HANDLE, 20))
    await _settle()
    store.gate.set()
    assert (await early)[0].etag != (await late)[0].etag
    assert (await pages.first(HANDLE, 20))[0] == (await late)[0]
    assert store.reads == 2


async def test_without_stamps_nothing_is_kept_and_nothing_shared(
    pages: KeptPages, store: GatedStore, stamps: Stamps
) -> None:
    """A store that does not know is asked each time."""
    stamps.stamp = None
    store.gate.clear()
    both = [asyncio.create_task(pages.first(HANDLE, 20)) for _ in range(2)]
    await _settle()
    store.gate.set()
    await asyncio.gather(*both)
    await pages.first(HANDLE, 20)
    assert (store.reads, pages.counts.kept_bytes) == (3, 0)


async def test_many_readers_are_one_read(pages: KeptPages, store: GatedStore) -> None:
    """All who ask during a read get its page."""
    store.gate.clear()
    readers = [asyncio.create_task(pages.first(HANDLE, 20)) for _ in range(50)]
    await _settle()
    store.gate.set()
    assert len({answer[0].etag for answer in await asyncio.gather(*readers)}) == 1
    assert (store.reads, pages.counts.joined) == (1, 49)


async def test_the_reader_that_leaves_is_followed_by_one_that_waits(pages: KeptPages, store: GatedStore) -> None:
    """A cancelled read costs those who joined it another read, and no answer."""
    store.gate.clear()
    readers = [asyncio.create_task(pages.first(HANDLE, 20)) for _ in range(3)]
    await _settle()
    readers[0].cancel()
    readers[1].cancel()
    await _settle()
    store.gate.set()
    assert (await readers[2])[0].etag
    assert store.reads == 2


async def test_an_error_reaches_all_who_wait_and_is_not_kept(pages: KeptPages, store: GatedStore) -> None:
    """The next one asks again."""
    store.gate.clear()
    store.error = ServiceUnavailable("products", "away")
    readers = [asyncio.create_task(pages.first(HANDLE, 20)) for _ in range(3)]
    await _settle()
    store.gate.set()
    answers = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ServiceUnavailable] * 3
    store.error = None
    assert (await pages.first(HANDLE, 20))[0].etag


async def test_kept_pages_are_bounded_in_bytes(store: GatedStore, stamps: Stamps) -> None:
    """The page that was asked for longest ago goes; one that is larger than all that is allowed is not kept."""
    browse = BrowseShop(products=store, clock=FakeClock())
    probe = KeptPages(browse=browse, stamps=stamps)
    await probe.first("a", 20)
    size = probe.counts.kept_bytes
    pages = KeptPages(browse=browse, stamps=stamps, max_bytes=2 * size)
    for seller in ("a", "b", "a", "c", "a"):
        await pages.first(seller, 20)
    assert (pages.counts.hits, pages.counts.misses, pages.counts.kept_bytes) == (2, 3, 2 * size)
    await pages.first("b", 20)
    assert pages.counts.misses == 4
    none = KeptPages(browse=browse, stamps=stamps, max_bytes=size - 1)
    await none.first("a", 20)
    assert none.counts.kept_bytes == 0


async def test_the_timestamp_allows_for_the_age_of_what_is_kept(store: GatedStore) -> None:
    """The timestamp of a kept page is earlier by the greatest age of the page."""
    clock = FakeClock()
    pages = KeptPages(browse=BrowseShop(products=store, clock=clock), stamps=Stamps(max_age_seconds=1.0))
    _, read_at = await pages.first(HANDLE, 20)
    clock.advance(1)
    _, kept_at = await pages.first(HANDLE, 20)
    assert read_at == kept_at == next_since(clock.now()) - timedelta(seconds=1)
