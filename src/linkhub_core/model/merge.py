"""Merges the parts of a product: of two parts of a kind, the one with the greater version is kept.

:class:`Halves` is a join-semilattice: merging is commutative, associative and idempotent, so any order and any number
of copies of the same events give the same product.
"""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve, frozen

from linkhub_core.model import Caption, Half, Kind, ListingPart, ProductRecord, ThumbnailSet

Part = TypeVar("Part", Half, ListingPart)


@frozen(kw_only=True)
class Halves:
    """The newest known half of each kind of one product, and its newest listing."""

    caption: Half | None = None
    thumbnails: Half | None = None
    listing: ListingPart | None = None

    @classmethod
    def of(cls, half: Half) -> Halves:
        """One known half."""
        return cls(caption=half) if half.kind is Kind.CAPTION else cls(thumbnails=half)

    @classmethod
    def of_record(cls, record: ProductRecord) -> Halves:
        """All parts of a product."""
        return cls(
            caption=Half(key=record.key, version=record.caption_version, content=record.caption),
            thumbnails=Half(key=record.key, version=record.thumbnails_version, content=record.thumbnails),
            listing=ListingPart(listing=record.listing, version=record.listing_version),
        )

    def merge(self, other: Halves) -> Halves:
        """The newest part of each kind."""
        return Halves(
            caption=_newest(self.caption, other.caption),
            thumbnails=_newest(self.thumbnails, other.thumbnails),
            listing=_newest(self.listing, other.listing),
        )

    @property
    def known(self) -> tuple[Half, ...]:
        """The known halves: none, one, or both."""
        return tuple([half for half in (self.caption, self.thumbnails) if half is not None])

    @property
    def is_empty(self) -> bool:
        """Whether no part is known."""
        return self.caption is None and self.thumbnails is None and self.listing is None


def _newest(one: Part | None, other: Part | None) -> Part | None:
    if one is None or other is None:
        return one or other
    return one if one.version >= other.version else other


def newer_than(record: ProductRecord, halves: Halves) -> Halves:
    """The parts that are newer than those of the record."""
    caption, thumbnails, listing = halves.caption, halves.thumbnails, halves.listing
    return Halves(
        caption=caption if caption and caption.version > record.caption_version else None,
        thumbnails=thumbnails if thumbnails and thumbnails.version > record.thumbnails_version else None,
        listing=listing if listing and listing.version > record.listing_version else None,
    )


def has_all(record: ProductRecord, halves: Halves) -> bool:
    """Whether the record has all these parts, or newer ones."""
    return newer_than(record, halves).is_empty


def with_parts(record: ProductRecord, newer: Halves) -> ProductRecord:
    """The record with these parts instead of its own."""
    merged = record
    if newer.caption and isinstance(newer.caption.content, Caption):
        merged = evolve(merged, caption=newer.caption.content, caption_version=newer.caption.version)
    if newer.thumbnails and isinstance(newer.thumbnails.content, ThumbnailSet):
        merged = evolve(merged, thumbnails=newer.thumbnails.content, thumbnails_version=newer.thumbnails.version)
    if newer.listing:
        merged = evolve(merged, listing=newer.listing.listing, listing_version=newer.listing.version)
    return merged
