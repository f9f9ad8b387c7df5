"""A product as clients get it: the JSON of the store, which is joined and wrapped but not decoded."""

from __future__ import annotations

from typing import NamedTuple

from linkhub_core.model.listing import Availability
from linkhub_core.model.values import ProductKey

__all__ = ["StoredProduct"]


class StoredProduct(NamedTuple):
    """A stored product, ready to send. It is a tuple because each page makes 20, at a third of the cost.

    ``document`` is the JSON of :func:`~linkhub_core.wire.codec.encode_product`, the same bytes from every store.
    ``created_at`` and ``updated_at`` are the document's: texts with milliseconds and ``Z`` that sort as moments do.
    ``unannounced_revision`` and ``shown`` are as in a :class:`~linkhub_core.model.ProductRecord`. ``seller_handle`` and
    ``video_id`` keep the rules of a :class:`~linkhub_core.model.ProductKey`. ``availability`` is a text of
    :class:`~linkhub_core.model.Availability`.
    """

    seller_handle: str
    video_id: str
    revision: int
    unannounced_revision: int | None
    shown: bool
    created_at: str
    updated_at: str
    document: bytes
    availability: str = Availability.IN_STOCK.value

    @property
    def key(self) -> ProductKey:
        """The product's key."""
        return ProductKey(self.seller_handle, self.video_id)

    @property
    def is_withdrawn(self) -> bool:
        """Whether the product is a tombstone, which readers do not see."""
        return self.availability == Availability.WITHDRAWN
