"""The decision table: the known halves and the stored product -> the next step.

    known halves      the product as stored     outcome
    ----------------  ------------------------  ---------------------------------------------------------------
    one               absent                    Waiting     the partner will come; the half is safe in staging
    both              absent                    Joined      put the product, revision 1, unless another process did
    any, newer        present                   Improved    compare-and-set on what was read, newer parts only
    any, newer        present, looks the same   Refreshed   the same, but silent: readers see no change
    any, none newer   present                   Unchanged   no write

A listing is a third part, beside the halves; alone it makes no product. Readers see no change if a part is newer by
stamp alone, if the listing covers the title or price that changed, or if the product is withdrawn before and after.

    a staged row      answers                   outcome
    ----------------  ------------------------  ---------------------------------------------------------------
    absent, older     Staged                    read the product: it may exist already
    the same          Equal                     read the product: an earlier attempt may have ended here
    newer             Superseded                none: the message that staged the newer one completes it
    the other half    Partner                   both are known: join

Equal and superseded renew the row's expiry. Everything here is pure: time arrives as an argument, and the outcome is
carried out by :mod:`linkhub_core.application.assemble`.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from attrs import evolve, frozen

from linkhub_core.model import Caption, Half, ProductRecord, ThumbnailSet
from linkhub_core.model.merge import Halves, newer_than, with_parts


@frozen
class Waiting:
    """One half alone: it stays in staging."""


@frozen
class Joined:
    """Both halves and no product yet: ``record`` is to be put where none is."""

    record: ProductRecord


@frozen
class Improved:
    """The stored product lacks content that is newer: ``record`` is to replace it, as the next revision."""

    record: ProductRecord


@frozen
class Refreshed:
    """The stored product looks the same to readers: it is to get the contents and versions of ``record``.

    The revision, the debt and ``updated_at`` stay.
    """

    record: ProductRecord


@frozen
class Unchanged:
    """The stored product has all known parts, or newer ones."""

    record: ProductRecord


Decision = Waiting | Joined | Improved | Refreshed | Unchanged


def decide(halves: Halves, stored: ProductRecord | None, now: datetime) -> Decision:
    """Decide how to save ``halves``.

    Args:
        halves: the known halves, from messages and staging, and a new listing.
        stored: the product as last read; None if it is absent.
        now: the saver's clock; products keep whole milliseconds of it.
    """
    if stored is not None:
        return _decide_stored(stored, halves, now)
    if halves.caption is None or halves.thumbnails is None:
        return Waiting()
    joined = _joined(halves.caption, halves.thumbnails, whole_milliseconds(now))
    return Joined(joined if halves.listing is None else with_parts(joined, Halves(listing=halves.listing)))


def _joined(caption: Half, thumbnails: Half, now: datetime) -> ProductRecord:
    return ProductRecord(
        key=caption.key,
        caption=cast(Caption, caption.content),  # Halves separates them by kind
        caption_version=caption.version,
        thumbnails=cast(ThumbnailSet, thumbnails.content),
        thumbnails_version=thumbnails.version,
        created_at=now,
        updated_at=now,
        revision=1,
        unannounced_revision=1,
    )


def _decide_stored(stored: ProductRecord, halves: Halves, now: datetime) -> Improved | Refreshed | Unchanged:
    newer = newer_than(stored, halves)
    if newer.is_empty:
        return Unchanged(stored)
    merged = with_parts(stored, newer)
    if merged.looks_like(stored):
        return Refreshed(merged)
    revision = stored.revision + 1
    return Improved(
        evolve(
            merged,
            revision=revision,
            unannounced_revision=revision,
            shown=stored.shown and not merged.is_withdrawn,
            # It never runs backwards, also if the savers' clocks do.
            updated_at=max(whole_milliseconds(now), stored.updated_at),
        )
    )


def whole_milliseconds(moment: datetime) -> datetime:
    """The moment as products keep it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
