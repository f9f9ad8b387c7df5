"""Listings over REST: who may read and change them, conditions, faults, and what readers of the shop see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define
from httpx2 import AsyncClient

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.http.api.listings import MAX_BODY_BYTES
from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.errors import StoreRefused
from linkhub_core.ports import ReviseOutcome, Revision
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture, product, video_id

PRODUCT = f"{PRODUCTS}/{video_id(2)}"
LISTING = f"{PRODUCT}/listing"
AS_PARSED = {"availability": "in_stock", "title": None, "price": None}
AUTHORIZED = {"Authorization": "Bearer let-me-in"}


@pytest.fixture
async def fixture() -> HttpFixture:
    """A listener with a token, and three products."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="let-me-in"))
    await fixture.save(*(product(number) for number in (1, 2, 3)))
    fixture.clock.advance(60)
    return fixture


async def _set(client: AsyncClient, **listing: Any) -> None:
    answer = await client.patch(LISTING, json=listing, headers=AUTHORIZED)
    assert (answer.status_code, answer.json()["availability"]) == (200, listing["availability"])


async def test_a_listing_replaces_and_merges(client: AsyncClient) -> None:
    """PUT: an absent or null field is as parsed. PATCH: an absent field stays. Prices are exact."""
    assert (await client.get(LISTING, headers=AUTHORIZED)).json() == AS_PARSED
    body = b'{"title": "Last pair", "price": 0.1, "later": 1}'
    answer = await client.put(LISTING, content=body, headers=AUTHORIZED)
    assert answer.json() == {"availability": "in_stock", "title": "Last pair", "price": 0.1}
    answer = await client.patch(LISTING, json={"availability": "sold_out", "title": None}, headers=AUTHORIZED)
    assert answer.json() == {"availability": "sold_out", "title": None, "price": 0.1}
    shown = (await client.get(PRODUCT)).json()
    assert (shown["availability"], shown["title"], shown["price"]) == ("sold_out", "Nambula dress 2 👗", 0.1)
    assert list(shown)[-3:] == ["availability", "created_at", "updated_at"]
    assert (await client.put(LISTING, json={}, headers=AUTHORIZED)).json() == AS_PARSED
    assert "availability" not in (await client.get(PRODUCT)).json()


async def test_a_change_is_announced_once(fixture: HttpFixture, client: AsyncClient) -> None:
    """The same PUT again writes nothing."""
    for _ in range(2):
        assert (await client.put(LISTING, json={"price": 7}, headers=AUTHORIZED)).status_code == 200
    assert [announcement.event_type for announcement in fixture.notifier.taken] == ["new_product"]


async def test_a_withdrawn_product_is_gone_until_it_comes_back(fixture: HttpFixture, client: AsyncClient) -> None:
    """No page has it, its address answers 410, a cursor answer names it; its listing can still be read and changed."""
    cursor = (await client.get(PRODUCTS)).json()["metadata"]["cursor"]
    await _set(client, availability="withdrawn")
    page = (await client.get(PRODUCTS)).json()
    assert [entry["video_id"] for entry in page["products"]] == [video_id(3), video_id(1)]
    gone = await client.get(PRODUCT)
    assert (gone.status_code, gone.json()["type"]) == (410, "/api/docs#withdrawn")
    changes = (await client.get(PRODUCTS, params={"cursor": cursor})).json()
    assert (changes["products"], changes["removed"]) == ([], [video_id(2)])
    assert changes["pagination"]["count"] == 0
    assert (await client.get(LISTING, headers=AUTHORIZED)).json()["availability"] == "withdrawn"
    await _set(client, availability="in_stock")
    changes = (await client.get(PRODUCTS, params={"cursor": changes["metadata"]["cursor"]})).json()
    assert ([entry["video_id"] for entry in changes["products"]], changes["removed"]) == ([video_id(2)], [])
    assert [announcement.event_type for announcement in fixture.notifier.taken] == ["product_removed", "new_product"]


async def test_a_condition_names_the_listing_or_the_product(client: AsyncClient) -> None:
    """Either tag is current until the product changes; a weak one never is."""
    tags = [
        (await client.get(LISTING, headers=AUTHORIZED)).headers["etag"],
        (await client.get(PRODUCT)).headers["etag"],
    ]
    for tag in ("*", f'"other", {tags[0]}', tags[1]):
        answer = await client.put(LISTING, json={}, headers={**AUTHORIZED, "If-Match": tag})
        assert answer.status_code == 200
    answer = await client.put(LISTING, json={"price": 7}, headers={**AUTHORIZED, "If-Match": tags[1]})
    assert answer.headers["etag"] == (await client.get(LISTING, headers=AUTHORIZED)).headers["etag"]
    for tag in (*tags, f"W/{answer.headers['etag']}"):
        refused = await client.put(LISTING, json={}, headers={**AUTHORIZED, "If-Match": tag})
        assert refused.status_code == 412
    assert (await client.get(PRODUCT)).json()["price"] == 7


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", [""]),
        (b"[]", [""]),
        (b"\xff", [""]),
        (b'{"price": NaN}', ["price"]),
        (b'{"availability": "gone", "title": 5, "price": -1}', ["availability", "title", "price"]),
        (b'{"title": "%b"}' % (b"x" * 2_001), ["title"]),
    ],
)
async def test_a_wrong_body_is_a_422_with_all_faults(
    fixture: HttpFixture, client: AsyncClient, body: bytes, fields: list[str]
) -> None:
    """Nothing is changed."""
    for change in (client.put, client.patch):
        answer = await change(LISTING, content=body, headers=AUTHORIZED)
        assert (answer.status_code, answer.json()["type"]) == (422, "/api/docs#invalid-listing")
        assert sorted(fault["field"] for fault in answer.json()["faults"]) == sorted(fields)
    assert fixture.notifier.taken == []


async def test_a_body_has_a_bound(client: AsyncClient) -> None:
    """A longer one is not read."""
    answer = await client.put(LISTING, content=b" " * (MAX_BODY_BYTES + 1), headers=AUTHORIZED)
    assert answer.status_code == 413


async def test_unknown_products_and_methods(client: AsyncClient) -> None:
    """404 with its type, 400 for an id outside its alphabet, 405 for what a listing cannot do."""
    for change in (client.put, client.patch):
        unknown = await change(f"{PRODUCTS}/9/listing", json={}, headers=AUTHORIZED)
        assert (unknown.status_code, unknown.json()["type"]) == (404, "/api/docs#unknown-product")
    assert (await client.get(f"{PRODUCTS}/9/listing", headers=AUTHORIZED)).status_code == 404
    assert (await client.put(f"{PRODUCTS}/a.b/listing", json={}, headers=AUTHORIZED)).status_code == 400
    refused = await client.delete(LISTING, headers=AUTHORIZED)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, PATCH, PUT")


async def test_listings_are_for_the_holder_of_the_token(client: AsyncClient) -> None:
    """Each method."""
    for method in ("GET", "PUT", "PATCH"):
        assert (await client.request(method, LISTING)).status_code == 401


async def test_without_a_token_nothing_is_changed() -> None:
    """The refusal says what to set; reading works."""
    fixture = HttpFixture(settings=HttpSettings(changes_allowed_by="THE_SETTING"))
    await fixture.save(product(2))
    async with fixture.client() as client:
        assert (await client.get(LISTING)).json() == AS_PARSED
        for change in (client.put, client.patch):
            refused = await change(LISTING, json={"price": 7})
            assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#no-token-set")
            assert "THE_SETTING" in refused.json()["detail"]
    assert fixture.notifier.taken == []


async def test_a_change_that_the_store_refuses_is_a_500_and_recorded() -> None:
    """The product itself can be read."""

    @define
    class RefusingStore(MemoryProductStore):
        async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
            raise StoreRefused("products", "too large")

    fixture = HttpFixture(store=RefusingStore(), settings=HttpSettings(admin_token="let-me-in"))
    await fixture.save(product(2))
    async with fixture.client() as client:
        answer = await client.put(LISTING, json={"price": 7}, headers=AUTHORIZED)
        assert (answer.status_code, answer.json()["detail"]) == (500, "The store refused the change. The log says why.")
        assert (await client.get(PRODUCT)).json()["price"] == 85_000
    assert [failure.status for failure in fixture.failures] == [500]


async def test_a_change_is_reported_with_its_client() -> None:
    """With the product and the status of the answer; reading is not reported."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"))
    await fixture.save(product(1))
    async with fixture.client() as client:
        client.headers["Authorization"] = "Bearer t"
        address = f"{PRODUCTS}/{video_id(1)}/listing"
        await client.get(address)
        await client.patch(address, json={"availability": "sold_out"})
        await client.put(f"{PRODUCTS}/9/listing", json={})
    facts = [(one.action, one.address, one.facts["video_id"], one.facts["status"]) for one in fixture.actions]
    assert facts == [("listing", "127.0.0.1", video_id(1), 200), ("listing", "127.0.0.1", "9", 404)]
