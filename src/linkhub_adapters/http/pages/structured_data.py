"""Products for machines: schema.org as JSON-LD. An offer has a price only if its currency is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from linkhub_adapters.http.pages.plain_text import one_line
from linkhub_adapters.http.pages.product_view import ProductView, shop_name
from linkhub_adapters.http.pages.shop_settings import ShopSettings, product_path

MAX_NAME_CHARACTERS: Final = 150
MAX_DESCRIPTION_CHARACTERS: Final = 500
MAX_PICTURES: Final = 10

_CONTEXT: Final = {"@context": "https://schema.org"}


def shop_data(products: Sequence[ProductView], settings: ShopSettings) -> Mapping[str, Any]:
    """The products of a page, in its order."""
    entries = [
        {"@type": "ListItem", "position": position, "item": _product(product, settings)}
        for position, product in enumerate(products, 1)
    ]
    return {**_CONTEXT, "@type": "ItemList", "numberOfItems": len(entries), "itemListElement": entries}


def product_data(product: ProductView, settings: ShopSettings) -> Mapping[str, Any]:
    """One product."""
    return {**_CONTEXT, **_product(product, settings)}


def description_of(product: ProductView, most: int = MAX_DESCRIPTION_CHARACTERS) -> str:
    """The caption in one line, or the title where there is none."""
    return one_line(product.caption, most) or one_line(product.title, most)


def _product(product: ProductView, settings: ShopSettings) -> Mapping[str, Any]:
    url = settings.address(product_path(product.seller_handle, product.video_id))
    offer: dict[str, Any] = {
        "@type": "Offer",
        "availability": f"https://schema.org/{'SoldOut' if product.is_sold_out else 'InStock'}",
        "seller": {"@type": "Organization", "name": shop_name(product.seller_handle)},
    }
    if product.price is not None and settings.currency is not None:
        offer |= {"price": settings.currency.amount(product.price), "priceCurrency": settings.currency.code}
    found: dict[str, Any] = {
        "@type": "Product",
        "name": one_line(product.title, MAX_NAME_CHARACTERS),
        "description": description_of(product),
        "sku": product.video_id,
        "image": list(product.pictures[:MAX_PICTURES]),
        "offers": offer,
    }
    if product.sizes:
        found["size"] = [one_line(size, MAX_NAME_CHARACTERS) for size in product.sizes[:MAX_PICTURES]]
    if url is not None:
        found["url"] = offer["url"] = url
    return found
