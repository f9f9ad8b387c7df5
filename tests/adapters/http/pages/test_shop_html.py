"""Pages rendered by the server: products, escaped, and the data from which the scripts go on."""

import json
import re
from typing import Any

from linkhub_adapters.http.pages.contact_links import ContactLinks
from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.page_files import PageFiles
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_html import ShopHtml
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from tests.browser.samples import SELLER, hostile_product, sample_product, sample_products

PLAIN = ShopSettings()
FILES = PageFiles(release="r1", pages={}, assets={})


def shop_page(*documents: dict[str, Any], settings: ShopSettings = PLAIN, last_key: str | None = None) -> str:
    """The page of a shop with these products."""
    html = ShopHtml(FILES, settings)
    shop = html.render(SELLER, [ProductView.of(SELLER, document) for document in documents], last_key, "etag")
    return (shop.content + html.ending("c1")).decode()


def product_page(document: dict[str, Any], settings: ShopSettings = PLAIN) -> str:
    """The page of a product in a shop without others."""
    html = ShopHtml(FILES, settings)
    page = html.product_page(html.render(SELLER, [], None, "etag"), ProductView.of(SELLER, document), "etag")
    return (page.content + html.ending("c1")).decode()


def data_of(page: str, name: str) -> Any:
    """The block of data of this name."""
    found = re.search(rf'<script type="application/[a-z+]+" id="{name}">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_a_shop_shows_its_products_without_scripts() -> None:
    """Each with its title, price, sizes, tags, picture and address, in the order of the page."""
    page = shop_page(*sample_products(3))
    assert re.findall(r'data-video-id="(\d+)"', page) == [one["video_id"] for one in sample_products(3)]
    assert re.findall(r'<p class="price">([^<]+)<', page)[:3] == ["65,000", "240,000", "185,000"]
    assert f'<a href="/shop/{SELLER}/products/{sample_product(2)["video_id"]}">Crochet beach bag</a>' in page
    assert '<li dir="auto">#ankara</li>' in page
    assert sample_product(0)["primary_thumbnail"]["thumbnail_url"] in page
    assert 'href="/assets/r1/tiles.css"' in page


def test_the_scripts_go_on_from_the_page() -> None:
    """They get the products, where the next page begins, and the cursor."""
    data = data_of(shop_page(*sample_products(2), last_key="%7B%7D"), "shop-data")
    assert [product["video_id"] for product in data["products"]] == [one["video_id"] for one in sample_products(2)]
    assert data["pagination"] == {"hasMore": True, "lastEvaluatedKey": "%7B%7D"}
    assert data["metadata"] == {"cursor": "c1"}


def test_without_scripts_a_link_leads_to_the_next_page() -> None:
    """A later page has no data: scripts begin with the first one."""
    assert f'href="/shop/{SELLER}?lastKey=%257B%257D"' in shop_page(sample_product(1), last_key="%7B%7D")
    html = ShopHtml(FILES, PLAIN)
    later = html.render(SELLER, [], None, "etag", is_first_page=False).content + html.ending(None)
    assert data_of(later.decode(), "shop-data") == {"metadata": {}}


def test_a_product_has_a_page() -> None:
    """Open over its shop, with its caption and all pictures, and its data for the scripts."""
    page = product_page(sample_product(24))
    assert re.search(r"<dialog [^>]* open>", page)
    assert '<h2 id="product-title" dir="auto">Beach kimono, hibiscus 🌺</h2>' in page
    assert "Over a swimsuit or over jeans." in page
    assert len(re.findall(r'<li><a class="picture"', page)) == 5
    assert data_of(page, "product-data")["video_id"] == data_of(page, "structured-data")["sku"]


def test_a_product_links_to_its_video_and_to_a_contact() -> None:
    """In another tab that cannot reach this one; the contact is filled in; without one there is no link."""
    settings = ShopSettings(contacts=ContactLinks.parse(["https://wa.me/256"]))
    page = product_page(sample_product(24), settings)
    video = f'href="https://www.tiktok.com/@{SELLER}/video/{sample_product(24)["video_id"]}"'
    assert f'id="product-video" target="_blank" rel="noopener noreferrer" {video}' in page
    contact = 'href="https://wa.me/256?text=Beach%20kimono%2C%20hibiscus%20%F0%9F%8C%BA"'
    assert f'id="product-contact" target="_blank" rel="noopener noreferrer" {contact}>Ask on WhatsApp<' in page
    without = product_page(sample_product(24, video_id="v1"))
    assert len(re.findall(r'id="product-(?:video|contact)"[^>]* hidden>', without)) == 2


def test_prices_have_the_currency() -> None:
    """In the page, and for its scripts."""
    page = shop_page(sample_product(1, price=19.9), settings=ShopSettings(currency=Currency("USD")))
    assert '<p class="price">USD\u00a019.90</p>' in page
    assert 'data-currency="USD" data-decimals="2"' in page


def test_a_sold_out_product_says_so() -> None:
    """On its tile and on its page."""
    product = sample_product(1, availability="sold_out")
    assert '<span class="sold-out">' in shop_page(product)
    assert 'id="product-sold-out">' in product_page(product)


def test_hostile_texts_stay_texts() -> None:
    """In tiles, attributes, titles and data: the only elements are those of the templates."""
    hostile, plain = hostile_product(1), sample_product(1, sizes="S, M", tags=["a", "b"], thumbnails=[])
    for render in (shop_page, product_page):
        elements = [re.findall(r"<(\w+)", render(product)) for product in (hostile, plain)]
        assert set(elements[0]) - {"img"} <= set(elements[1])
        assert elements[0].count("script") == elements[1].count("script")
        assert not re.search(r"<[^>]*\s(on\w+|style)=", re.sub(r'"[^"]*"', '""', render(hostile)))
        assert 'href="javascript' not in render(hostile)


def test_a_lone_surrogate_can_be_sent() -> None:
    """It is no character: it is replaced."""
    product = sample_product(1, title="a\ud83d", tags=["\udc00"], raw_caption="\ud83d")
    assert "a\ufffd" in shop_page(product)
    assert "a\ufffd" in product_page(product)


def test_an_absent_product_is_explained() -> None:
    """Withdrawn or unknown, over its shop, and not for an index."""
    html = ShopHtml(FILES, PLAIN)
    shop = html.render(SELLER, [ProductView.of(SELLER, sample_product(1))], None, "etag")
    for is_withdrawn, shown in ((True, "gone"), (False, "unknown")):
        page = html.absent_page(shop, "c1", is_withdrawn=is_withdrawn).decode()
        assert re.findall(r'id="(gone|unknown)" role="status">', page) == [shown]
        assert 'content="noindex"' in page
        assert len(data_of(page, "shop-data")["products"]) == 1
