"""The queries of a shop: pages, the key at which the next page starts, and ``since``.

Products of a shop come newest first, by descending ``video_id``. The last key of a page is the key of its last product;
the next page starts behind it. A client that polls by time sends the ``timestamp`` of the last answer as ``since``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import orjson
from attrs import frozen

from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey, rules
from linkhub_core.model.stored_product import StoredProduct, Unreadable

DEFAULT_LIMIT = 20
MAX_LIMIT = 50

# Two clocks may be 2 s apart, and a save becomes readable some time after its stamp. A client that polls by time reads
# some products twice, and drops copies by (created_at, revision).
CATCH_UP_MARGIN = timedelta(seconds=5)

_WHOLE = re.compile(r"[0-9]{1,9}")


@frozen(kw_only=True)
class PageQuery:
    """One page of a shop.

    ``before`` is the ``video_id`` below which the page starts, None for the first page.
    ``since`` keeps only products whose ``updated_at`` is later. ``limit`` counts products, 1 or more.
    """

    seller_handle: str
    limit: int = DEFAULT_LIMIT
    before: str | None = None
    since: datetime | None = None

    @property
    def gives_cursor(self) -> bool:
        """Whether its page has a cursor: the first page of a shop.

        Of an answer to ``since`` a cursor would say too much: a product that ``since`` missed is not in it.
        """
        return self.before is None and self.since is None


@frozen(kw_only=True)
class Page:
    """Products of a shop, newest first, and whether at least one more follows the last.

    ``unreadable`` are the rows among them that cannot be read. ``cursor`` is on the first page of a shop: the position
    from which :meth:`~linkhub_core.ports.ProductReader.changes` gives all that changes after this read. ``ended_at`` is
    the row at which a page ended before it was full, because thousands of rows before it are not visible.
    """

    products: Sequence[StoredProduct]
    has_more: bool
    unreadable: Sequence[Unreadable] = ()
    cursor: str | None = None
    ended_at: ProductKey | None = None

    @property
    def last_key(self) -> ProductKey | None:
        """Where the next page starts, or None if this is the last page."""
        if self.ended_at is not None:
            return self.ended_at
        return self.products[-1].key if self.has_more and self.products else None


def parse_limit(raw: str | None) -> int:
    """Read ``limit``: a whole number from 1 to 50; without one, or with an empty one, 20.

    Raises:
        InvalidQuery: it is anything else.
    """
    if raw is None or raw == "":
        return DEFAULT_LIMIT
    if not _WHOLE.fullmatch(raw) or not 1 <= int(raw) <= MAX_LIMIT:
        raise InvalidQuery("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(raw)


def parse_seller(raw: object) -> str:
    """Check a ``seller_handle``.

    Raises:
        InvalidQuery: it is outside its alphabet or its length.
    """
    try:
        return ProductKey(raw, "any").seller_handle  # type: ignore[arg-type]  # the rule takes any value
    except rules.RuleBroken as broken:
        raise InvalidQuery("seller_handle", str(broken)) from None


def is_seller(raw: str) -> bool:
    """Whether it is a valid ``seller_handle``; that of a row that another program wrote may be none."""
    try:
        parse_seller(raw)
    except InvalidQuery:
        return False
    return True


def parse_since(raw: object) -> datetime | None:
    """Read ``since``: an ISO 8601 date and time, or nothing.

    Raises:
        InvalidQuery: it is not one.
    """
    if raw is None or raw == "":
        return None
    try:
        # An unescaped "+03:00" in a query string arrives as " 03:00".
        return rules.moment(re.sub(r" (\d\d:?\d\d)$", r"+\1", raw) if isinstance(raw, str) else raw)
    except rules.RuleBroken as broken:
        raise InvalidQuery("since", str(broken)) from None


def next_since(now: datetime) -> datetime:
    """The next ``since`` of a reader that reads at ``now``, so that it misses nothing."""
    return now - CATCH_UP_MARGIN


def encode_last_key(key: ProductKey) -> str:
    """The cursor of a page that ended with ``key``: URL-encoded JSON."""
    document = {"seller_handle": key.seller_handle, "video_id": key.video_id}
    return quote(orjson.dumps(document).decode(), safe="")


def decode_last_key(raw: str | None, seller_handle: str) -> str | None:
    """Read ``lastKey``, whether it is still URL-encoded or not.

    Args:
        raw: the parameter, or none.
        seller_handle: the shop that is read; the cursor must be of the same.

    Returns:
        The ``video_id`` below which the page starts, or none for the first page.

    Raises:
        InvalidQuery: it is not a key, or another shop's.
    """
    if raw is None or raw == "":
        return None
    key = _key_from(raw)
    if key.seller_handle != seller_handle:
        raise InvalidQuery("lastKey", f"belongs to the shop {key.seller_handle!r}, not to {seller_handle!r}")
    return key.video_id


def encode_last_shop(seller_handle: str) -> str:
    """The cursor of a page of shops that ended with this one: URL-encoded JSON."""
    return quote(orjson.dumps({"seller_handle": seller_handle}).decode(), safe="")


def decode_last_shop(raw: str | None) -> str | None:
    """Read the ``lastKey`` of a list of shops, whether it is still URL-encoded or not; none for the first page.

    Raises:
        InvalidQuery: it is no key.
    """
    return _key_from(raw, video_id="any").seller_handle if raw else None


def _key_from(raw: str, **known: str) -> ProductKey:
    text = raw if raw.lstrip().startswith("{") else unquote(raw)
    text = text if text.lstrip().startswith("{") else unquote(text)
    try:
        document: Any = {**orjson.loads(text), **known}
        return ProductKey(document["seller_handle"], document["video_id"])
    except (ValueError, KeyError, TypeError):
        raise InvalidQuery("lastKey", "must be what pagination.lastEvaluatedKey held") from None
