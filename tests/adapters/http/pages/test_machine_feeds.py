"""Sitemaps, the product feed and robots.txt: read as a crawler reads them."""

from xml.etree import ElementTree as ET

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.http.pages import machine_feeds
from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_core.model import Availability
from tests.adapters.http.http_fixture import HANDLE, HttpFixture, listed, product, video_id

BASE = "https://live.example"
PUBLIC = HttpSettings(shops=ShopSettings(public_url=f"{BASE}/", currency=Currency("USD")))
GOOGLE = "{http://base.google.com/ns/1.0}"
LOCATION = ".//{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


async def read(client: AsyncClient, address: str) -> ET.Element:
    """The XML at an address."""
    answer = await client.get(address)
    assert answer.status_code == 200
    return ET.fromstring(answer.content)  # noqa: S314  our own


async def locations(client: AsyncClient, address: str) -> list[str]:
    """The addresses of a sitemap."""
    return [(found.text or "").removeprefix(BASE) for found in (await read(client, address)).findall(LOCATION)]


async def test_a_feed_has_every_product(fixture: HttpFixture) -> None:
    """With what Google asks of each: id, title, description, link, picture, availability and price."""
    fixture.settings = PUBLIC
    await fixture.save(
        *(product(number) for number in range(10, 70)), listed(product(70, price=19.9), Availability.SOLD_OUT)
    )
    async with fixture.client() as client:
        feed = await read(client, f"/shop/{HANDLE}/feed.xml")
    items = feed.findall("./channel/item")
    assert len(items) == 64
    newest = {element.tag: element.text for element in items[0]}
    assert newest["title"] == "Nambula dress 70 👗"
    assert newest["link"] == newest["guid"] == f"{BASE}/shop/{HANDLE}/products/{video_id(70)}"
    assert newest["pubDate"]
    assert newest["description"]
    assert newest[f"{GOOGLE}id"] == video_id(70)
    assert newest[f"{GOOGLE}image_link"] == f"https://cdn.example.com/{video_id(70)}_0.jpg"
    assert (newest[f"{GOOGLE}availability"], newest[f"{GOOGLE}price"]) == ("out_of_stock", "19.90 USD")


@pytest.mark.parametrize("count", [1, 80])
async def test_a_feed_is_compressed(fixture: HttpFixture, count: int) -> None:
    """Also a long one, which is sent piece by piece; HEAD names no length, because only a GET would know it."""
    fixture.settings = PUBLIC
    await fixture.save(*(product(number) for number in range(10, 10 + count)))
    address = f"/shop/{HANDLE}/feed.xml"
    async with fixture.client() as client:
        plain, packed = [await client.get(address, headers={"accept-encoding": name}) for name in ("", "gzip")]
        head = await client.head(address)
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert (head.status_code, "content-length" in head.headers) == (200, False)
    for answer in (plain, packed, head):
        assert "Accept-Encoding" in answer.headers["vary"]


async def test_no_price_without_a_currency(fixture: HttpFixture) -> None:
    """And none where none is named."""
    await fixture.save(product(4, price=None))
    for settings, prices in ((ShopSettings(public_url=BASE), 0), (PUBLIC.shops, 3)):
        fixture.settings = HttpSettings(shops=settings)
        async with fixture.client() as client:
            feed = await read(client, f"/shop/{HANDLE}/feed.xml")
        assert len(feed.findall(f".//{GOOGLE}price")) == prices


async def test_hostile_texts_stay_texts(fixture: HttpFixture) -> None:
    """Markup, the end of a CDATA section, and characters that XML does not allow."""
    title = "]]></title><script>&\x01\x1b\ufffe\u202e"
    fixture.settings = PUBLIC
    await fixture.save(product(5, title=title, raw_caption=title))
    async with fixture.client() as client:
        feed = await read(client, f"/shop/{HANDLE}/feed.xml")
    assert feed.findtext("./channel/item/title") == "]]></title><script>&\ufffd\ufffd\ufffd"


async def test_sitemaps_lead_to_every_product(fixture: HttpFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the index to the sitemaps of each shop, each of a bounded size; withdrawn products are in none."""
    monkeypatch.setattr(machine_feeds, "PRODUCTS_IN_SITEMAP", 40)
    fixture.settings = PUBLIC
    await fixture.save(*(product(number) for number in range(10, 80)), listed(product(80), Availability.WITHDRAWN))
    await fixture.save(product(1, seller="other"), listed(product(1, seller="gone"), Availability.WITHDRAWN))
    async with fixture.client() as client:
        index = await locations(client, "/sitemap.xml")
        assert sorted(index) == [
            f"/shop/{HANDLE}/sitemap.xml",
            f"/shop/{HANDLE}/sitemap.xml?page=2",
            "/shop/other/sitemap.xml",
        ]
        first, second = [await locations(client, address) for address in index if HANDLE in address]
        beyond = [(await client.get(f"/shop/{name}/sitemap.xml")).status_code for name in ("gone", "nobody")]
        beyond.append((await client.get(f"/shop/{HANDLE}/sitemap.xml?page=3")).status_code)
    assert first[0] == f"/shop/{HANDLE}"
    assert [len(first), len(second)] == [41, 33]
    assert len({*first, *second}) == 74
    assert beyond == [404] * 3


async def test_an_index_names_a_bounded_number_of_shops(fixture: HttpFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """robots.txt names each index; together they have every shop once."""
    monkeypatch.setattr(machine_feeds, "SHOPS_IN_INDEX", 60)
    fixture.settings = PUBLIC
    await fixture.save(*(product(1, seller=f"shop-{number:03}") for number in range(129)))
    async with fixture.client() as client:
        robots = (await client.get("/robots.txt")).text
        indexes = [line.removeprefix(f"Sitemap: {BASE}") for line in robots.splitlines() if line.startswith("Sitemap")]
        found = [await locations(client, index) for index in indexes]
    assert [len(index) for index in found] == [60, 60, 10]
    assert len({address for index in found for address in index}) == 130


@pytest.mark.parametrize("address", [f"/shop/{HANDLE}/feed.xml", f"/shop/{HANDLE}/sitemap.xml", "/sitemap.xml"])
async def test_without_a_public_address_the_reason_is_given(fixture: HttpFixture, address: str) -> None:
    """A 404 that names what to set; robots.txt names no sitemap."""
    fixture.settings = HttpSettings(shops=ShopSettings(public_url_set_by="THE_SETTING"))
    async with fixture.client() as client:
        answer = await client.get(address)
        assert (answer.status_code, "set THE_SETTING" in answer.json()["detail"]) == (404, True)
        assert "Sitemap" not in (await client.get("/robots.txt")).text


@pytest.mark.parametrize(
    "address",
    [
        *(f"/shop/{HANDLE}/sitemap.xml?page={page}" for page in ("0", "-1", "x", "1000000", "²")),
        "/sitemap.xml?after=a%20b",
    ],
)
async def test_a_wrong_parameter_is_a_400(fixture: HttpFixture, address: str) -> None:
    """It is named."""
    fixture.settings = PUBLIC
    async with fixture.client() as client:
        answer = await client.get(address)
    assert (answer.status_code, answer.json()["parameter"]) == (400, address.rpartition("?")[2].partition("=")[0])
