"""The pages of shops and products over HTTP."""

import re

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Availability
from tests.adapters.http.http_fixture import HANDLE, BrokenProductStore, HttpFixture, listed, product, video_id

SHOP = f"/shop/{HANDLE}"


async def test_a_shop_is_answered_with_its_products(client: AsyncClient) -> None:
    """In HTML that caches must validate."""
    answer = await client.get(SHOP)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r'data-video-id="(\d+)"', answer.text) == [video_id(number) for number in (3, 2, 1)]


@pytest.mark.parametrize("address", [SHOP, f"{SHOP}/products/{video_id(1)}"])
async def test_an_unchanged_page_is_a_304(client: AsyncClient, fixture: HttpFixture, address: str) -> None:
    """A saved product changes it, and so does a setting."""
    tag = {"If-None-Match": (await client.get(address)).headers["etag"]}
    assert (await client.get(address, headers=tag)).status_code == 304
    fixture.settings = HttpSettings(shops=ShopSettings(currency=Currency("UGX")))
    async with fixture.client() as other:
        assert (await other.get(address, headers=tag)).status_code == 200
    await fixture.save(product(4))
    assert (await client.get(address, headers=tag)).status_code == 200


async def test_the_cursor_of_a_page_is_good(client: AsyncClient, fixture: HttpFixture) -> None:
    """What is saved after the page was read is among the changes after its cursor."""
    found = re.search(r'"metadata":\{"cursor":"([^"]+)"\}', (await client.get(SHOP)).text)
    assert found
    await fixture.save(product(4))
    changes = (await client.get(f"/api/v1{SHOP}/products", params={"cursor": found[1]})).json()
    assert [one["video_id"] for one in changes["products"]] == [video_id(4)]


async def test_later_pages_are_reached_without_scripts(fixture: HttpFixture) -> None:
    """From link to link, each product once."""
    await fixture.save(*(product(number) for number in range(10, 60)))
    seen: list[str] = []
    async with fixture.client() as client:
        address: str | None = SHOP
        while address:
            page = (await client.get(address)).text
            seen += re.findall(r'data-video-id="(\d+)"', page)
            found = re.search(r'href="(/shop/[^"]+\?lastKey=[^"]+)"', page)
            address = found[1] if found else None
    assert len(seen) == len(set(seen)) == 53


async def test_a_wrong_last_key_is_a_400(client: AsyncClient) -> None:
    """As it is in the API."""
    assert (await client.get(f"{SHOP}?lastKey=x")).status_code == 400


async def test_absent_products_have_a_page(client: AsyncClient, fixture: HttpFixture) -> None:
    """404 if the shop has none, also for an id that cannot be; 410 if it was withdrawn; each with the shop."""
    await fixture.save(listed(product(9), Availability.WITHDRAWN))
    for name, status in ((video_id(8), 404), ("a%20b", 404), (video_id(9), 410)):
        answer = await client.get(f"{SHOP}/products/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
        assert video_id(3) in answer.text


@pytest.mark.parametrize("address", [SHOP, f"{SHOP}/products/{video_id(1)}"])
async def test_while_the_store_is_away_there_is_a_page(address: str) -> None:
    """A 503 whose scripts try again; the failure is reported."""
    fixture = HttpFixture(store=BrokenProductStore(error=ServiceUnavailable("x", "y")))
    async with fixture.client() as client:
        answer = await client.get(address)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "storefront.js" in answer.text
    assert [failure.status for failure in fixture.failures] == [503]
