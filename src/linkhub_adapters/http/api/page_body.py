"""A page of a shop as bytes: the stored JSON of its products, joined.

The entity tag names each product of a page by id, creation, revision and a checksum of its bytes. The revision alone
does not name the bytes: a row may be corrected by hand, come from a restored file or from another service, and a new
release may write the same product otherwise. CRC-32 of a page takes 9 us, a cryptographic hash 30 to 70. The tag leaves
out ``metadata.timestamp``, which differs on each call: with it no answer would ever be a 304. A client that gets a 304
goes on with its older timestamp as the next ``since``. That is safe: it asks for a longer past, and gets again, at
worst, what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from attrs import field, frozen

from linkhub_adapters.http.api.entity_tags import strong_etag
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.wire import json_text
from linkhub_core.wire import shop_query as catalog

__all__ = ["Listing", "etag_of"]

MAX_JOINED_BYTES: Final = 262_144


@frozen(kw_only=True)
class Listing:
    """``parts`` are the JSON of an answer up to its ``metadata``; ``etag`` names its content.

    A page of up to 256 kB is one part. The products of a larger one are not joined: copying megabytes holds the event
    loop, so they are joined slice by slice as they are sent.
    """

    parts: tuple[bytes, ...] = field(repr=False)
    etag: str

    @property
    def opening(self) -> bytes:
        """All parts in one."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @property
    def size_bytes(self) -> int:
        """What it takes."""
        return sum(map(len, self.parts))

    @classmethod
    def of(cls, page: catalog.Page) -> Listing:
        """Join a page."""
        last_key = page.last_key
        pagination = json_text.dump(
            {
                "hasMore": page.has_more,
                "lastEvaluatedKey": None if last_key is None else catalog.encode_last_key(last_key),
                "count": len(page.products),
            }
        )
        documents = [product.document for product in page.products]
        tail = b'],"pagination":%b' % pagination
        if sum(map(len, documents)) <= MAX_JOINED_BYTES:
            parts: tuple[bytes, ...] = (b'{"products":[%b%b' % (b",".join(documents), tail),)
        else:
            parts = (b'{"products":[', *_with_commas(documents), tail)
        return cls(parts=parts, etag=etag_of(page.products, pagination))


def _with_commas(documents: Sequence[bytes]) -> Sequence[bytes]:
    return [part for document in documents for part in (document, b",")][:-1]


def etag_of(products: Sequence[StoredProduct], beside: bytes = b"") -> str:
    """The entity tag of an answer that holds these products and ``beside``."""
    named = [(product.video_id, product.created_at, product.revision, crc32(product.document)) for product in products]
    return strong_etag(b"%b\n%b" % (repr(named).encode(), beside))
