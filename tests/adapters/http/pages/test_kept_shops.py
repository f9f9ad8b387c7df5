"""HTML is kept with the page of products that it shows, and counts with it."""

from collections.abc import Hashable

from attrs import define

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.pages.kept_shops import KeptShops
from linkhub_adapters.http.pages.page_files import PageFiles
from linkhub_adapters.http.pages.shop_html import ShopHtml
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import BrowseShop
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.http.http_fixture import HANDLE, product


@define
class Stamps:
    """A stamp that a test moves."""

    stamp: int = 0
    max_age_seconds: float = 0.0

    def current(self, seller_handle: str) -> Hashable:
        """The stamp of all shops."""
        return self.stamp


def kept_shops(store: MemoryProductStore, stamps: Stamps | None) -> KeptShops:
    """Rendered shops of a store."""
    pages = KeptPages(browse=BrowseShop(products=store, clock=FakeClock()), stamps=stamps)
    return KeptShops(pages, ShopHtml(PageFiles(release="r", pages={}, assets={}), ShopSettings()))


async def test_a_shop_is_rendered_once_while_it_does_not_change() -> None:
    """Another stamp with the same products does not render it again; another product does."""
    store, stamps = MemoryProductStore(), Stamps()
    store.put(product(1))
    shops = kept_shops(store, stamps)
    first, _ = await shops.first(HANDLE)
    assert (await shops.first(HANDLE))[0] is first
    stamps.stamp = 1
    assert (await shops.first(HANDLE))[0] is first
    store.put(product(2))
    stamps.stamp = 2
    changed, _ = await shops.first(HANDLE)
    assert changed is not first
    assert product(2).caption.title.encode() in changed.content


async def test_its_bytes_are_counted() -> None:
    """Beside those of the products."""
    store = MemoryProductStore()
    store.put(product(1))
    shops = kept_shops(store, Stamps())
    rendered, _ = await shops.first(HANDLE)
    assert shops.pages.counts.kept_bytes > rendered.size_bytes


async def test_without_stamps_nothing_is_kept() -> None:
    """Each request reads and renders."""
    store = MemoryProductStore()
    shops = kept_shops(store, None)
    assert (await shops.first(HANDLE))[0] is not (await shops.first(HANDLE))[0]


async def test_a_large_shop_is_rendered_product_by_product() -> None:
    """Its products are not joined in memory, and all are shown."""
    store = MemoryProductStore()
    for number in range(20):
        store.put(product(number, raw_caption="x" * 19_000, sizes="y" * 1_900))
    shops = kept_shops(store, Stamps())
    rendered, cursor = await shops.first(HANDLE)
    assert rendered.content.count(b"data-video-id=") == 20
    assert cursor is not None
