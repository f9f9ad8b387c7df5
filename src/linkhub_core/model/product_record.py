"""The stored product: what both halves and the listing make, and what it still owes its readers."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from linkhub_core.model.listing import AS_PARSED, Availability, Listing
from linkhub_core.model.values import NO_LISTING, Caption, ProductKey, ThumbnailSet, Version


@frozen(kw_only=True)
class ProductRecord:
    """A product as it is stored: both contents with their versions, and its own outbox.

    ``revision`` counts 1, 2, ... with each change that readers can see. While the newest revision has not been
    announced, ``unannounced_revision`` holds it. ``shown`` says whether a revision of this product was announced.
    ``created_at`` and ``updated_at`` are whole milliseconds by the saver's clock; a product that is deleted and saved
    again has another ``created_at``. A product that another service saved has revision 0, is shown, and its halves are
    older than any event. The event of an owed revision carries ``cursor``, as the store gave it.

    ``caption`` is as parsed. Readers see :attr:`listed_caption`. A withdrawn product is a tombstone: readers do not see
    it, and it is not shown.
    """

    key: ProductKey
    caption: Caption
    caption_version: Version
    thumbnails: ThumbnailSet
    thumbnails_version: Version
    created_at: datetime
    updated_at: datetime
    revision: int
    unannounced_revision: int | None = None
    shown: bool = False
    cursor: str | None = field(default=None, eq=False)
    listing: Listing = AS_PARSED
    listing_version: Version = NO_LISTING

    @property
    def identity(self) -> tuple[datetime, int, Version, Version, Version]:
        """The condition of a write: the life of the product, its revision, and its versions."""
        return (
            self.created_at,
            self.revision,
            self.caption_version,
            self.thumbnails_version,
            self.listing_version,
        )

    @property
    def is_withdrawn(self) -> bool:
        """Whether the product is a tombstone."""
        return self.listing.availability is Availability.WITHDRAWN

    @property
    def listed_caption(self) -> Caption:
        """The caption with the title and price of the listing."""
        title, price = self.listing.title, self.listing.price
        if title is None and price is None:
            return self.caption
        return evolve(
            self.caption,
            title=self.caption.title if title is None else title,
            price=self.caption.price if price is None else price,
        )

    def with_cursor(self, cursor: str | None) -> ProductRecord:
        """This record with the cursor that its event carries."""
        return self._with(cursor, self.unannounced_revision, shown=self.shown)

    def announced(self) -> ProductRecord:
        """This record after its debt was cleared."""
        return self._with(self.cursor, None, shown=not self.is_withdrawn)

    def _with(self, cursor: str | None, unannounced_revision: int | None, *, shown: bool) -> ProductRecord:
        # ``evolve`` takes three times as long, and each product of a batch is changed in these ways.
        return ProductRecord(
            key=self.key,
            caption=self.caption,
            caption_version=self.caption_version,
            thumbnails=self.thumbnails,
            thumbnails_version=self.thumbnails_version,
            created_at=self.created_at,
            updated_at=self.updated_at,
            revision=self.revision,
            unannounced_revision=unannounced_revision,
            shown=shown,
            cursor=cursor,
            listing=self.listing,
            listing_version=self.listing_version,
        )

    def looks_like(self, other: ProductRecord) -> bool:
        """Whether readers see the same content in both."""
        if self.is_withdrawn or other.is_withdrawn:
            return self.is_withdrawn and other.is_withdrawn
        return (
            self.listing.availability is other.listing.availability
            and self.thumbnails == other.thumbnails
            and self.listed_caption == other.listed_caption
        )

    def with_parts_of(self, other: ProductRecord) -> ProductRecord:
        """This record with the contents and versions of ``other``: what a silent save writes."""
        return evolve(
            self,
            caption=other.caption,
            caption_version=other.caption_version,
            thumbnails=other.thumbnails,
            thumbnails_version=other.thumbnails_version,
            listing=other.listing,
            listing_version=other.listing_version,
        )
