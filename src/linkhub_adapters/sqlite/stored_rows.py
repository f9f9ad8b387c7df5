"""Rows of products as readers get them: the stored JSON, looked at but not decoded.

The codec writes a document with its key first and its stamps last, so a few comparisons show whether it wrote this one.
Any other document, such as one that was edited by hand, is decoded: it comes out as the codec writes it, or as
:class:`~linkhub_core.ports.Unreadable`.
"""

from __future__ import annotations

from linkhub_adapters.sqlite.documents import read_document
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Version
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import decode_record, stored_product

__all__ = ["COLUMNS", "StoredRow", "read_row"]

COLUMNS = "video_id, revision, unannounced_revision, shown, created_at, updated_at, document"

StoredRow = tuple[str, int, int | None, int, str, str, bytes]

_NO_VERSION = str(Version(0, 0, ""))  # readers see none


def read_row(seller_handle: str, row: StoredRow) -> StoredProduct | Unreadable:
    """Read the :data:`COLUMNS` of a row of this seller's."""
    video_id, revision, unannounced_revision, shown, created_at, updated_at, document = row
    head = b'{"seller_handle":"%b","video_id":"%b",' % (seller_handle.encode(), video_id.encode())
    tail = b'"created_at":"%b","updated_at":"%b"}' % (created_at.encode(), updated_at.encode())
    if document.startswith(head) and document.endswith(tail):
        return StoredProduct(
            seller_handle, video_id, revision, unannounced_revision, bool(shown), created_at, updated_at, document
        )
    return _decoded(seller_handle, row)


def _decoded(seller_handle: str, row: StoredRow) -> StoredProduct | Unreadable:
    video_id, revision, unannounced_revision, shown, _, _, document = row
    try:
        record = decode_record(
            read_document(document),
            caption_version=_NO_VERSION,
            thumbnails_version=_NO_VERSION,
            revision=revision,
            unannounced_revision=unannounced_revision,
            shown=bool(shown),
        )
    except (MalformedEvent, ArithmeticError, AttributeError, TypeError, ValueError) as broken:
        return Unreadable(seller_handle=seller_handle, video_id=video_id, problem=str(broken))
    if (record.key.seller_handle, record.key.video_id) != (seller_handle, video_id):
        return Unreadable(seller_handle=seller_handle, video_id=video_id, problem=f"its document is of {record.key}")
    return stored_product(record)
