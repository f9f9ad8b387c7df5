"""Shops for crawlers: ``robots.txt``, sitemaps, and a product feed for each shop (RSS 2.0 with Google's namespace).

Every address in them is public, so without a public address there are none: 404, with the reason. They are streamed
page by page from the store: a shop may have millions of products, and only one page is in memory.

| address                       | answer                                                                           |
|-------------------------------|----------------------------------------------------------------------------------|
| ``/robots.txt``               | what is for crawlers, and the indexes of sitemaps                                |
| ``/sitemap.xml``              | an index: the sitemaps of up to 25,000 shops; ``?after=HANDLE``: of the next ones |
| ``/shop/{handle}/sitemap.xml``| the shop and up to 49,999 of its products; ``?page=2``: the next ones            |
| ``/shop/{handle}/feed.xml``   | all products of the shop                                                         |
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from math import ceil
from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from linkhub_adapters.http.api.products import once
from linkhub_adapters.http.pages.plain_text import one_line, printable
from linkhub_adapters.http.pages.product_view import ProductView, shop_name
from linkhub_adapters.http.pages.shop_routes import seller_of
from linkhub_adapters.http.pages.shop_settings import FEED, SITEMAP, ShopSettings, product_path, shop_path
from linkhub_adapters.http.pages.structured_data import description_of
from linkhub_core.application import BrowseShop, ListShops
from linkhub_core.errors import InvalidQuery
from linkhub_core.model import StoredProduct
from linkhub_core.wire import json_text
from linkhub_core.wire.content_encoding import ContentEncoding, choose_encoding
from linkhub_core.wire.shop_query import MAX_LIMIT, PageQuery, is_seller

# The protocol of sitemaps allows 50,000 addresses in a file, and as many files in an index. A shop's page is one of the
# addresses; half of an index is left to shops with more than one file.
PRODUCTS_IN_SITEMAP: Final = 49_999
SHOPS_IN_INDEX: Final = 25_000

_CACHE: Final = {"cache-control": "public, max-age=300"}
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAPS: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_FOR_CRAWLERS: Final = "User-agent: *\nDisallow: /api/\nDisallow: /socket.io\nDisallow: /$\n"
_PAGE: Final = re.compile("[1-9][0-9]{0,5}")
_MAX_TITLE_CHARACTERS: Final = 150  # this and the next two are Google's limits
_MAX_DESCRIPTION_CHARACTERS: Final = 5_000
_MAX_MORE_PICTURES: Final = 10
_GZIP_WINDOW_BITS: Final = 31  # the largest window, with the head and the end of gzip

_Chunks = AsyncIterator[str]


@frozen(kw_only=True)
class MachineFeeds:
    """The routes.

    Args:
        browse: reads shops.
        shops: lists shops.
        settings: the public address and the currency.
    """

    browse: BrowseShop
    shops: ListShops
    settings: ShopSettings

    async def show_robots(self, _: Request) -> Response:
        """``GET /robots.txt``: also without a public address, then without sitemaps."""
        lines = [_FOR_CRAWLERS]
        if (index := self.settings.address(f"/{SITEMAP}")) is not None:
            lines.append(f"Sitemap: {index}\n")
            after = await self._next_index(None)
            while after is not None:
                lines.append(f"Sitemap: {index}?after={after}\n")
                after = await self._next_index(after)
        return PlainTextResponse("".join(lines), headers=_CACHE)

    async def show_index(self, request: Request) -> Response:
        """``GET /sitemap.xml``."""
        self._require_public_url()
        after = once(request, "after")
        if after is not None and not is_seller(after):
            raise InvalidQuery("after", "must be the handle of a shop")
        return await _stream(request, self._index(after), "application/xml")

    async def show_sitemap(self, request: Request) -> Response:
        """``GET /shop/{handle}/sitemap.xml``."""
        self._require_public_url()
        seller_handle = seller_of(request)
        page = once(request, "page") or "1"
        if not _PAGE.fullmatch(page):
            raise InvalidQuery("page", "must be a whole number from 1 to 999,999")
        skip = (int(page) - 1) * PRODUCTS_IN_SITEMAP
        if not any(shop.products > skip for shop in await self.shops.directory.describe([seller_handle])):
            raise HTTPException(404, "The shop has no product here.")
        return await _stream(request, self._sitemap(seller_handle, skip), "application/xml")

    async def show_feed(self, request: Request) -> Response:
        """``GET /shop/{handle}/feed.xml``."""
        self._require_public_url()
        return await _stream(request, self._feed(seller_of(request)), "application/rss+xml")

    def _require_public_url(self) -> None:
        if self.settings.public_url is None:
            detail = f"This server does not know its public address: set {self.settings.public_url_set_by}."
            raise HTTPException(404, detail)

    async def _next_index(self, after: str | None) -> str | None:
        handles = await self.shops.directory.handles(after=after, limit=SHOPS_IN_INDEX + 1)
        return handles[SHOPS_IN_INDEX - 1] if len(handles) > SHOPS_IN_INDEX else None

    async def _index(self, after: str | None) -> _Chunks:
        yield f"{_XML}<sitemapindex {_SITEMAPS}>\n"
        left = SHOPS_IN_INDEX
        while left > 0:
            found = await self.shops.read(after=after, limit=min(left, MAX_LIMIT))
            for shop in found.shops:
                for page in range(1, ceil(shop.products / PRODUCTS_IN_SITEMAP) + 1):
                    path = f"{shop_path(shop.seller_handle)}/{SITEMAP}{'' if page == 1 else f'?page={page}'}"
                    yield f"<sitemap>{_element('loc', self.settings.address(path))}</sitemap>\n"
            left, after = left - MAX_LIMIT, found.last
            if after is None:
                break
        yield "</sitemapindex>\n"

    async def _sitemap(self, seller_handle: str, skip: int) -> _Chunks:
        yield f"{_XML}<urlset {_SITEMAPS}>\n"
        if skip == 0:
            yield f"<url>{_element('loc', self.settings.address(shop_path(seller_handle)))}</url>\n"
        left = PRODUCTS_IN_SITEMAP
        async for product in self._products(seller_handle, skip=skip):
            address = self.settings.address(product_path(seller_handle, product.video_id))
            yield f"<url>{_element('loc', address)}{_element('lastmod', product.updated_at)}</url>\n"
            if (left := left - 1) == 0:
                break
        yield "</urlset>\n"

    async def _feed(self, seller_handle: str) -> _Chunks:
        name, address = shop_name(seller_handle), self.settings.address(shop_path(seller_handle))
        yield f'{_XML}<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0" xmlns:atom="http://www.w3.org/2005/Atom">'
        yield f"<channel>{_element('title', name)}{_element('link', address)}"
        yield f"{_element('description', f'The products of @{seller_handle}.')}"
        yield f'<atom:link rel="self" type="application/rss+xml" href="{escape(f"{address}/{FEED}")}"/>\n'
        async for product in self._products(seller_handle):
            yield self._item(ProductView.of(seller_handle, json_text.parse(product.document.decode())))
        yield "</channel></rss>\n"

    def _item(self, product: ProductView) -> str:
        currency = self.settings.currency
        address = self.settings.address(product_path(product.seller_handle, product.video_id))
        price = None
        if product.price is not None and currency is not None:
            price = f"{currency.amount(product.price)} {currency.code}"
        fields = [
            ("title", one_line(product.title, _MAX_TITLE_CHARACTERS)),
            ("link", address),
            ("description", description_of(product, _MAX_DESCRIPTION_CHARACTERS)),
            ("pubDate", format_datetime(datetime.fromisoformat(product.created_at), usegmt=False)),
            ("g:id", product.video_id),
            ("g:availability", "out_of_stock" if product.is_sold_out else "in_stock"),
            ("g:price", price),
            *_pictures(product.pictures),
        ]
        guid = f'<guid isPermaLink="true">{escape(address or "")}</guid>'
        return f"<item>{''.join(_element(name, text) for name, text in fields)}{guid}</item>\n"

    async def _products(self, seller_handle: str, *, skip: int = 0) -> AsyncIterator[StoredProduct]:
        """All products of a shop after the first ``skip``, newest first, read page by page."""
        before, has_more = None, True
        while has_more:
            page = await self.browse.page_of(PageQuery(seller_handle=seller_handle, limit=MAX_LIMIT, before=before))
            for product in page.products[skip:]:
                yield product
                await asyncio.sleep(0)  # other tasks run between products, however fast the reader is
            skip = max(0, skip - len(page.products))
            has_more = page.last_key is not None
            before = page.last_key.video_id if page.last_key is not None else None


def _pictures(addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
    more = addresses[1 : 1 + _MAX_MORE_PICTURES]
    return [
        *(("g:image_link", address) for address in addresses[:1]),
        *(("g:additional_image_link", one) for one in more),
    ]


def _element(name: str, text: str | None) -> str:
    """An element; none for no text."""
    return "" if text is None else f"<{name}>{escape(printable(text))}</{name}>"


async def _stream(request: Request, chunks: _Chunks, media_type: str) -> Response:
    """The chunks, as they are made. The first ones are made before the answer begins: a failure has a status."""
    headers = {**_CACHE, "vary": "Accept-Encoding"}
    if request.method == "HEAD":
        answer = Response(headers=headers, media_type=media_type)
        del answer.headers["content-length"]  # that of a GET is not known
        return answer
    ready: list[str] = []
    async for chunk in chunks:
        ready.append(chunk)
        if len(ready) > MAX_LIMIT:
            break
    else:
        return Response("".join(ready), headers=headers, media_type=media_type)
    accepted = ", ".join(request.headers.getlist("accept-encoding"))
    rest = _rest("".join(ready), chunks)
    if choose_encoding(accepted, offered=(ContentEncoding.GZIP,)) is ContentEncoding.GZIP:
        headers["content-encoding"] = ContentEncoding.GZIP
        rest = _compressed(rest)
    return StreamingResponse(rest, headers=headers, media_type=media_type)


async def _rest(ready: str, chunks: _Chunks) -> AsyncIterator[bytes]:
    yield ready.encode()
    async for chunk in chunks:
        yield chunk.encode()


async def _compressed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(wbits=_GZIP_WINDOW_BITS)
    async for chunk in chunks:
        if compressed := compressor.compress(chunk):
            yield compressed
    yield compressor.flush()
