"""Browsing a shop: pages, single products, and what a client missed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import BrowseShop
from linkhub_core.application.browse_shop import MAX_MISSED
from linkhub_core.errors import InvalidQuery, ServiceUnavailable
from linkhub_core.testing.builders import KEY, NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.flaky import FlakyProductStore, Strike, unavailable
from linkhub_core.wire.shop_query import Page, PageQuery, encode_last_key, next_since

SHOP = KEY.seller_handle


def a_shop(count: int) -> BrowseShop:
    """A shop of so many products, the later ones updated later, a second apart from noon."""
    rows = {a_key(n): a_record(a_key(n), updated_at=NOON + timedelta(seconds=n)) for n in range(count)}
    return BrowseShop(products=MemoryProductStore(rows), clock=FakeClock())


async def test_a_shop_is_read_from_the_newest_to_the_oldest_page_by_page() -> None:
    """Every product once; the last page leads nowhere."""
    shop, seen, cursor = a_shop(7), [], None
    while True:
        answer = await shop.page(SHOP, limit="3", last_key=cursor)
        seen += [record.key for record in answer.page.products]
        if answer.page.last_key is None:
            break
        cursor = encode_last_key(answer.page.last_key)
    assert seen == [a_key(n) for n in reversed(range(7))]


async def test_a_full_last_page_is_the_last() -> None:
    """There is more only where one more product exists."""
    answer = await a_shop(3).page(SHOP, limit="3")
    assert (len(answer.page.products), answer.page.has_more) == (3, False)


async def test_a_shop_without_products_is_empty_not_unknown() -> None:
    """A seller may have nothing yet."""
    answer = await a_shop(3).page("unknown")
    assert (answer.seller_handle, list(answer.page.products), answer.page.has_more) == ("unknown", [], False)


async def test_since_keeps_what_changed_later() -> None:
    """Later, not at the same moment."""
    answer = await a_shop(5).page(SHOP, since="2026-01-15T12:00:02.000Z")
    assert [record.key for record in answer.page.products] == [a_key(4), a_key(3)]
    assert answer.since == NOON + timedelta(seconds=2)


async def test_the_timestamp_to_poll_with_is_taken_before_the_read() -> None:
    """A product that is saved during the read is read again with the next one."""
    clock = FakeClock()

    class Slow(MemoryProductStore):
        async def page(self, query: PageQuery) -> Page:
            clock.advance(60)
            return await super().page(query)

    shop = BrowseShop(products=Slow(), clock=clock)
    assert (await shop.page(SHOP)).timestamp == next_since(NOON)


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"limit": "0"}, "limit"),
        ({"last_key": "x"}, "lastKey"),
        ({"last_key": encode_last_key(a_key(1, "another"))}, "lastKey"),
        ({"since": "soon"}, "since"),
    ],
)
async def test_a_parameter_that_breaks_a_rule_is_named(parameters: dict[str, str], parameter: str) -> None:
    """The reader can mend it."""
    with pytest.raises(InvalidQuery) as invalid:
        await a_shop(1).page(SHOP, **parameters)
    assert invalid.value.parameter == parameter


async def test_one_product_is_found_or_not_there() -> None:
    """Absent is an answer."""
    shop = a_shop(1)
    found = await shop.product(SHOP, a_key(0).video_id)
    assert found is not None
    assert found.key == a_key(0)
    assert await shop.product(SHOP, "unknown") is None


@pytest.mark.parametrize(("seller", "video", "parameter"), [("a b", "v", "seller_handle"), ("a", "v v", "video_id")])
async def test_a_key_that_cannot_be_is_invalid(seller: str, video: str, parameter: str) -> None:
    """Each part is named as what it is."""
    with pytest.raises(InvalidQuery) as invalid:
        await a_shop(0).product(seller, video)
    assert invalid.value.parameter == parameter


async def test_what_was_missed_comes_in_the_order_in_which_it_changed() -> None:
    """A client applies it as if it had been there."""
    missed = await a_shop(5).missed(SHOP, NOON + timedelta(seconds=1))
    assert [record.key for record in missed or []] == [a_key(2), a_key(3), a_key(4)]


@pytest.mark.parametrize(("count", "is_complete"), [(MAX_MISSED, True), (MAX_MISSED + 1, False)])
async def test_a_reader_that_missed_too_much_has_to_load_the_page_again(count: int, is_complete: bool) -> None:
    """A hundred products are caught up with, and no more."""
    missed = await a_shop(count).missed(SHOP, NOON - timedelta(seconds=1))
    assert (missed is not None) is is_complete


async def test_a_store_that_does_not_answer_is_no_empty_shop() -> None:
    """The failure reaches the reader."""
    products = FlakyProductStore(MemoryProductStore(), strikes=[Strike("page", unavailable())])
    with pytest.raises(ServiceUnavailable):
        await BrowseShop(products=products, clock=FakeClock()).page(SHOP)
