"""The head of a page: title, description, canonical address, Open Graph, Twitter card and JSON-LD, as escaped HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from linkhub_adapters.http.pages.currency import price_text
from linkhub_adapters.http.pages.markup_template import MarkupTemplate, joined
from linkhub_adapters.http.pages.plain_text import one_line
from linkhub_adapters.http.pages.product_view import ProductView, shop_name
from linkhub_adapters.http.pages.shop_settings import FEED, ShopSettings, product_path, shop_path
from linkhub_adapters.http.pages.structured_data import description_of, product_data, shop_data
from linkhub_core.wire import json_text

_MAX_TITLE_CHARACTERS: Final = 120
_MAX_DESCRIPTION_CHARACTERS: Final = 200
_TITLES_NAMED: Final = 3

_TITLE: Final = MarkupTemplate("<title>{title}</title>")
_META: Final = MarkupTemplate('<meta name="{name}" content="{content}">')
_PROPERTY: Final = MarkupTemplate('<meta property="{name}" content="{content}">')
_CANONICAL: Final = MarkupTemplate('<link rel="canonical" href="{url}">')
_FEED: Final = MarkupTemplate('<link rel="alternate" type="application/rss+xml" title="{title}" href="{url}">')
_DATA: Final = MarkupTemplate('<script type="{media_type}" id="{id}">{text}</script>')


def shop_title(seller_handle: str) -> str:
    """The title of a shop's page."""
    return f"{shop_name(seller_handle)} · shop"


def shop_head(
    seller_handle: str, products: Sequence[ProductView], settings: ShopSettings, *, is_first_page: bool
) -> Markup:
    """The head of a shop. An empty shop and later pages are not for the index of a search engine."""
    title, described = shop_title(seller_handle), _described(seller_handle, products)
    path = shop_path(seller_handle)
    picture = next((product.pictures[0] for product in products if product.pictures), None)
    tags = _shared(seller_handle, title, described, picture, kind="website", url=settings.address(path))
    if (feed := settings.address(f"{path}/{FEED}")) is not None:
        tags.append(_FEED.fill(title=title, url=feed))
    if products and is_first_page:
        tags.append(data_block("application/ld+json", "structured-data", shop_data(products, settings)))
    else:
        tags.append(_meta("robots", "noindex"))
    return joined(tags, "\n    ")


def product_head(product: ProductView, settings: ShopSettings) -> Markup:
    """The head of a product."""
    title = f"{one_line(product.title, _MAX_TITLE_CHARACTERS)} · {shop_name(product.seller_handle)}"
    price = "" if product.price is None else f"{price_text(product.price, settings.currency)}. "
    described = price + description_of(product, _MAX_DESCRIPTION_CHARACTERS)
    url = settings.address(product_path(product.seller_handle, product.video_id))
    picture = product.pictures[0] if product.pictures else None
    tags = _shared(product.seller_handle, title, described, picture, kind="product", url=url)
    if product.price is not None and settings.currency is not None:
        tags += [
            _property("product:price:amount", settings.currency.amount(product.price)),
            _property("product:price:currency", settings.currency.code),
        ]
    tags += [
        _property("product:availability", "out of stock" if product.is_sold_out else "in stock"),
        data_block("application/ld+json", "structured-data", product_data(product, settings)),
    ]
    return joined(tags, "\n    ")


def plain_head(seller_handle: str) -> Markup:
    """The head of the page of a product that the shop does not have."""
    return joined([_TITLE.fill(title=shop_title(seller_handle)), _meta("robots", "noindex")], "\n    ")


def data_block(media_type: str, id: str, document: Any) -> Markup:  # noqa: A002  the name of the attribute
    """JSON in a page. ``<`` is written as an escape of JSON, so that no text ends the block."""
    return _DATA.fill(media_type=media_type, id=id, text=data_text(document))


def data_text(document: Any) -> Markup:
    """The JSON of a data block."""
    return Markup(json_text.dump(document).decode().replace("<", "\\u003c"))  # noqa: S704  it has no markup


def _described(seller_handle: str, products: Sequence[ProductView]) -> str:
    if not products:
        return f"The shop of @{seller_handle}. New products appear the moment a video is posted."
    named = ", ".join(one_line(product.title, 50) for product in products[:_TITLES_NAMED])
    more = " and more" if len(products) > _TITLES_NAMED else ""
    return f"{named}{more} from @{seller_handle}."


def _shared(
    seller_handle: str, title: str, description: str, picture: str | None, *, kind: str, url: str | None
) -> list[Markup]:
    card = "summary" if picture is None else "summary_large_image"
    shown = {"og:type": kind, "og:site_name": shop_name(seller_handle), "og:title": title}
    shown |= {"og:description": description}
    shown |= {} if url is None else {"og:url": url}
    shown |= {} if picture is None else {"og:image": picture}
    named = {"description": description, "twitter:card": card, "twitter:title": title}
    named |= {"twitter:description": description}
    named |= {} if picture is None else {"twitter:image": picture}
    return [
        _TITLE.fill(title=title),
        *(_meta(name, content) for name, content in named.items()),
        *(_property(name, content) for name, content in shown.items()),
        *([] if url is None else [_CANONICAL.fill(url=url)]),
    ]


def _meta(name: str, content: str) -> Markup:
    return _META.fill(name=name, content=content)


def _property(name: str, content: str) -> Markup:
    return _PROPERTY.fill(name=name, content=content)
