"""The events of a run in order, as sentences with the virtual time and the name of the process."""

from __future__ import annotations

import asyncio

from attrs import define, field

from linkhub_core.model import AS_PARSED, Half, ListingChange, ProductRecord, Version, WaitingHalf
from linkhub_core.ports import Unreadable


@define
class RunLog:
    """One line for each event; kept only if ``wanted``."""

    wanted: bool
    lines: list[str] = field(factory=list)

    def tell(self, who: str, sentence: str) -> None:
        """Add a line."""
        if self.wanted:
            present = asyncio.get_running_loop().time()
            self.lines.append(f"{present:12.4f} s  {who} {sentence}.")


def short(version: Version) -> str:
    """A version in a few characters: the counted second, the stamp if it is another one, and two digits of the hash."""
    counted, stamped = version.counted_us, version.stamped_us
    ahead = f" (stamped {(stamped - counted) / 1_000_000:+g} s)" if stamped != counted else ""
    return f"{counted // 1_000_000 % 3600 / 1:.0f}.{counted % 1_000_000:06d}-{version.digest[:2]}{ahead}"


def half_text(half: Half) -> str:
    """A half in a few words."""
    return f"the {half.kind} {short(half.version)} of {half.key}"


def listing_text(change: ListingChange) -> str:
    """A change of a listing in a few words."""
    return ", ".join(f"set {name} {getattr(change.listing, name) or 'as parsed'}" for name in sorted(change.fields))


def row_text(row: WaitingHalf | Unreadable | None) -> str:
    """A row of staging in a few words."""
    if row is None:
        return "no row"
    return "a row that cannot be read" if isinstance(row, Unreadable) else " and ".join(map(half_text, row.halves))


def product_text(record: ProductRecord | Unreadable | None) -> str:
    """A product in a few words."""
    if record is None:
        return "no product"
    if isinstance(record, Unreadable):
        return "a product that cannot be read"
    due = "" if record.unannounced_revision is None else ", not announced"
    halves = f"caption {short(record.caption_version)}, thumbnails {short(record.thumbnails_version)}"
    listing = (
        "" if record.listing == AS_PARSED else f", {record.listing.availability} with title {record.listing.title}"
    )
    return f"revision {record.revision} of {record.key} ({halves}{listing}{due})"
