"""Addresses that follow from the public one."""

import pytest

from linkhub_adapters.http.pages.shop_settings import ShopSettings, product_path


@pytest.mark.parametrize(
    ("public_url", "address"),
    [
        ("https://live.example", "https://live.example/shop/a/products/7"),
        ("https://live.example:8443/", "https://live.example:8443/shop/a/products/7"),
        ("https://live.example/below/?x#y", "https://live.example/below/shop/a/products/7"),
        (None, None),
    ],
)
def test_an_address_begins_with_the_public_one(public_url: str | None, address: str | None) -> None:
    """Its path, too, but not its query; without one there is none."""
    assert ShopSettings(public_url=public_url).address(product_path("a", "7")) == address
