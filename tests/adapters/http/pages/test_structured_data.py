"""JSON-LD keeps what search engines ask of a product: a name, a picture, and an offer that is whole."""

from collections.abc import Mapping
from typing import Any

import pytest

from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_adapters.http.pages.structured_data import product_data, shop_data
from tests.browser.samples import SELLER, hostile_product, sample_product, sample_products

PUBLIC = ShopSettings(public_url="https://live.example/", currency=Currency("UGX"))


def faults_of(product: Mapping[str, Any], *, has_price: bool = True) -> list[str]:
    """What the rules for merchants' listings miss in a product."""
    offer = product["offers"]
    rules = {
        "it is a product": product["@type"] == "Product",
        "its name is a text": isinstance(product["name"], str) and 0 < len(product["name"]) <= 150,
        "its pictures are addresses": all(url.startswith(("https://", "http://")) for url in product["image"]),
        "it has a description": bool(product["description"]),
        "it has an offer": offer["@type"] == "Offer",
        "its availability is one of schema.org's": offer["availability"]
        in ("https://schema.org/InStock", "https://schema.org/SoldOut"),
        "a price has a currency": ("price" in offer) == ("priceCurrency" in offer) == has_price,
        "a price is a number with a point": not has_price or offer["price"].replace(".", "", 1).isdigit(),
        "a currency has three letters": not has_price or len(offer["priceCurrency"]) == 3,
    }
    return [rule for rule, holds in rules.items() if not holds]


def test_each_product_of_a_shop_is_whole() -> None:
    """In the order of the page, with its address."""
    shown = [one for one in sample_products() if one["price"] is not None]
    data = shop_data([ProductView.of(SELLER, product) for product in shown], PUBLIC)
    entries = data["itemListElement"]
    assert (data["@context"], data["@type"], data["numberOfItems"]) == ("https://schema.org", "ItemList", len(shown))
    assert [entry["position"] for entry in entries] == list(range(1, len(shown) + 1))
    assert [faults_of(entry["item"]) for entry in entries] == [[]] * len(shown)
    assert entries[0]["item"]["url"] == f"https://live.example/shop/{SELLER}/products/{shown[0]['video_id']}"


@pytest.mark.parametrize(
    ("settings", "price"),
    [(ShopSettings(), 85000), (ShopSettings(currency=Currency("UGX")), None), (ShopSettings(), None)],
)
def test_a_price_is_there_only_with_its_currency(settings: ShopSettings, price: float | None) -> None:
    """No currency is invented, and no price; the availability is there in any case."""
    data = product_data(ProductView.of(SELLER, sample_product(1, price=price)), settings)
    assert faults_of(data, has_price=False) == []
    assert "url" not in data


def test_a_sold_out_product_says_so() -> None:
    """And has the digits of its currency."""
    product = ProductView.of(SELLER, sample_product(1, price=19.9, availability="sold_out"))
    offer = product_data(product, ShopSettings(currency=Currency("USD")))["offers"]
    assert (offer["availability"], offer["price"]) == ("https://schema.org/SoldOut", "19.90")


def test_hostile_texts_are_texts() -> None:
    """A script address is no picture; controls of direction are gone."""
    data = product_data(ProductView.of(SELLER, hostile_product(1)), PUBLIC)
    assert data["image"] == []
    assert "\u202e" not in data["description"]
