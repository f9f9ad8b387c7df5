"""The shops of a product store: all handles, page by page, and the figures of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from linkhub_core.model.stored_product import StoredProduct


@frozen(kw_only=True)
class Shop:
    """A shop with at least one row.

    Attributes:
        seller_handle: the seller.
        products: how many products its page shows; a row that cannot be read may be counted, too.
        withdrawn: how many products are withdrawn: they are kept as tombstones.
        newest: the product at the top of its page; None if the page is empty.
    """

    seller_handle: str
    products: int
    withdrawn: int
    newest: StoredProduct | None


class ShopDirectory(Protocol):
    """Lists the shops of a store. A shop is there while it has a row, also if all its products are withdrawn.

    Raises:
        ServiceUnavailable: from each method.
    """

    async def handles(self, *, after: str | None, limit: int) -> Sequence[str]:
        """The next handles, each once, in an order of the store's own that does not change.

        The cost is that of the answer: the products of a shop are not read. Handles that break the rules of a
        :class:`~linkhub_core.model.ProductKey` are left out.

        Args:
            after: the handle behind which they start; its shop may be gone by now. None: from the first one.
            limit: 1 or more.

        Returns:
            ``limit`` handles; fewer only if no more follow.
        """
        ...

    async def describe(self, seller_handles: Sequence[str]) -> Sequence[Shop]:
        """The figures of shops, in the order of ``seller_handles``; a shop without rows is left out.

        Counts may be a second old. They cost a read of an index, not of the products.
        """
        ...
