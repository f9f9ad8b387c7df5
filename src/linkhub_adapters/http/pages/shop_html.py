"""The HTML of shops and products. It is visible before the scripts run, and the scripts continue from it.

Rule 1. A value is escaped where it is filled in: see :class:`MarkupTemplate`.
Rule 2. The grid and the data of a shop are rendered once, for its own page and those of its products.
Rule 3. The cursor is filled in last, so that a page always carries the newest one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from attrs import define, field
from markupsafe import Markup

from linkhub_adapters.http.api.encoded_body import EncodedBody, strong_etag
from linkhub_adapters.http.pages import head_tags
from linkhub_adapters.http.pages.contact_links import is_whatsapp
from linkhub_adapters.http.pages.currency import price_text
from linkhub_adapters.http.pages.markup_template import MarkupTemplate, joined
from linkhub_adapters.http.pages.page_files import PageFiles
from linkhub_adapters.http.pages.product_view import ProductView, shop_name
from linkhub_adapters.http.pages.shop_settings import ShopSettings, product_path, shop_path

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SIZES_ON_TILE: Final = 4
_TAGS_ON_TILE: Final = 2
_TAG_FILTERS: Final = 10
_LOADED_AT_ONCE: Final = 12  # pictures: two rows of a laptop's screen

_HTML: Final = "text/html"
_HIDDEN: Final = Markup(" hidden")
_SHOWN: Final = Markup("")
_ATTRIBUTE: Final = MarkupTemplate(' {name}="{value}"')
_CHIP: Final = MarkupTemplate('<li dir="auto">{text}</li>')
_REST: Final = MarkupTemplate('<li class="chip-rest" dir="auto">+{count}</li>')
_FILTER: Final = MarkupTemplate(
    '<button type="button" dir="auto" data-tag="{tag}" aria-pressed="{is_pressed}">{text}</button>'
)
# The product's title is always beside its picture: an alternative text would say it twice.
_PICTURE: Final = MarkupTemplate('<img src="{url}" alt="" decoding="async" {loading} referrerpolicy="no-referrer">')
_LAZY: Final = Markup('loading="lazy"')
_EAGER: Final = Markup('loading="eager"')
_URGENT: Final = Markup('loading="eager" fetchpriority="high"')
_STRIP_ITEM: Final = MarkupTemplate(
    '<li><a class="picture" href="{url}" aria-label="{label}" target="_blank" rel="noopener noreferrer">{picture}</a>'
    "</li>"
)


@define(eq=False, kw_only=True)
class RenderedShop(EncodedBody):
    """The page of a shop up to its cursor. The pages of its products share its filters, and the slices of its bytes."""

    seller_handle: str
    filters: Markup = field(repr=False)
    grid: slice
    data: slice


class ShopHtml:
    """Renders pages with the assets of one release.

    Args:
        files: the assets.
        settings: what the operator chose.
    """

    def __init__(self, files: PageFiles, settings: ShopSettings) -> None:
        storefront, grid, tile = (
            files.released((_TEMPLATES / name).read_text("utf-8"))
            for name in ("storefront.html", "grid.html", "tile.html")
        )
        before_grid, _, after_grid = storefront.partition("{grid}")
        before_state, _, after_state = after_grid.partition("{state}")
        self._top, self._middle, self._end = (
            MarkupTemplate(before_grid),
            MarkupTemplate(before_state),
            after_state.encode(),
        )
        self._grid, self._tile = MarkupTemplate(grid), MarkupTemplate(tile)
        self._settings = settings
        self._release: Final = strong_etag(f"{storefront}{grid}{tile}{settings!r}".encode())

    # --- a shop ---

    def render(
        self,
        seller_handle: str,
        products: Sequence[ProductView],
        last_key: str | None,
        etag: str,
        *,
        is_first_page: bool = True,
    ) -> RenderedShop:
        """Render a page of a shop.

        Args:
            seller_handle: the shop.
            products: those of the page.
            last_key: where the next page begins.
            etag: names the products and ``last_key``.
            is_first_page: a later page has no data for scripts, which begin with the first one.
        """
        filters = _filters(products)
        head = head_tags.shop_head(seller_handle, products, self._settings, is_first_page=is_first_page)
        data = None
        if is_first_page:
            pagination = {"hasMore": bool(last_key), "lastEvaluatedKey": last_key}
            data = {"products": [product.document for product in products], "pagination": pagination}
        top, grid = self._top_of(seller_handle, head, filters), self._grid_of(products, last_key)
        return self._rendered(seller_handle, top, grid, filters, data=data, etag=etag)

    def without_products(self, seller_handle: str) -> RenderedShop:
        """Render the page while the store does not answer: its scripts try again."""
        top = self._top_of(seller_handle, head_tags.plain_head(seller_handle), _SHOWN)
        return self._rendered(seller_handle, top, self._grid_of(None, None), _SHOWN)

    def product_page(self, shop: RenderedShop, product: ProductView, etag: str) -> EncodedBody:
        """The page of a product over its shop, up to the cursor; ``etag`` names the content of both."""
        top = self._top_of(shop.seller_handle, head_tags.product_head(product, self._settings), shop.filters)
        own = head_tags.data_block("application/json", "product-data", product.document).encode()
        parts = (
            top,
            shop.content[shop.grid],
            self._middle_of(shop.seller_handle, product),
            own,
            shop.content[shop.data],
        )
        return EncodedBody(parts=(b"".join(parts),), etag=self._etag(etag), media_type=_HTML)

    def absent_page(self, shop: RenderedShop, cursor: str | None, *, is_withdrawn: bool) -> bytes:
        """The page at the address of a product that the shop does not have, or does not have any more."""
        top = self._top_of(
            shop.seller_handle,
            head_tags.plain_head(shop.seller_handle),
            shop.filters,
            gone_hidden=_hidden(not is_withdrawn),
            unknown_hidden=_hidden(is_withdrawn),
        )
        middle = self._middle_of(shop.seller_handle, None)
        return b"".join((top, shop.content[shop.grid], middle, shop.content[shop.data], self.ending(cursor)))

    def ending(self, cursor: str | None) -> bytes:
        """The part after a page: the cursor of its products, and the end of the document."""
        metadata = {} if cursor is None else {"cursor": cursor}
        return b"%b}</script>%b" % (head_tags.data_text(metadata).encode(), self._end)

    def _rendered(
        self, seller_handle: str, top: bytes, grid: bytes, filters: Markup, *, data: Any = None, etag: str = ""
    ) -> RenderedShop:
        middle = self._middle_of(seller_handle, None)
        text = b"" if data is None else head_tags.data_text(data).encode()[1:-1] + b","
        opening = b'<script type="application/json" id="shop-data">{%b"metadata":' % text
        grid_end = len(top) + len(grid)
        return RenderedShop(
            parts=(b"".join((top, grid, middle, opening)),),
            etag=self._etag(etag),
            media_type=_HTML,
            seller_handle=seller_handle,
            filters=filters,
            grid=slice(len(top), grid_end),
            data=slice(grid_end + len(middle), None),
        )

    def _etag(self, content: str) -> str:
        return strong_etag(f"{self._release}{content}".encode())

    # --- the parts of a page ---

    def _top_of(
        self,
        seller_handle: str,
        head: Markup,
        filters: Markup,
        *,
        gone_hidden: Markup = _HIDDEN,
        unknown_hidden: Markup = _HIDDEN,
    ) -> bytes:
        name = shop_name(seller_handle)
        return self._top.fill(
            options=self._options(seller_handle),
            head=head,
            monogram="".join(word[0] for word in name.split()[:2]).upper(),
            shop_name=name,
            seller_handle=seller_handle,
            filters=filters,
            filters_hidden=_hidden(not filters),
            gone_hidden=gone_hidden,
            unknown_hidden=unknown_hidden,
        ).encode()

    def _options(self, seller_handle: str) -> Markup:
        currency, contact = self._settings.currency, self._settings.contacts.template(seller_handle)
        chosen = {} if currency is None else {"data-currency": currency.code, "data-decimals": str(currency.decimals)}
        return _attributes(chosen if contact is None else {**chosen, "data-contact": contact})

    def _middle_of(self, seller_handle: str, product: ProductView | None) -> bytes:
        template = self._settings.contacts.template(seller_handle)
        contact = product and self._settings.contacts.link(seller_handle, product.video_id, product.title)
        video = product and product.video_url
        pictures = product.pictures if product else ()
        return self._middle.fill(
            dialog_open=Markup(" open") if product else "",
            shop_path=shop_path(seller_handle),
            picture=_picture(pictures[:1], _URGENT),
            strip=joined(
                [_strip_item(url, f"Picture {number} of {len(pictures)}") for number, url in enumerate(pictures, 1)]
            ),
            strip_hidden=_hidden(len(pictures) < 2),
            age=product.created_at[:10] if product else "",
            title=product.title if product else "",
            price=price_text(product.price, self._settings.currency) if product else "",
            sold_out_hidden=_hidden(not (product and product.is_sold_out)),
            sizes=_chips(product.sizes if product else ()),
            sizes_hidden=_hidden(not (product and product.sizes)),
            caption=product.caption if product else "",
            caption_hidden=_hidden(not (product and product.caption)),
            tags=_chips(_hashed(product.tags) if product else ()),
            tags_hidden=_hidden(not (product and product.tags)),
            contact_link=_attributes({"href": contact}) if contact else _HIDDEN,
            contact_label="Ask on WhatsApp" if template and is_whatsapp(template) else "Contact the seller",
            video_link=_attributes({"href": video}) if video else _HIDDEN,
            video_look="button-quiet" if template else "",
            tile=self._tile_of(None),
        ).encode()

    def _grid_of(self, products: Sequence[ProductView] | None, last_key: str | None) -> bytes:
        """The tiles; None: while they are not known."""
        path = shop_path(products[0].seller_handle) if products else ""
        return self._grid.fill(
            is_busy="true" if products is None else "false",
            tiles=joined([self._tile_of(product, place) for place, product in enumerate(products or ())]),
            empty_hidden=_hidden(products is None or bool(products)),
            more_hidden=_hidden(not last_key),
            more_link=f"{path}?{urlencode({'lastKey': last_key})}" if last_key else "",
        ).encode()

    def _tile_of(self, product: ProductView | None, place: int = 0) -> Markup:
        if product is None:
            blank = dict.fromkeys(("look", "video_id", "picture", "link", "title", "price_look", "price", "sizes"), "")
            blank |= dict.fromkeys(("tags", "time", "age", "length"), "")
            hidden = dict.fromkeys(("sold_out_hidden", "length_hidden", "sizes_hidden", "tags_hidden"), _HIDDEN)
            return self._tile.fill(**blank, **hidden)
        length = _length_text(product.video_seconds)
        return self._tile.fill(
            look=" is-sold-out" if product.is_sold_out else "",
            video_id=_attributes({"data-video-id": product.video_id}),
            picture=_picture(product.pictures[:1], _URGENT if place < _LOADED_AT_ONCE else _LAZY),
            sold_out_hidden=_hidden(not product.is_sold_out),
            length=length,
            length_hidden=_hidden(not length),
            link=_attributes({"href": product_path(product.seller_handle, product.video_id)}),
            title=product.title,
            price=price_text(product.price, self._settings.currency),
            price_look=" is-asked" if product.price is None else "",
            sizes=_chips(product.sizes, _SIZES_ON_TILE),
            sizes_hidden=_hidden(not product.sizes),
            tags=_chips(_hashed(product.tags), _TAGS_ON_TILE),
            tags_hidden=_hidden(not product.tags),
            time=_attributes({"datetime": product.created_at}),
            age=product.created_at[:10],
        )


def _hidden(is_hidden: bool) -> Markup:
    return _HIDDEN if is_hidden else _SHOWN


def _attributes(named: dict[str, str]) -> Markup:
    return joined([_ATTRIBUTE.fill(name=name, value=value) for name, value in named.items()])


def _hashed(tags: Iterable[str]) -> Sequence[str]:
    return [f"#{tag}" for tag in tags]


def _chips(texts: Sequence[str], most: int | None = None) -> Markup:
    """Items of a list; beyond ``most``, the last one says how many more there are."""
    chips = [_CHIP.fill(text=text) for text in texts[:most]]
    if most is not None and len(texts) > most:
        chips.append(_REST.fill(count=len(texts) - most))
    return joined(chips)


def _picture(urls: Sequence[str], loading: Markup) -> Markup:
    return joined([_PICTURE.fill(url=url, loading=loading) for url in urls])


def _strip_item(url: str, label: str) -> Markup:
    return _STRIP_ITEM.fill(url=url, label=label, picture=_picture([url], _EAGER))


def _length_text(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}" if seconds > 0 else ""


def _filters(products: Sequence[ProductView]) -> Markup:
    """The buttons of the tags that several products have, the most frequent first."""
    counts = Counter(tag for product in products for tag in {tag.lower() for tag in product.tags})
    common = sorted((tag for tag, count in counts.items() if count > 1), key=lambda tag: (-counts[tag], tag))
    if len(common) < 2:
        return _SHOWN
    buttons = [_FILTER.fill(tag=tag, is_pressed="false", text=tag) for tag in common[:_TAG_FILTERS]]
    return joined([_FILTER.fill(tag="", is_pressed="true", text="Everything"), *buttons])
