"""An answer with products as bytes: the stored JSON of its products, joined.

The entity tag names each product of a page by id, creation, revision and a checksum of its bytes. The revision alone
does not name the bytes: a row may be corrected by hand, come from a restored file or from another service, and a new
release may write the same product otherwise. CRC-32 of a page takes 9 us, a cryptographic hash 30 to 70. The tag leaves
out ``metadata.timestamp`` and the position of ``metadata.cursor``, which differ on each call: with them no answer would
ever be a 304. A client that gets a 304 goes on with its older cursor or timestamp. That is safe: at worst it gets again
what it has. The tag names the store of the cursor: else a client of a restored file would get a 304 for the page that
has the unknown cursor, again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

from attrs import define, field

from linkhub_adapters.http.api.encoded_body import EncodedBody, strong_etag
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Changes
from linkhub_core.wire import json_text
from linkhub_core.wire.cursor import store_of
from linkhub_core.wire.shop_query import Page, encode_last_key

MAX_JOINED_BYTES: Final = 262_144


@define(eq=False, kw_only=True)
class PageBody(EncodedBody):
    """The JSON of an answer up to its ``metadata``; ``cursor`` follows it, and ``last_key`` is in it.

    A page of up to 256 kB is one part. The products of a larger one are not joined: copying megabytes holds the event
    loop, so they are joined slice by slice as they are sent.
    """

    cursor: str | None
    last_key: str | None = None
    rendered: EncodedBody | None = field(default=None, init=False, repr=False)

    @property
    def kept_bytes(self) -> int:
        """The bytes of all its encodings, and of the HTML page."""
        return super().kept_bytes + (0 if self.rendered is None else self.rendered.kept_bytes)

    @property
    def is_large(self) -> bool:
        """Whether its products are not joined."""
        return len(self.parts) > 1

    def documents(self) -> Iterator[Mapping[str, Any]]:
        """The products, decoded as by scripts; those of a large page one by one."""
        if self.is_large:
            return (json_text.parse(part.decode()) for part in self.parts[1:-1:2])
        return iter(json_text.parse(f"{self.parts[0].decode()}}}")["products"])

    def keep(self, rendered: EncodedBody) -> None:
        """Keep an HTML page of these products, as long as they are kept."""
        self.rendered = rendered
        rendered.grown = self._grow
        self._grow(rendered.kept_bytes)

    def _grow(self, size_bytes: int) -> None:
        if self.grown is not None:
            self.grown(size_bytes)

    @classmethod
    def of_page(cls, page: Page) -> PageBody:
        """Join a page."""
        last_key = None if page.last_key is None else encode_last_key(page.last_key)
        return cls._join(page.products, page.cursor, has_more=page.has_more, last_key=last_key)

    @classmethod
    def of_changes(cls, found: Changes) -> PageBody:
        """Join what changed after a cursor."""
        return cls._join(found.products, found.cursor, found.removed, has_more=found.has_more)

    @classmethod
    def _join(
        cls,
        products: Sequence[StoredProduct],
        cursor: str | None,
        removed: Sequence[str] | None = None,
        *,
        has_more: bool,
        last_key: str | None = None,
    ) -> PageBody:
        between = b"" if removed is None else b',"removed":%b' % json_text.dump(list(removed))
        pagination = {"hasMore": has_more, "lastEvaluatedKey": last_key, "count": len(products)}
        after = b'%b,"pagination":%b' % (between, json_text.dump(pagination))
        documents = [product.document for product in products]
        if sum(map(len, documents)) <= MAX_JOINED_BYTES:
            parts: tuple[bytes, ...] = (b'{"products":[%b]%b' % (b",".join(documents), after),)
        else:
            parts = (b'{"products":[', *_with_commas(documents), b"]" + after)
        store = b"" if cursor is None else store_of(cursor)
        etag = etag_of(products, b"%b\n%b" % (after, store))
        return cls(parts=parts, etag=etag, cursor=cursor, last_key=last_key)


def _with_commas(documents: Sequence[bytes]) -> Sequence[bytes]:
    return [part for document in documents for part in (document, b",")][:-1]


def etag_of(products: Sequence[StoredProduct], beside: bytes = b"") -> str:
    """The entity tag of an answer that holds these products and ``beside``."""
    named = [(product.video_id, product.created_at, product.revision, crc32(product.document)) for product in products]
    return strong_etag(b"%b\n%b" % (repr(named).encode(), beside))
