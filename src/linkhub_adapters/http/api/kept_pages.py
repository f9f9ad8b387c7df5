"""The first page of a shop, kept as bytes while the shop does not change, and read once for all requests at a time.

Rule 1. The stamp of the shop (:class:`~linkhub_core.ports.ShopStamps`) is taken before the page is read. A kept page
        answers only while the stamp is the same, so it shows every change that could be read when it was requested.
Rule 2. A request joins a read that is under way only if the stamp has not changed since that read began.
Rule 3. The cursor of a page is the one that the store read with it, so it is never newer than the page.
Rule 4. All kept pages together, in all their encodings, have at most ``max_bytes``; the least recently used one goes
        first.
Rule 5. A read ends with the request that began it; if that one is cancelled, one of those that wait begins another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.http.api.page_body import PageBody
from linkhub_core.application import BrowseShop
from linkhub_core.ports import ShopStamps
from linkhub_core.wire.shop_query import PageQuery

_BYTES_BESIDE: Final = 500  # of an entry beside its page

_Asked = tuple[str, int]


@define(kw_only=True)
class PageCounts:
    """Totals since the process began, and the bytes that are kept now."""

    hits: int = 0
    misses: int = 0
    joined: int = 0
    kept_bytes: int = 0


@frozen
class _Kept:
    stamp: Hashable
    body: PageBody

    @property
    def size_bytes(self) -> int:
        return self.body.kept_bytes + _BYTES_BESIDE


@define(eq=False)
class _Read:
    """A read that is under way in the request that began it, and the requests that wait for it."""

    stamp: Hashable
    began_at: datetime
    waiting: list[asyncio.Future[PageBody | None]] = field(factory=list)

    async def joined(self) -> PageBody | None:
        """Wait for its body; None if the request that read was cancelled."""
        answer: asyncio.Future[PageBody | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        return await answer

    def answer(self, body: PageBody | None, error: Exception | None = None) -> None:
        for answer in self.waiting:
            if not answer.done():
                answer.set_result(body) if error is None else answer.set_exception(error)


@define(kw_only=True, eq=False)
class KeptPages:
    """First pages of shops, from memory or from the store. Used on one event loop.

    Args:
        browse: reads what is not kept.
        stamps: says whether a shop has changed; with None no page is kept.
        max_bytes: how many bytes all kept pages may have.
    """

    browse: BrowseShop
    stamps: ShopStamps | None = None
    max_bytes: int = 33_554_432
    counts: PageCounts = field(factory=PageCounts, init=False)
    # In order of the last use.
    _kept: dict[_Asked, _Kept] = field(factory=dict, init=False)
    _reads: dict[_Asked, _Read] = field(factory=dict, init=False)

    async def first(self, seller_handle: str, limit: int) -> tuple[PageBody, datetime]:
        """The first page of a shop, and the ``timestamp`` to send with it.

        Args:
            seller_handle: a valid handle.
            limit: 1 or more.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        asked = (seller_handle, limit)
        while True:
            stamp = self._stamp(seller_handle)
            kept = self._kept.get(asked)
            if kept is not None and kept.stamp == stamp:
                self.counts.hits += 1
                self._kept[asked] = self._kept.pop(asked)
                return kept.body, self._timestamp()
            read = self._reads.get(asked)
            if read is None or stamp is None or read.stamp != stamp:
                return await self._read(asked, stamp)
            self.counts.joined += 1
            if (body := await read.joined()) is not None:
                return body, read.began_at

    def _stamp(self, seller_handle: str) -> Hashable | None:
        return None if self.stamps is None else self.stamps.current(seller_handle)

    def _timestamp(self) -> datetime:
        age = 0.0 if self.stamps is None else self.stamps.max_age_seconds
        return self.browse.timestamp() - timedelta(seconds=age)

    async def _read(self, asked: _Asked, stamp: Hashable | None) -> tuple[PageBody, datetime]:
        """Read, and answer the requests that join meanwhile; if this request is cancelled, one of them reads."""
        self.counts.misses += 1
        read = self._reads[asked] = _Read(stamp, self.browse.timestamp())
        body, failure = None, None
        try:
            seller_handle, limit = asked
            body = PageBody.of_page(await self.browse.page_of(PageQuery(seller_handle=seller_handle, limit=limit)))
        except Exception as error:
            failure = error
            raise
        finally:
            if self._reads.get(asked) is read:  # a later read may have taken its place
                del self._reads[asked]
            read.answer(body, failure)
        if stamp is not None:
            known = self._kept.get(asked)
            if known is not None and known.body.etag == body.etag:
                # The same products: what was made of them stays good, with the newer cursor.
                known.body.cursor, body = body.cursor, known.body
            self._keep(asked, _Kept(stamp, body))
        return body, read.began_at

    def _keep(self, asked: _Asked, page: _Kept) -> None:
        self._drop(asked)
        if page.size_bytes > self.max_bytes:
            return
        self._kept[asked] = page
        page.body.grown = self._grow
        self._grow(page.size_bytes)

    def _grow(self, size_bytes: int) -> None:
        """Count bytes of kept pages; the encodings of a page are made after it is kept."""
        self.counts.kept_bytes += size_bytes
        while self.counts.kept_bytes > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, asked: _Asked) -> None:
        if (page := self._kept.pop(asked, None)) is not None:
            self.counts.kept_bytes -= page.size_bytes
            page.body.grown = None
