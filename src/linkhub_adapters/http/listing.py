"""A page of a shop as bytes: the stored JSON of its products, joined.

The entity tag names the products of a page by id and revision, because a revision of a product has one content: hashing
those takes 2 us where hashing the page takes 70. It leaves out ``metadata.timestamp``, which differs on each call: with
it no answer would ever be a 304. A client that gets a 304 goes on with its older timestamp as the next ``since``. That
is safe: it asks for a longer past, and gets again, at worst, what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from linkhub_adapters.http.conditional import strong_etag
from linkhub_core import catalog, json_text
from linkhub_core.stored_product import StoredProduct

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
                "lastEvaluatedKey": None if last_key is None else catalog.encode_cursor(last_key),
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
    revisions = [product.revision for product in products]
    name = f"{[product.video_id for product in products]}{[product.created_at for product in products]}{revisions}"
    foreign = b""
    if revisions and min(revisions) < 1:
        # linkhub did not write these rows, so their content may change under the same revision.
        foreign = b",".join([product.document for product in products if product.revision < 1])
    return strong_etag(b"%b\n%b\n%b" % (name.encode(), beside, foreign))
