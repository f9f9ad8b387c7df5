"""The announcement of a new revision of a product: it travels from the process that saved it to every subscriber.

The event that subscribers get is encoded where the announcement is made and is never encoded again: a bus carries its
bytes, a hub frames them. Receivers keep the last :attr:`Announcement.order` of a product and drop what it covers.
"""

from __future__ import annotations

from attrs import field, frozen

from linkhub_core.model.listing import Availability
from linkhub_core.model.product_record import ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.model.values import ProductKey

NEW_PRODUCT = "new_product"
PRODUCT_UPDATED = "product_updated"
PRODUCT_REMOVED = "product_removed"
EVENT_TYPES = frozenset({NEW_PRODUCT, PRODUCT_UPDATED, PRODUCT_REMOVED})


@frozen(kw_only=True)
class Announcement:
    """One revision of one product, ready to send.

    ``event_json`` is the whole event as UTF-8 JSON: ``event_type``, ``event_id``, ``revision``, ``product``,
    ``timestamp`` and, if it is safe to give one, ``cursor``; ``event_type`` and ``cursor`` are repeated as fields. A
    ``product_removed`` event has ``seller_handle`` and ``video_id`` instead of ``product``.
    ``created_at`` and ``updated_at`` are the product's, as texts with milliseconds and ``Z``. ``correlation_id`` and
    ``traceparent`` are of the message that brought the newest half, if one did, and ``stamped_at`` is the stamp of that
    half, as a text like the others. ``life`` names this life of the product
    among all products of its shop: a product that was deleted and saved again has another ``created_at``.
    """

    key: ProductKey
    event_type: str
    revision: int
    created_at: str
    updated_at: str
    event_json: bytes = field(repr=False)
    correlation_id: str = ""
    traceparent: str | None = None
    cursor: str | None = None
    stamped_at: str | None = None
    life: int = field(init=False, eq=False, repr=False)

    @life.default
    def _name_life(self) -> int:
        # A hub keeps one for each of up to 100 products a subscriber: 64 bits take a third of the memory of the texts.
        return hash((self.key.video_id, self.created_at))

    @staticmethod
    def type_of(record: ProductRecord | StoredProduct) -> str:
        """The name of the event for the record's revision.

        ``product_removed`` for a withdrawn product. ``new_product`` until a revision of the product was announced since
        it is visible, and for a first revision that is replayed; else ``product_updated``.
        """
        availability = record.availability if isinstance(record, StoredProduct) else record.listing.availability
        if availability == Availability.WITHDRAWN:
            return PRODUCT_REMOVED
        is_update = record.revision > 1 or record.unannounced_revision is not None
        return PRODUCT_UPDATED if record.shown and is_update else NEW_PRODUCT

    @property
    def event_id(self) -> str:
        """Identifies this revision of this product; equal in every copy of the event."""
        return f"{self.updated_at}/{self.key.video_id}/{self.revision}"

    @property
    def order(self) -> tuple[int, int]:
        """The life of the product, and which revision of it this is.

        Only revisions of one life have an order. A product that was deleted and saved again has another life; its
        ``created_at`` may be earlier, because clocks differ.
        """
        return (self.life, self.revision)

    def is_covered_by(self, shown: tuple[int, int]) -> bool:
        """Whether ``shown``, the :attr:`order` of another announcement, is this revision or a later one of its life."""
        life, revision = shown
        return life == self.life and revision >= self.revision
