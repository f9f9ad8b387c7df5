"""The products. Each row is its own outbox: it holds the revision that was not announced yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol

from attrs import field, frozen

from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct, Unreadable
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery


@frozen(kw_only=True)
class Revision:
    """A change of a stored product: ``before`` is the product as it was read, ``after`` the new one.

    With equal ``revision`` and ``created_at`` it is silent: readers see no change, and only contents and versions are
    written.
    """

    before: ProductRecord
    after: ProductRecord

    @property
    def is_silent(self) -> bool:
        """Whether readers see no change."""
        before, after = self.before, self.after
        return (after.revision, after.created_at) == (before.revision, before.created_at)


@frozen
class Created:
    """The product was absent and is now there. the event of this revision carries ``cursor``."""

    cursor: str | None = field(default=None, eq=False)


@frozen
class Exists:
    """A product is there; it was not changed."""

    record: ProductRecord


CreateOutcome = Created | Exists | Unreadable


@frozen
class Revised:
    """The product is now the revised one. the event of this revision carries ``cursor``; None if silent."""

    cursor: str | None = field(default=None, eq=False)


@frozen
class Conflict:
    """The stored product is not as it was read; ``record`` is the stored one, None if it was deleted."""

    record: ProductRecord | None


@frozen
class Marked:
    """The debt of this revision is cleared, and the product counts as shown."""


ReviseOutcome = Revised | Conflict | Unreadable
MarkOutcome = Marked | Conflict | Unreadable


class Change(NamedTuple):
    """A product that changed, and the cursor of a reader who was given every change up to this one.

    A withdrawn product is a tombstone: ``product.is_withdrawn``.
    """

    product: StoredProduct
    cursor: str


@frozen(kw_only=True)
class Changes:
    """The products of a shop that changed after a cursor, each once as it is now, oldest change first.

    Tombstones are among the changes. ``cursor`` is where to go on: with ``has_more`` after the last change of this
    answer, else after all changes that this read saw. ``unreadable`` are rows that changed and cannot be read.
    """

    changes: Sequence[Change]
    cursor: str
    has_more: bool
    unreadable: Sequence[Unreadable] = ()

    @property
    def products(self) -> Sequence[StoredProduct]:
        """The products that are visible."""
        return [change.product for change in self.changes if not change.product.is_withdrawn]

    @property
    def removed(self) -> Sequence[str]:
        """The ``video_id`` of each product that is withdrawn."""
        return [change.product.video_id for change in self.changes if change.product.is_withdrawn]


@frozen
class UnknownCursor:
    """This store did not give the cursor: it is another store's, or of a state that a restored copy lacks."""


class ProductReader(Protocol):
    """The part of a product store that serves clients: it returns ready JSON.

    Raises:
        ServiceUnavailable: from each method.
    """

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """Read products consistently: one whose write has returned is seen. Unknown keys are left out.

        Tombstones are given.
        """
        ...

    async def page(self, query: PageQuery) -> Page:
        """One page of a shop, by descending ``video_id``, as of a moment after this was called.

        With ``since`` its cost is that of what changed, not of the whole shop. Rows that cannot be read take no place
        on the page: they are in ``unreadable``. Tombstones take no place, and a thousand of them in a row cost no more
        than a few reads. A first page without ``since`` has a cursor, which is not later than the read.
        """
        ...

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """The changes of a shop after a cursor: at most ``limit`` rows with tombstones, oldest change first.

        Every change that the holder of ``after`` was not given is in this answer or in those that follow it. A change
        may come more than once. The cost is that of the answer, not of the shop.
        """
        ...


class ProductStore(ProductReader, Protocol):
    """Products by key. A batch holds each key at most once; outcomes come in the order of the batch.

    For a row that cannot be read the outcome is :class:`~linkhub_core.ports.Unreadable`.

    Raises:
        ServiceUnavailable: from each method; a part of the batch may have been written.
        StoreRefused: one of the batch can never be stored; the others may have been written.
    """

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """Read products consistently: one whose write has returned is seen. Unknown keys are left out."""
        ...

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """Put each product if its key is free.

        If an equal product is stored, the outcome may be either: it may be the same write, whose reply was lost.
        """
        ...

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """Change each product if ``created_at``, ``revision`` and all versions are still as they were read.

        A silent revision writes contents, listing and versions; the debt, ``shown`` and ``updated_at`` stay as stored.
        Any other writes all of the product. It resets ``shown`` only if it withdraws the product: another process may
        have announced the product since it was read.
        """
        ...

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """Make records with a debt ready to be announced: call this right before the notifier.

        A record comes back with the ``cursor`` that its event carries. A store that stamps changes gives a new stamp to
        a record whose stamp is old, if ``created_at``, ``revision`` and all versions are still those of the record. A
        store that numbers changes returns the records as they are, without a call.
        """
        ...

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """Clear the debt of each product whose revision was announced, and set ``shown`` unless it is withdrawn.

        Only if ``created_at``, ``revision`` and all versions are still those of the record: a product that
        was deleted and saved again keeps its own debt, although its revision has the same number. Where the debt is
        cleared already, the outcome is the same.
        """
        ...

    def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """Every product with tombstones, or a shop's, or those whose newest revision was not announced.

        In the order of the keys (seller, then video); unannounced ones in any order.
        """
        ...


class ShopStamps(Protocol):
    """Gives the stamps of shops, quickly and without waiting, for caches of pages.

    Take the stamp, then read the shop. The page is valid while :meth:`current` gives an equal stamp.
    """

    @property
    def max_age_seconds(self) -> float:
        """The longest time for which an outdated page is taken for valid; 0 if a stamp changes with its shop."""
        ...

    def current(self, seller_handle: str) -> Hashable | None:
        """The present stamp of a shop; None if it is unknown, so that no page may be cached.

        After a visible change it differs from all earlier stamps, at the latest ``max_age_seconds`` later. It may also
        differ without a change.
        """
        ...
