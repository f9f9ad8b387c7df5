"""The news that a product has a new revision: what travels from the process that saved it to every viewer.

The event that viewers get is encoded where the announcement is made and is never encoded again: a bus carries its
bytes, a hub frames them. Receivers keep the last :attr:`Announcement.order` of a product and drop what is not newer.
"""

from __future__ import annotations

from attrs import field, frozen

from linkhub_core.model import ProductKey, ProductRecord

__all__ = ["NEW_PRODUCT", "PRODUCT_UPDATED", "Announcement"]

NEW_PRODUCT = "new_product"
PRODUCT_UPDATED = "product_updated"


@frozen(kw_only=True)
class Announcement:
    """One revision of one product, ready to send.

    ``event_json`` is the whole event as UTF-8 JSON: ``event_type``, ``event_id``, ``revision``, ``product`` and
    ``timestamp``; the field ``event_type`` repeats its name. ``created_at`` and ``updated_at`` are the product's, as
    texts with milliseconds and ``Z``. ``correlation_id`` and ``traceparent`` are of the message that brought the newest
    half, where there was one.
    """

    key: ProductKey
    event_type: str
    revision: int
    created_at: str
    updated_at: str
    event_json: bytes = field(repr=False)
    correlation_id: str = ""
    traceparent: str | None = None

    @staticmethod
    def type_of(record: ProductRecord) -> str:
        """The name of the event for the record's revision.

        ``new_product`` until a revision of the product was announced, and for a first revision that is replayed; else
        ``product_updated``.
        """
        is_update = record.revision > 1 or record.unannounced_revision is not None
        return PRODUCT_UPDATED if record.shown and is_update else NEW_PRODUCT

    @property
    def event_id(self) -> str:
        """What names this revision of this product, the same in every copy: its Server-Sent Events id, too."""
        return f"{self.updated_at}/{self.key.video_id}/{self.revision}"

    @property
    def order(self) -> tuple[str, int]:
        """How new it is among announcements of the same product."""
        return (self.created_at, self.revision)
