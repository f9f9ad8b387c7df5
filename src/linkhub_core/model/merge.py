"""Merges halves: of two halves of a kind, the one with the greater version is kept.

:class:`Halves` is a join-semilattice: merging is commutative, associative and idempotent, so any order and any number
of copies of the same events give the same product.
"""

from __future__ import annotations

from attrs import frozen

from linkhub_core.model import Half, Kind, ProductRecord


@frozen(kw_only=True)
class Halves:
    """The newest known half of each kind of one product."""

    caption: Half | None = None
    thumbnails: Half | None = None

    @classmethod
    def of(cls, half: Half) -> Halves:
        """One known half."""
        return cls(caption=half) if half.kind is Kind.CAPTION else cls(thumbnails=half)

    def merge(self, other: Halves) -> Halves:
        """The newest half of each kind."""
        return Halves(
            caption=_newest(self.caption, other.caption), thumbnails=_newest(self.thumbnails, other.thumbnails)
        )

    @property
    def known(self) -> tuple[Half, ...]:
        """The known halves: none, one, or both."""
        return tuple(half for half in (self.caption, self.thumbnails) if half is not None)


def _newest(one: Half | None, other: Half | None) -> Half | None:
    if one is None or other is None:
        return one or other
    return one if one.version >= other.version else other


def newer_than(record: ProductRecord, halves: Halves) -> Halves:
    """The halves that are newer than those of the record."""
    caption, thumbnails = halves.caption, halves.thumbnails
    return Halves(
        caption=caption if caption and caption.version > record.caption_version else None,
        thumbnails=thumbnails if thumbnails and thumbnails.version > record.thumbnails_version else None,
    )
