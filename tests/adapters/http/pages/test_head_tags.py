"""The head of a page: what link previews and search engines read."""

import json
import re

from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.head_tags import data_block, plain_head, product_head, shop_head
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from tests.browser.samples import SELLER, hostile_product, sample_product, sample_products

PUBLIC = ShopSettings(public_url="https://live.example", currency=Currency("UGX"))
ADDRESS = f"https://live.example/shop/{SELLER}"


def contents(head: str) -> dict[str, str]:
    """The content of each tag by its name."""
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', head))


def test_a_shop_describes_its_newest_products() -> None:
    """With its first picture, its canonical address and its feed."""
    products = [ProductView.of(SELLER, product) for product in sample_products()]
    head = shop_head(SELLER, products, PUBLIC, is_first_page=True)
    found = contents(head)
    assert "<title>Nalu Fashion · shop</title>" in head
    assert found["description"].startswith("Tailored waistcoat, Beach kimono, hibiscus 🌺, Halter jumpsuit")
    assert found["og:image"] == found["twitter:image"] == products[0].pictures[0]
    assert (found["twitter:card"], found["og:url"]) == ("summary_large_image", ADDRESS)
    assert f'<link rel="canonical" href="{ADDRESS}">' in head
    assert f'href="{ADDRESS}/feed.xml"' in head
    assert "robots" not in found


def test_a_product_describes_itself() -> None:
    """With its price and currency."""
    product = ProductView.of(SELLER, sample_product(25))
    head = product_head(product, PUBLIC)
    found = contents(head)
    assert found["og:title"] == "Tailored waistcoat · Nalu Fashion"
    assert found["description"] == "UGX\u00a0110,000. Wear it alone. Trust us."
    assert (found["product:price:amount"], found["product:price:currency"]) == ("110000", "UGX")
    assert f'<link rel="canonical" href="{ADDRESS}/products/{product.video_id}">' in head


def test_without_a_public_address_there_is_no_canonical_one() -> None:
    """And no feed; without a currency no amount."""
    product = ProductView.of(SELLER, sample_product(25))
    for head in (
        shop_head(SELLER, [product], ShopSettings(), is_first_page=True),
        product_head(product, ShopSettings()),
    ):
        assert not re.search("canonical|og:url|alternate|amount", head)


def test_what_has_nothing_to_find_is_not_for_an_index() -> None:
    """An empty shop, a later page, and the address of a product that is gone."""
    product = ProductView.of(SELLER, sample_product(25))
    heads = [
        shop_head(SELLER, [], PUBLIC, is_first_page=True),
        shop_head(SELLER, [product], PUBLIC, is_first_page=False),
        plain_head(SELLER),
    ]
    assert [contents(head).get("robots") for head in heads] == ["noindex"] * 3


def test_hostile_texts_end_no_tag() -> None:
    """Neither an attribute nor a block of data."""
    head = product_head(ProductView.of(SELLER, hostile_product(1)), PUBLIC)
    assert "<img" not in head
    assert head.count("<script") == head.count("</script") == 1
    assert "\u202e" not in head


def test_a_block_of_data_is_read_as_it_was_written() -> None:
    """What looks like the end of the block, too."""
    document = {"a": "</script><!-- <script>\u2028&amp;"}
    block = data_block("application/json", "x", document)
    assert json.loads(block.partition(">")[2].removesuffix("</script>")) == document
    assert block.count("<") == 2
