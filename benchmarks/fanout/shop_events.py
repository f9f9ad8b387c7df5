"""The events to broadcast: about 2.3 kB each, as linkhub announces them, one a line, seeded.

Each holds :data:`MARK` exactly once, and nothing else on the wire does (not ``~``, which is the length byte of a frame
of this size): so a client counts events by counting bytes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import evolve

from benchmarks.events import pair
from linkhub_core.model import Caption, ProductKey, ProductRecord, ThumbnailSet
from linkhub_core.wire import announcements, codec

SELLER = "seller-00"
MARK = "|"

_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def write_records(count: int, *, seed: int = 1) -> Sequence[ProductRecord]:
    """So many products of one shop, each changed a second after the one before."""
    chance = random.Random(seed)
    return [_record(number, chance) for number in range(count)]


def write_events(path: Path, count: int) -> int:
    """Write the events of so many products into a file; gives the bytes of the first."""
    lines = [announcements.announce(record, _NOON).event_json for record in write_records(count)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return len(lines[0])


def _record(number: int, chance: random.Random) -> ProductRecord:
    caption, thumbnails = (codec.decode_event(each.kind, each.body, _NOON) for each in pair(number, chance))
    assert isinstance(caption.content, Caption)
    assert isinstance(thumbnails.content, ThumbnailSet)
    moment = _NOON + timedelta(seconds=number)
    return ProductRecord(
        key=ProductKey(SELLER, caption.key.video_id),
        caption=evolve(caption.content, title=f"Trendy Summer Heels {MARK}"),
        caption_version=caption.version,
        thumbnails=thumbnails.content,
        thumbnails_version=thumbnails.version,
        created_at=moment,
        updated_at=moment,
        revision=1,
        unannounced_revision=1,
    )
