"""Bodies in the encodings that clients ask for: the same content, a tag for each encoding, made once."""

import asyncio
import gzip

import pytest
from httpx2 import AsyncClient, Response
from starlette.requests import Request

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.http.api.encoded_body import EncodedBody, strong_etag, without_encoding
from linkhub_core.wire.content_encoding import ContentEncoding
from tests.adapters.http.http_fixture import HANDLE, PRODUCTS, HttpFixture, product, video_id

ONE = f"{PRODUCTS}/{video_id(1)}"
ADDRESSES = [
    PRODUCTS,
    ONE,
    f"{PRODUCTS}?since=2020-01-01T00:00:00Z",
    f"/shop/{HANDLE}",
    "/",
    "/openapi.json",
    "/assets/theme.css",
]
GZIP = {"accept-encoding": "gzip"}
IDENTITY = {"accept-encoding": "identity"}


def test_a_tag_is_strong_and_quoted() -> None:
    """Equal bytes have equal tags, others have others, and none is weak."""
    assert strong_etag(b"a") == strong_etag(b"a") != strong_etag(b"b")
    assert strong_etag(b"a").startswith('"')
    assert strong_etag(b"a").endswith('"')


def is_gzip(answer: Response) -> bool:
    return bool(answer.headers.get("content-encoding") == "gzip")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_each_encoding_is_the_same_content_under_its_own_tag(client: AsyncClient, address: str) -> None:
    """Lengths are those of the bytes sent, for HEAD as for GET; caches are told what the answer depends on."""
    plain, packed = await client.get(address, headers=IDENTITY), await client.get(address, headers=GZIP)
    assert (is_gzip(plain), is_gzip(packed)) == (False, True)
    assert packed.content == plain.content
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert packed.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) == len(plain.content)
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()
    head = await client.head(address, headers=GZIP)
    for name in ("content-length", "content-encoding", "etag", "vary"):
        assert head.headers[name] == packed.headers[name]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_304_is_for_the_encoding_that_the_client_asks_for(client: AsyncClient, address: str) -> None:
    """The tag of another encoding names other bytes."""
    tags = {
        name: (await client.get(address, headers=each)).headers["etag"] for name, each in (("p", IDENTITY), ("z", GZIP))
    }
    for asked, known, status in ((IDENTITY, "p", 304), (IDENTITY, "z", 200), (GZIP, "z", 304), (GZIP, "p", 200)):
        answer = await client.get(address, headers={**asked, "if-none-match": tags[known]})
        assert answer.status_code == status
        assert answer.headers["etag"] == tags["z" if asked is GZIP else "p"]
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert status == 200 or "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("media_type", "is_compressed"),
    [("font/woff2", False), ("image/png", False), ("image/svg+xml", True), ("text/css", True)],
)
def test_what_is_compressed_already_is_sent_as_it_is(media_type: str, is_compressed: bool) -> None:
    """Images and fonts, except drawings that are text."""
    request = Request({"type": "http", "headers": [(b"accept-encoding", b"gzip;q=0.1")]})
    encoding = EncodedBody.of(b"x" * 5_000, media_type).encoding_for(request)
    assert (encoding is ContentEncoding.GZIP) is is_compressed


async def test_a_body_is_compressed_once() -> None:
    """All requests share the bytes."""
    body = EncodedBody.of(b"x" * 5_000, "text/css")
    assert await body.compressed(ContentEncoding.GZIP) is await body.compressed(ContentEncoding.GZIP)


async def test_a_large_body_is_compressed_in_one_thread_for_all() -> None:
    """Requests wait for the same thread; one that is cancelled takes it from none of the others."""
    body = EncodedBody(parts=(b"ab" * 50_000, b"cd" * 50_000), etag='"1"')
    tasks = [asyncio.create_task(body.compressed(ContentEncoding.GZIP)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    made, same = await tasks[1], await tasks[2]
    assert made is same is await body.compressed(ContentEncoding.GZIP)
    assert gzip.decompress(made.end()) == body.content
    assert body.kept_bytes == body.size_bytes + len(made)


async def test_a_large_page_is_compressed_whole(fixture: HttpFixture) -> None:
    """A page that is sent in slices otherwise."""
    await fixture.save(*(product(number, raw_caption="x" * 20_000) for number in range(30)))
    async with fixture.client() as client:
        plain = await client.get(PRODUCTS, params={"limit": 30}, headers=IDENTITY)
        packed = await client.get(PRODUCTS, params={"limit": 30}, headers=GZIP)
    assert packed.json()["products"] == plain.json()["products"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 10


async def test_the_tag_of_any_encoding_lets_a_listing_be_changed() -> None:
    """``If-Match`` names the content: a client may have read it compressed."""
    fixture = HttpFixture(settings=HttpSettings(admin_token="t"))
    await fixture.save(product(1))
    async with fixture.client() as client:
        read = await client.get(ONE, headers=GZIP)
        assert is_gzip(read)
        headers = {"authorization": "Bearer t", "if-match": read.headers["etag"]}
        changed = await client.put(f"{ONE}/listing", json={"availability": "sold_out"}, headers=headers)
        assert changed.status_code == 200
        again = await client.put(f"{ONE}/listing", json={"availability": "in_stock"}, headers=headers)
        assert again.status_code == 412


@pytest.mark.parametrize(
    ("etag", "content"),
    [('"1f-gzip"', '"1f"'), ('"1f"', '"1f"'), ('W/"1f-gzip"', 'W/"1f"'), ('"1f-br"', '"1f-br"'), ("", "")],
)
def test_the_tag_of_the_content_follows_from_that_of_an_encoding(etag: str, content: str) -> None:
    """Only suffixes that are ours are taken off."""
    assert without_encoding(etag) == content
