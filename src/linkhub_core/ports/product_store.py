"""Where products live. Each row is its own outbox: it says whether its newest revision was announced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from linkhub_core.catalog import Page, PageQuery
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports.unreadable import Unreadable

__all__ = ["Conflict", "CreateOutcome", "Created", "Exists", "ProductStore", "ReviseOutcome", "Revised"]


@frozen
class Created:
    """The product was absent and is now there."""


@frozen
class Exists:
    """A product was there, and was left as it is."""

    record: ProductRecord


CreateOutcome = Created | Exists | Unreadable


@frozen
class Revised:
    """The product is now the revised one."""


@frozen
class Conflict:
    """Somebody else revised it first; ``record`` is what is there, or none if it was deleted."""

    record: ProductRecord | None


ReviseOutcome = Revised | Conflict | Unreadable


class ProductStore(Protocol):
    """Products by key. A key is at most once in a batch; outcomes come in the order of the batch.

    A row that cannot be read is an outcome of its own, :class:`~linkhub_core.ports.Unreadable`, wherever a row is read.

    Raises:
        ServiceUnavailable: from each method; some of the batch may have been written.
        StoreRefused: one of the batch can never be stored; the others may or may not have been written.
    """

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """Read products consistently: one whose write has returned is seen. Unknown keys are left out."""
        ...

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """Put each product if none is there under its key.

        A stored product that is equal to ours in everything may be our own earlier write whose reply was lost: such a
        one may be answered with either outcome.
        """
        ...

    async def revise(self, records: Sequence[ProductRecord]) -> Sequence[ReviseOutcome]:
        """Replace each product if the stored one is of the revision just before (``record.revision - 1``)."""
        ...

    async def mark_announced(self, revisions: Sequence[tuple[ProductKey, int]]) -> None:
        """Clear ``unannounced_revision`` where it still is this revision; else, and for unknown keys, do nothing."""
        ...

    async def page(self, query: PageQuery) -> Page:
        """One page of a shop, by descending ``video_id``.

        With ``since`` its cost is that of what changed, not of the whole shop. Rows that cannot be read take no place
        on the page: they are in ``unreadable``.
        """
        ...

    def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """Every product, or a shop's, or those whose newest revision was not announced.

        In the order of the keys (seller, then video); the unannounced ones in whatever order is cheapest.
        """
        ...
