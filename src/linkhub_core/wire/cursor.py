"""The cursor of a shop: opaque text that says up to which change its holder was given all changes of the shop.

A store makes cursors and reads them. A client keeps the last cursor that it saw and sends it back unchanged.

The text is URL-safe base64 of ``store.shop.position``. ``shop`` is a hash of the seller's handle, so that a cursor of
another shop is recognised. ``position`` is the store's own text, such as a number or a stamp.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from attrs import frozen

from linkhub_core.errors import InvalidQuery

__all__ = ["Cursor", "encode_cursor", "parse_cursor", "store_of"]

_MAX_CHARACTERS = 400
_CURSOR = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[0-9]{1,18}")
_PARTS = re.compile(rb"([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{6})\.([!-~]{1,200})")


@frozen(kw_only=True)
class Cursor:
    """A cursor, read.

    Args:
        store: the id of the store, or of the part of its history, that gave the position.
        seller_handle: the shop.
        position: printable ASCII without spaces, 1 to 200 characters; only the store reads it.
    """

    store: str
    seller_handle: str
    position: str

    @property
    def order(self) -> tuple[int, str]:
        """The number that the position begins with, and the rest of the position.

        Of two cursors of one store whose positions are numbers alone, the smaller is the earlier. The position of a
        change is greater than each such position that the change follows.
        """
        digits = _NUMBER.match(self.position)
        end = digits.end() if digits else 0
        return int(self.position[:end] or 0), self.position[end:]

    @property
    def is_number(self) -> bool:
        """Whether the position is a number alone, as a store writes it: without leading zeros, up to 18 digits.

        A client can make any other spelling. Its order is not that of its number, so it has no place among others.
        """
        return self.position == str(self.order[0])


def encode_cursor(cursor: Cursor) -> str:
    """Write a cursor as text: URL-safe, about 40 characters with a number as the position."""
    text = f"{cursor.store}.{_shop(cursor.seller_handle)}.{cursor.position}"
    return _base64(text.encode("ascii"))


def parse_cursor(raw: object, seller_handle: str) -> Cursor | None:
    """Read a cursor that a client sent for this shop.

    Returns:
        The cursor, or None if ``raw`` is None or empty.

    Raises:
        InvalidQuery: ``raw`` is no cursor, or a cursor of another shop.
    """
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or len(raw) > _MAX_CHARACTERS or not _CURSOR.fullmatch(raw):
        raise InvalidQuery("cursor", "must be a cursor that this server sent")
    try:
        parts = _PARTS.fullmatch(_decoded(raw))
    except ValueError:
        parts = None
    if parts is None:
        raise InvalidQuery("cursor", "must be a cursor that this server sent")
    store, shop, position = (part.decode("ascii") for part in parts.groups())
    if shop != _shop(seller_handle):
        raise InvalidQuery("cursor", f"belongs to another shop, not to {seller_handle!r}")
    return Cursor(store=store, seller_handle=seller_handle, position=position)


def store_of(cursor: str) -> bytes:
    """The ``store`` of a cursor that a store made."""
    return _decoded(cursor).partition(b".")[0]


def _decoded(cursor: str) -> bytes:
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


@lru_cache(maxsize=1024)
def _shop(seller_handle: str) -> str:
    return _base64(hashlib.blake2b(seller_handle.encode(), digest_size=4).digest())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
