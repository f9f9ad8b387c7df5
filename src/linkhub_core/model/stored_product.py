"""A stored row as stores give it to readers: ready JSON, or the reason why it cannot be read."""

from __future__ import annotations

from typing import NamedTuple

from attrs import field, frozen

from linkhub_core.errors import RowUnreadable
from linkhub_core.model.listing import Availability
from linkhub_core.model.values import ProductKey

MAX_PROBLEM_CHARACTERS = 300


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


def _shortened(problem: str) -> str:
    return problem if len(problem) <= MAX_PROBLEM_CHARACTERS else f"{problem[:MAX_PROBLEM_CHARACTERS]}..."


@frozen(kw_only=True)
class Unreadable:
    """A row that cannot be read. Stores return it as a value, so that it delays no other row.

    ``seller_handle`` and ``video_id`` are the row's key as it is stored, which may break the rules of a
    :class:`~linkhub_core.model.ProductKey`. ``problem`` is the reason.
    """

    seller_handle: str
    video_id: str
    problem: str = field(converter=_shortened)

    def __str__(self) -> str:
        return f"{self.seller_handle}/{self.video_id}: {self.problem}"

    def refusal(self, store: str) -> RowUnreadable:
        """The error for an event of this row; ``store`` is ``products`` or ``staging``."""
        return RowUnreadable(store, f"its row cannot be read: {self}")
