"""Entity tags: the same content, the same tag, and a 304 for who has it."""

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http.api.responses import is_known
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture, product, video_id

TAG = '"0123456789abcdef01234567"'
ONE = f"{PRODUCTS}/{video_id(1)}"


@pytest.mark.parametrize(
    "header",
    ["*", " * ", TAG, f"W/{TAG}", f'"other", {TAG}', f'W/"a",W/{TAG} , "b"', f'"with, comma",{TAG}', f'"", {TAG}'],
)
def test_known(header: str) -> None:
    """Any entry of the list, weak or strong, with or without spaces; or the star."""
    assert is_known(header, TAG)


@pytest.mark.parametrize(
    "header",
    ["", '"other"', TAG.strip('"'), f'"x{TAG[1:]}', f'{TAG[:-1]}x"', "**", f"*, {TAG[:-2]}", "W/", '"', f"w{TAG[1:]}"],
)
def test_not_known(header: str) -> None:
    """Another tag, a part of it, or garbage: the content is sent."""
    assert not is_known(header, TAG)


@pytest.mark.parametrize("address", [PRODUCTS, ONE])
async def test_who_has_it_gets_a_304(client: AsyncClient, address: str) -> None:
    """No body and no type of one; the tag and the caching rule again; for GET and HEAD."""
    first = await client.get(address)
    assert first.headers["cache-control"] == "no-cache"
    for request in (client.get, client.head):
        again = await request(address, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == "no-cache"
        assert "content-type" not in again.headers


@pytest.mark.parametrize("address", [PRODUCTS, ONE])
async def test_a_repeated_header_is_one_list(client: AsyncClient, address: str) -> None:
    """The tag may be in either line."""
    etag = (await client.get(address)).headers["etag"]
    answer = await client.get(address, headers=[("If-None-Match", '"other"'), ("If-None-Match", f"W/{etag}")])
    assert answer.status_code == 304


async def test_the_tag_of_a_page_does_not_tick(fixture: HttpFixture, client: AsyncClient) -> None:
    """``metadata.timestamp`` moves on with each call; the tag only with the products."""
    first = await client.get(PRODUCTS)
    fixture.clock.advance(30)
    second = await client.get(PRODUCTS)
    assert first.json()["metadata"]["timestamp"] != second.json()["metadata"]["timestamp"]
    assert first.headers["etag"] == second.headers["etag"]


async def test_a_poller_that_got_a_304_misses_nothing(fixture: HttpFixture, client: AsyncClient) -> None:
    """It goes on with its older timestamp, and so still sees what was saved since the answer that it has."""
    query = {"since": (await client.get(PRODUCTS)).json()["metadata"]["timestamp"]}
    first = await client.get(PRODUCTS, params=query)
    fixture.clock.advance(30)
    assert (
        await client.get(PRODUCTS, params=query, headers={"If-None-Match": first.headers["etag"]})
    ).status_code == 304
    await fixture.save(product(7))
    after = await client.get(PRODUCTS, params=query, headers={"If-None-Match": first.headers["etag"]})
    assert [entry["video_id"] for entry in after.json()["products"]] == [video_id(7)]


async def test_a_change_changes_the_tags(fixture: HttpFixture, client: AsyncClient) -> None:
    """The tags of the product and of its page; the old tags get the new content."""
    before = {address: (await client.get(address)).headers["etag"] for address in (PRODUCTS, ONE)}
    await fixture.save(product(1, title="Now in blue"))
    for address, etag in before.items():
        answer = await client.get(address, headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer.headers["etag"] != etag
        assert "Now in blue" in answer.text


@pytest.mark.parametrize("address", [PRODUCTS, ONE, f"{PRODUCTS}?since=2020-01-01T00:00:00Z"])
async def test_other_content_of_the_same_revision_has_another_tag(address: str) -> None:
    """A row that was corrected by hand, a restored file, a new release: the revision is the same, the bytes are not."""
    tags = set()
    for title in ("In blue", "In red"):
        fixture = HttpFixture()
        await fixture.save(product(1, title=title))
        async with fixture.client() as client:
            tags.add((await client.get(address)).headers["etag"])
    assert len(tags) == 2


async def test_a_new_product_behind_the_page_changes_its_tag(fixture: HttpFixture, client: AsyncClient) -> None:
    """The same products, but now with more behind them, are another page."""
    before = await client.get(f"{PRODUCTS}?limit=3")
    await fixture.save(product(0))
    after = await client.get(f"{PRODUCTS}?limit=3")
    assert before.json()["products"] == after.json()["products"]
    assert before.headers["etag"] != after.headers["etag"]


async def test_a_star_never_hides_a_404(client: AsyncClient) -> None:
    """``*`` means any representation, and of an unknown product there is none."""
    answer = await client.get(f"{PRODUCTS}/{video_id(99)}", headers={"If-None-Match": "*"})
    assert answer.status_code == 404
