"""Reading a shop: pages, cursors, ``since``, one product, and every kind of nonsense in their parameters."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey
from linkhub_core.model.journal_entries import RowSkipped
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import encode_product
from linkhub_core.wire.cursor import Cursor, encode_cursor, parse_cursor
from tests.adapters.http.http_fixture import HANDLE, PRODUCTS, BrokenProductStore, HttpFixture, product, video_id

UNKNOWN = encode_cursor(Cursor(store="other", seller_handle=HANDLE, position="1"))
OTHER_SHOP = encode_cursor(Cursor(store="other", seller_handle="somebody-else", position="1"))


def ids(body: dict[str, Any]) -> list[str]:
    return [entry["video_id"] for entry in body["products"]]


async def test_a_page_has_exactly_the_promised_fields(client: AsyncClient) -> None:
    """products, pagination and metadata, each with its fields and no others."""
    answer = await client.get(PRODUCTS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["products", "pagination", "metadata"]
    assert body["pagination"] == {"hasMore": False, "lastEvaluatedKey": None, "count": 3}
    cursor = body["metadata"].pop("cursor")
    assert body["metadata"] == {"sellerHandle": HANDLE, "since": None, "timestamp": "2026-01-15T12:00:55.000Z"}
    assert parse_cursor(cursor, HANDLE) is not None


async def test_a_poller_keeps_the_cursor_of_the_page_and_misses_nothing(fixture: HttpFixture) -> None:
    """Oldest change first, at most ``limit`` at a time; further pages and products have no cursor."""
    async with fixture.client() as client:
        page = (await client.get(PRODUCTS, params={"limit": 2})).json()
        last_key = page["pagination"]["lastEvaluatedKey"]
        assert "cursor" not in (await client.get(PRODUCTS, params={"lastKey": last_key})).json()["metadata"]
        await fixture.save(product(9), product(1), product(7))
        cursor, found = page["metadata"]["cursor"], []
        for has_more in (True, False, False):
            answer = await client.get(PRODUCTS, params={"cursor": cursor, "limit": 2})
            body = answer.json()
            assert list(body) == ["products", "removed", "pagination", "metadata"]
            assert (body["pagination"]["hasMore"], body["removed"]) == (has_more, [])
            assert body["pagination"]["lastEvaluatedKey"] is None
            found += ids(body)
            cursor = body["metadata"]["cursor"]
        assert found == [video_id(9), video_id(1), video_id(7)]
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get(PRODUCTS, params={"cursor": cursor, "limit": 2}, headers=known)).status_code == 304


async def test_a_page_of_another_store_is_sent_whole_although_its_products_are_the_same(fixture: HttpFixture) -> None:
    """A kept page of the file before it was restored has a cursor that is unknown now: a 304 would keep it for ever."""
    async with fixture.client() as client:
        before = await client.get(PRODUCTS)
    fixture.store.store_id = "restored"
    async with fixture.client() as client:
        after = await client.get(PRODUCTS, headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, ids(after.json())) == (200, ids(before.json()))
        known = {"If-None-Match": after.headers["etag"]}
        assert (await client.get(PRODUCTS, headers=known)).status_code == 304


async def test_a_cursor_that_this_store_did_not_give_is_gone(client: AsyncClient) -> None:
    """The problem says what to do."""
    answer = await client.get(PRODUCTS, params={"cursor": UNKNOWN})
    assert (answer.status_code, answer.headers["content-type"]) == (410, "application/problem+json")
    assert answer.json()["type"] == "/api/docs#unknown-cursor"


async def test_products_come_newest_first(client: AsyncClient) -> None:
    """By descending video."""
    body = (await client.get(PRODUCTS)).json()
    assert ids(body) == [video_id(3), video_id(2), video_id(1)]


async def test_a_page_holds_whole_products(client: AsyncClient, fixture: HttpFixture) -> None:
    """Each entry is what the address of the product answers."""
    body = (await client.get(PRODUCTS)).json()
    one = await client.get(f"{PRODUCTS}/{video_id(3)}")
    assert body["products"][0] == one.json()


async def test_an_unknown_shop_is_empty(client: AsyncClient) -> None:
    """A shop without products answers 200 with none."""
    answer = await client.get("/api/v1/shop/unknown/products")
    assert answer.status_code == 200
    assert answer.json()["products"] == []
    assert answer.json()["pagination"] == {"hasMore": False, "lastEvaluatedKey": None, "count": 0}


@pytest.mark.parametrize(("sent", "count"), [(None, 20), ("1", 1), ("20", 20), ("50", 50), ("007", 7)])
async def test_limit(sent: str | None, count: int) -> None:
    """From 1 to 50, and 20 when it is not said."""
    fixture = HttpFixture()
    await fixture.save(*map(product, range(60)))
    async with fixture.client() as client:
        body = (await client.get(PRODUCTS, params={} if sent is None else {"limit": sent})).json()
    assert len(body["products"]) == body["pagination"]["count"] == count
    assert body["pagination"]["hasMore"]


@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={value}" for value in ("%20", "0", "51", "-1", "1.5", "1e1", "+5", "%2B5", "abc", "null", "0x10")),
        "limit=%D9%A5",
        "limit=" + "9" * 5000,
        "limit=%00",
        "limit=%FF",
        "limit=10%0A",
        *(f"since={value}" for value in ("yesterday", "1736942400", "2026-13-01", "2026-01-15T25:00:00Z", "{}", "%00")),
        "since=2026-01-15T12:00:00Z%00",
        "since=%FF%FE",
        "since=%ED%A0%80",
        "since=0001-01-01T00:00:00%2B14:00",
        "since=" + "2026" * 4000,
        *(f"cursor={value}" for value in ("abc", "%00", "%FF", "{}", "a" * 5000, OTHER_SHOP)),
        f"cursor={UNKNOWN}&since=2026-01-15",
        f"cursor={UNKNOWN}&lastKey=%7B%7D",
        *(f"lastKey={value}" for value in ("abc", "%7B", "%7B%7D", "[]", "null", "1", "%22x%22", "%00", "%FF", "%25")),
        "lastKey=" + "%7B%22a%22%3A" * 3000,
        "lastKey=" + quote('{"seller_handle": "nalu-fashion"}'),
        "lastKey=" + quote('{"seller_handle": "nalu-fashion", "video_id": 5}'),
        "lastKey=" + quote('{"seller_handle": "nalu-fashion", "video_id": null}'),
        "lastKey=" + quote('{"seller_handle": "nalu-fashion", "video_id": ""}'),
        "lastKey=" + quote('{"seller_handle": "nalu-fashion", "video_id": "a b"}'),
        "lastKey=" + quote('{"seller_handle": "nalu-fashion", "video_id": "' + "9" * 129 + '"}'),
        "lastKey=" + quote('{"seller_handle": ["nalu-fashion"], "video_id": "1"}'),
        "lastKey=" + quote('{"seller_handle": "somebody-else", "video_id": "1"}'),
    ],
)  # fmt: skip
async def test_nonsense_is_a_400_that_names_its_parameter(
    client: AsyncClient, fixture: HttpFixture, query: str
) -> None:
    """For any text in a parameter, the answer is a problem document and never a 500."""
    answer = await client.get(f"{PRODUCTS}?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"] == query.partition("=")[0]
    assert fixture.failures == []


@pytest.mark.parametrize(
    "handle", ["a b", "%00", "%FF", "%C3%A9", "a" * 65, "%F0%9F%91%97", "a;b", "a,b", "{handle}", "a%0A"]
)
async def test_a_handle_outside_its_alphabet_is_a_400(client: AsyncClient, handle: str) -> None:
    """On both routes, and the parameter is called as it is in the address."""
    for address in (f"/api/v1/shop/{handle}/products", f"/api/v1/shop/{handle}/products/1"):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["parameter"]) == (400, "handle")


@pytest.mark.parametrize(
    "query", ["limit=", "lastKey=", "since=", "limit=&lastKey=&since=&cursor=", "cursor=", "limit=&limit="]
)
async def test_an_empty_parameter_counts_as_absent(client: AsyncClient, query: str) -> None:
    """The answer is the page that has no parameters."""
    plain, asked = await client.get(PRODUCTS), await client.get(f"{PRODUCTS}?{query}")
    assert (asked.status_code, asked.json()) == (200, plain.json())


async def test_an_empty_parameter_hides_no_value(client: AsyncClient) -> None:
    """A value beside an empty one of the same name counts."""
    assert len((await client.get(f"{PRODUCTS}?limit=&limit=1")).json()["products"]) == 1


@pytest.mark.parametrize("name", ["limit", "lastKey", "since"])
async def test_a_repeated_parameter_is_a_400(client: AsyncClient, name: str) -> None:
    """Even when both say the same."""
    answer = await client.get(f"{PRODUCTS}?{name}=1&{name}=1")
    assert (answer.status_code, answer.json()["parameter"]) == (400, name)
    assert "more than once" in answer.json()["detail"]


async def test_unknown_parameters_are_ignored(client: AsyncClient) -> None:
    """A cache buster does no harm, not even twice."""
    answer = await client.get(f"{PRODUCTS}?_=1&_=2&Limit=zero&limit=2")
    assert (answer.status_code, len(answer.json()["products"])) == (200, 2)


@pytest.mark.parametrize("name", ["lastKey", "since"])
async def test_an_empty_cursor_is_none(client: AsyncClient, name: str) -> None:
    """A client that sends the parameter with nothing in it starts at the beginning."""
    answer = await client.get(f"{PRODUCTS}?{name}=")
    assert (answer.status_code, len(answer.json()["products"])) == (200, 3)
    assert answer.json()["metadata"]["since"] is None


@pytest.mark.parametrize("wrap", [unquote, str, quote])
@pytest.mark.parametrize("limit", [1, 7, 20, 50])
async def test_walking_all_pages_gives_each_product_once(wrap: Any, limit: int) -> None:
    """In order, whether the cursor is sent bare, as it came, or URL-encoded once more; and the last page says so."""
    fixture = HttpFixture()
    await fixture.save(*map(product, range(50)), product(25, seller="somebody-else"))
    seen: list[str] = []
    last_key: str | None = None
    async with fixture.client() as client:
        while True:
            query = {"limit": str(limit)} | ({} if last_key is None else {"lastKey": wrap(last_key)})
            body = (await client.get(PRODUCTS, params=query)).json()
            assert body["pagination"]["count"] == len(body["products"]) > 0
            seen += ids(body)
            last_key = body["pagination"]["lastEvaluatedKey"]
            assert body["pagination"]["hasMore"] is (last_key is not None)
            if last_key is None:
                break
    assert seen == [video_id(number) for number in reversed(range(50))]


async def test_a_cursor_is_url_encoded_json(client: AsyncClient) -> None:
    """It can be pasted into an address as it is: its JSON names the last product of the page."""
    last_key = (await client.get(f"{PRODUCTS}?limit=1")).json()["pagination"]["lastEvaluatedKey"]
    assert json.loads(unquote(last_key)) == {"seller_handle": HANDLE, "video_id": video_id(3)}
    assert ids((await client.get(f"{PRODUCTS}?limit=1&lastKey={last_key}")).json()) == [video_id(2)]


async def test_another_shops_cursor_is_refused(client: AsyncClient) -> None:
    """It is a 400, not another shop's products."""
    last_key = (await client.get(f"{PRODUCTS}?limit=1")).json()["pagination"]["lastEvaluatedKey"]
    answer = await client.get(f"/api/v1/shop/somebody-else/products?lastKey={last_key}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "lastKey")


async def test_since_gives_what_changed_later(fixture: HttpFixture, client: AsyncClient) -> None:
    """Only products whose ``updated_at`` is later than ``since``."""
    await fixture.save(product(9))
    answer = await client.get(PRODUCTS, params={"since": "2026-01-15T12:00:59.999Z"})
    assert ids(answer.json()) == [video_id(9)]


async def test_since_that_nothing_is_later_than_is_an_empty_page(client: AsyncClient) -> None:
    """Strictly later: the moment of the change itself gives nothing, with a 200."""
    answer = await client.get(PRODUCTS, params={"since": "2026-01-15T12:00:00Z"})
    assert answer.status_code == 200
    assert (answer.json()["products"], answer.json()["pagination"]["hasMore"]) == ([], False)


@pytest.mark.parametrize(
    "since",
    [
        "2026-01-15T11:59:59.999999Z",
        "2026-01-15T14:59:59.9+03:00",
        "2026-01-15",
        "2026-01-15T11:59",
        "20260115T115959Z",
    ],
)
async def test_since_is_answered_as_it_was_sent(client: AsyncClient, since: str) -> None:
    """Any ISO 8601 form counts, and ``metadata.since`` repeats it."""
    body = (await client.get(PRODUCTS, params={"since": since})).json()
    assert (body["metadata"]["since"], len(body["products"])) == (since, 3)


async def test_an_unescaped_plus_is_forgiven(client: AsyncClient) -> None:
    """An offset pasted into an address arrives with a space for its plus."""
    assert len((await client.get(f"{PRODUCTS}?since=2026-01-15T14:59:59+03:00")).json()["products"]) == 3


@pytest.mark.parametrize("clock_lead_seconds", [-2.0, 0.0, 2.0])
async def test_a_poller_misses_nothing_with_clocks_two_seconds_apart(clock_lead_seconds: float) -> None:
    """A client that sends each answer's timestamp as the next ``since`` sees every product, with any clock ahead."""
    fixture = HttpFixture()
    seen: set[str] = set()
    since: str | None = None
    async with fixture.client() as client:
        for number in range(20):
            body = (await client.get(PRODUCTS, params={"since": since} if since else {})).json()
            seen |= set(ids(body))
            since = body["metadata"]["timestamp"]
            await fixture.save(product(number), clock_lead_seconds=clock_lead_seconds)
            fixture.clock.advance(0.4)
        seen |= set(ids((await client.get(PRODUCTS, params={"since": since or ""})).json()))
    assert seen == {video_id(number) for number in range(20)}


async def test_pages_of_changes_go_on_under_the_same_since(fixture: HttpFixture, client: AsyncClient) -> None:
    """``since`` and ``lastKey`` together walk what changed, not the whole shop."""
    await fixture.save(*map(product, range(5, 10)))
    since = "2026-01-15T12:00:30Z"
    first = (await client.get(PRODUCTS, params={"since": since, "limit": "3"})).json()
    query = {"since": since, "limit": "3", "lastKey": first["pagination"]["lastEvaluatedKey"]}
    second = (await client.get(PRODUCTS, params=query)).json()
    assert ids(first) + ids(second) == [video_id(number) for number in (9, 8, 7, 6, 5)]
    assert not second["pagination"]["hasMore"]


async def test_a_product_is_the_json_object_itself(fixture: HttpFixture, client: AsyncClient) -> None:
    """Not wrapped in anything, in the order of the assembled product."""
    answer = await client.get(f"{PRODUCTS}/{video_id(2)}")
    assert answer.status_code == 200
    assert answer.content == encode_product(fixture.store.rows[product(2).key])
    assert list(answer.json())[:4] == ["seller_handle", "video_id", "title", "price"]


async def test_a_price_keeps_its_digits(fixture: HttpFixture, client: AsyncClient) -> None:
    """Money is written exactly, not as the nearest binary fraction."""
    await fixture.save(product(4, price=999999999999.123456))
    assert b'"price":999999999999.1234' in (await client.get(f"{PRODUCTS}/{video_id(4)}")).content


async def test_an_unknown_product_is_a_404(client: AsyncClient) -> None:
    """With a type of its own; the same video at another shop does not help."""
    for address in (f"{PRODUCTS}/{video_id(99)}", f"/api/v1/shop/somebody-else/products/{video_id(1)}"):
        answer = await client.get(address)
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#unknown-product")


@pytest.mark.parametrize("videoid", ["a.b", "a%20b", "%00", "%FF", "9" * 129, "a%0A", "%F0%9F%91%97"])
async def test_a_video_outside_its_alphabet_is_a_400(client: AsyncClient, videoid: str) -> None:
    """It cannot exist, and the parameter is called as it is in the address."""
    answer = await client.get(f"{PRODUCTS}/{videoid}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "videoId")


@pytest.mark.parametrize("address", [PRODUCTS, f"{PRODUCTS}/{video_id(1)}"])
async def test_a_store_that_does_not_answer_is_a_503(address: str) -> None:
    """With the time to wait, and without the reason, which is for the operator."""
    error = ServiceUnavailable("dynamodb", "ThrottlingException at table secret-name")
    fixture = HttpFixture(store=BrokenProductStore(error=error))
    async with fixture.client() as client:
        answer = await client.get(address)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["type"] == "/api/docs#unavailable"
    assert "secret-name" not in answer.text
    assert [(failure.status, failure.path, failure.error) for failure in fixture.failures] == [(503, address, error)]


@pytest.mark.parametrize("address", [PRODUCTS, f"{PRODUCTS}/{video_id(1)}"])
async def test_head_answers_as_get_without_a_body(client: AsyncClient, address: str) -> None:
    """The same status and headers, the length included."""
    head, get = await client.head(address), await client.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


class DamagedProductStore(MemoryProductStore):
    """A store in which the row of one video cannot be read."""

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """That row as an outcome, the others as they are."""
        damaged = {
            key: Unreadable(seller_handle=key.seller_handle, video_id=key.video_id, problem="price: is missing")
            for key in keys
            if key.video_id == video_id(2)
        }
        return {**await super().read(keys), **damaged}


async def test_a_product_that_cannot_be_read_is_a_500_by_its_name() -> None:
    """It alone: its neighbour is answered. The log says what is wrong, the client does not learn it."""
    fixture = HttpFixture(store=DamagedProductStore())
    await fixture.save(product(1), product(2))
    async with fixture.client() as client:
        answer = await client.get(f"{PRODUCTS}/{video_id(2)}")
        assert (await client.get(f"{PRODUCTS}/{video_id(1)}")).status_code == 200
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["instance"] == f"{PRODUCTS}/{video_id(2)}"
    assert "price" not in answer.text
    assert fixture.failures == []  # the journal names the row, once
    assert fixture.journal.of(RowSkipped) == [
        RowSkipped(store="products", seller_handle=HANDLE, video_id=video_id(2), problem="price: is missing")
    ]


async def test_a_large_page_is_the_same_page_and_holds_the_loop_for_no_copy_of_it() -> None:
    """More than 256 kB are sent in slices, with a length, a tag, and a 304 for who has it; no slice is much larger."""
    fixture = HttpFixture()
    await fixture.save(*(product(number, raw_caption="x" * 20_000) for number in range(30)))
    sizes: list[int] = []

    async def send(message: Any) -> None:
        sizes.append(len(message.get("body", b"")))

    async def receive() -> Any:
        await asyncio.Event().wait()

    async with fixture.client() as client:
        client.headers["accept-encoding"] = "identity"
        whole = await client.get(PRODUCTS, params={"limit": 30})
        assert [one["video_id"] for one in whole.json()["products"]] == [video_id(n) for n in reversed(range(30))]
        assert whole.headers["content-length"] == str(len(whole.content))
        assert list(whole.json()) == ["products", "pagination", "metadata"]
        again = await client.get(PRODUCTS, params={"limit": 30}, headers={"if-none-match": whole.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        scope = {"type": "http", "method": "GET", "path": PRODUCTS, "query_string": b"limit=30", "headers": []}
        await fixture.app()(scope, receive, send)
    assert sum(sizes) == len(whole.content)
    assert max(sizes) < 2 * 131_072
