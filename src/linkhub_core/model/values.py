"""The values of linkhub: the two halves of a video, what names them, and what waits for its partner.

Everything here is frozen and valid once constructed: each field's converter is its rule, so a value that exists keeps
every limit of the event schema. No I/O, no clock: instants are aware ``datetime`` objects in UTC that arrive as
arguments. JSON never enters here; see :mod:`linkhub_core.wire.codec`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from attrs import evolve, field, frozen

from linkhub_core.model import rules
from linkhub_core.model.fields import decoration, essential, many, one
from linkhub_core.model.listing import Listing
from linkhub_core.model.rules import Number
from linkhub_core.model.written_once import WrittenOnce

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
MAX_CORRELATION_ID_CHARACTERS = 200
MAX_NOTES = 1_000


class Kind(StrEnum):
    """Which half of a video an event is; also the name of the queue that it comes from."""

    CAPTION = "caption"
    THUMBNAIL = "thumbnail"

    @property
    def partner(self) -> Kind:
        """The kind that makes this one whole."""
        return Kind.THUMBNAIL if self is Kind.CAPTION else Kind.CAPTION


@frozen(order=True)
class ProductKey:
    """One video of one seller. The same video at two sellers is two products."""

    seller_handle: str = essential(
        rules.matching("[A-Za-z0-9._-]", most=64, never=(".", "..")), "A seller's handle.", example="nalu-fashion"
    )
    video_id: str = essential(
        rules.matching("[A-Za-z0-9_-]", most=128), "The id of a video.", example="7301234567890421596"
    )

    def __str__(self) -> str:
        return f"{self.seller_handle}/{self.video_id}"


@frozen
class EventTime:
    """When a worker made an event. A time before the year 2000 is a zero value of the worker's language."""

    timestamp: datetime = essential(
        rules.event_time(not_before=datetime(2000, 1, 1, tzinfo=UTC)),
        "When the event was made, to the microsecond; without an offset it is UTC.",
        example="2026-01-15T11:00:02.123Z",
    )


@frozen(kw_only=True)
class Caption(WrittenOnce):
    """The result of the caption parser."""

    title: str = essential(rules.text(most=2000), "What is sold.", example="Trendy Summer Heels")
    price: Decimal | None = essential(
        rules.optional(rules.money(most=10**15, decimals=6)),
        "Exact, at most 6 decimals; null where none was named.",
        example=55000,
        instead=None,
    )
    sizes: str | None = essential(
        rules.optional(rules.text(most=2000, blank=False)), "As the seller wrote them.", example="37-41", instead=None
    )
    tags: tuple[str, ...] = essential(
        rules.texts(most=500, most_characters=500), "Tags.", example=["heels", "shoes"], instead=()
    )
    confidence_score: Number | None = decoration(
        rules.number(least=0), "How sure the caption parser is.", example=0.93, expected=False
    )
    raw_caption: str | None = decoration(
        rules.text(most=20_000), "The caption as it was posted.", example="New heels only 55k!", expected=False
    )


@frozen(kw_only=True)
class BoundingBox:
    """Where in the frame the object is, in pixels."""

    x: Number = essential(rules.number(), "The left edge.", example=12.5)
    y: Number = essential(rules.number(), "The upper edge.", example=40)
    width: Number = essential(rules.number(least=0), "Its width.", example=207.75)
    height: Number = essential(rules.number(least=0), "Its height.", example=570)


@frozen(kw_only=True)
class DetectedObject:
    """Something that was recognised in a frame."""

    class_name: str = essential(rules.text(), "What it is.", example="shoe")
    confidence: Number = essential(rules.number(), "How sure the recogniser is.", example=0.88)
    bbox: BoundingBox = one(BoundingBox, "Where it is.")


@frozen(kw_only=True)
class Thumbnail:
    """One frame of the video as a picture; only its URL is certain to be there."""

    thumbnail_url: str = essential(
        rules.url(most=8192), "Where the picture is: http or https.", example="https://cdn.example.com/1.jpg"
    )
    thumbnail_s3_key: str | None = decoration(rules.text(most=1024), "Its key in the bucket.", example="t/1.jpg")
    frame_timestamp: Number | None = decoration(rules.number(), "Seconds from the start of the video.", example=1.5)
    frame_index: int | None = decoration(rules.integer(), "Which frame it is.", example=30)
    confidence_score: Number | None = decoration(rules.number(least=0), "How sure the generator is.", example=0.9)
    quality_score: Number | None = decoration(rules.number(least=0), "How good the picture is.", example=0.8)
    is_primary: bool | None = decoration(rules.flag(), "Whether it is the one to show first.", example=True)
    detected_objects: tuple[DetectedObject, ...] | None = many(
        DetectedObject, "What was recognised in it.", essential=False
    )


@frozen(kw_only=True)
class ProcessingMetadata:
    """What the thumbnail generator did."""

    video_duration: Number | None = decoration(rules.number(), "Seconds.", example=30)
    frames_analyzed: Number | None = decoration(rules.number(), "Frames that were looked at.", example=150)
    thumbnails_generated: Number | None = decoration(rules.number(), "Pictures that were cut out.", example=5)
    processing_time_ms: Number | None = decoration(rules.number(), "Milliseconds that it took.", example=1810)


@frozen(kw_only=True)
class ThumbnailSet(WrittenOnce):
    """What the thumbnail generator cut out of one video."""

    thumbnails: tuple[Thumbnail, ...] = many(
        Thumbnail, "The pictures.", essential=True, least=1, most=100, left_out_at="thumbnail_url"
    )
    primary_thumbnail: Thumbnail = one(Thumbnail, "The picture to show first.")
    processing_metadata: ProcessingMetadata = one(
        ProcessingMetadata, "How they were made; perhaps empty.", essential=False, instead=ProcessingMetadata()
    )


Content = Caption | ThumbnailSet
CONTENT_CLASSES: Mapping[Kind, type[Content]] = {Kind.CAPTION: Caption, Kind.THUMBNAIL: ThumbnailSet}


class Version(NamedTuple):
    """How new a half is. Of two halves of a kind the one with the greater version wins. A tuple compares fastest.

    ``counted_us`` is the half's timestamp as it counts, in microseconds since 1970: at most the last microsecond of the
    millisecond in which its message was first sent, so that a clock that is ahead has no advantage. ``stamped_us`` is
    the timestamp as its sender wrote it, which keeps right stamps of one millisecond in their order. ``digest`` is a
    hash of the content and decides between equal stamps.

    ``str()`` gives the stored form, ``stamped-digest``, or ``counted~stamped-digest`` if the stamp does not count in
    full. These texts have the order of the versions, because ``~`` sorts behind ``-``.
    """

    counted_us: int
    stamped_us: int
    digest: str

    @classmethod
    def at(cls, moment: datetime, digest: str, *, first_sent_at: datetime | None = None) -> Version:
        """The version of content with this ``digest``, stamped at ``moment``.

        Args:
            moment: the sender's timestamp.
            digest: the hash of the content.
            first_sent_at: when the message was sent for the first time, in whole milliseconds; None: the stamp counts.
        """
        stamped_us = (moment - _EPOCH) // _MICROSECOND
        if first_sent_at is None:
            return cls(stamped_us, stamped_us, digest)
        latest_us = (first_sent_at - _EPOCH) // _MILLISECOND * 1000 + 999
        return cls(min(stamped_us, latest_us), stamped_us, digest)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read the text of ``str()``.

        Raises:
            ValueError: the text is no version.
        """
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no version")
        counted, stamped, digest = match.groups()
        return cls(_stamp_from(counted), _stamp_from(stamped or counted), digest)

    @property
    def timestamp(self) -> datetime:
        """The sender's timestamp, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.stamped_us)

    @property
    def counted_at(self) -> datetime:
        """The timestamp as it counts, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.counted_us)

    def __str__(self) -> str:
        if self.counted_us == self.stamped_us >= 0:
            return f"{self.stamped_us:020d}-{self.digest}"  # as nearly every version is
        stamped = _stamp_text(self.stamped_us)
        stamps = stamped if self.counted_us == self.stamped_us else f"{_stamp_text(self.counted_us)}~{stamped}"
        return f"{stamps}-{self.digest}"


OLDER_THAN_ANY_EVENT: Final = Version.at(_EPOCH, "0" * 16)  # of a half that came with no event of linkhub's
NO_LISTING: Final = Version(0, 0, "")  # of a product whose listing was never set

_VERSION = re.compile(r"(-?[0-9]{20})(?:~(-?[0-9]{20}))?-([^-]*)")


def _stamp_text(stamp_us: int) -> str:
    # Before 1970 a plain minus would sort backwards; "-" sorts before every digit, a complement forwards.
    return f"{stamp_us:020d}" if stamp_us >= 0 else f"-{10**20 + stamp_us:020d}"


def _stamp_from(text: str) -> int:
    return int(text[1:]) - 10**20 if text.startswith("-") else int(text)


@frozen(kw_only=True)
class Half:
    """One half of a video: its key, its version and its content."""

    key: ProductKey
    version: Version
    content: Content

    @property
    def kind(self) -> Kind:
        """Which half this is."""
        return Kind.CAPTION if isinstance(self.content, Caption) else Kind.THUMBNAIL


@frozen(kw_only=True)
class ListingPart:
    """A listing, and how new it is: the third part of a product, beside its halves."""

    listing: Listing
    version: Version


@frozen(order=True)
class Note:
    """A deviation from the event schema that the intake put right or left out.

    Args:
        field: the path as received, in snake case, such as ``thumbnails[2].quality_score``; empty: the whole body.
        rule: the name of the deviation, one of :data:`linkhub_core.wire.intake.DEVIATIONS`.
    """

    field: str
    rule: str


def _shortened_id(correlation_id: str) -> str:
    return correlation_id[-MAX_CORRELATION_ID_CHARACTERS:]


def _first_notes(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    return notes[:MAX_NOTES]


@frozen(kw_only=True)
class Origin:
    """The message of a half: logs and traces lead from the product back to it.

    ``correlation_id`` is the sender's own, or the message's id; of a longer one the last 200 characters are kept,
    because its end names the message. ``traceparent`` is a W3C trace context, if any. ``notes`` are the deviations of
    its event, sorted, each once; the first 1,000 are kept: an event of 100 KiB can have 33,000, and a row that holds
    all of them is larger than a store takes.
    """

    correlation_id: str = field(converter=_shortened_id)
    traceparent: str | None = None
    notes: tuple[Note, ...] = field(default=(), converter=_first_notes)

    @classmethod
    def of_message(cls, attributes: Mapping[str, str], message_id: str, notes: tuple[Note, ...] = ()) -> Origin:
        """The origin that a message's attributes name; without a correlation id the message's own id is used."""
        return cls(
            correlation_id=attributes.get("correlationId") or message_id,
            traceparent=attributes.get("traceparent"),
            notes=notes,
        )


@frozen(kw_only=True)
class WaitingHalf:
    """A half in staging: the half itself, since when it waits, until when, and which message brought it.

    linkhub keeps one half a row. A row that another service wrote (``is_foreign``) may hold both halves: ``other`` is
    the second one. Until ``report_claimed_until`` one process reports that the half waits long; others do not.
    """

    half: Half
    origin: Origin
    waiting_since: datetime
    expires_at: datetime
    other: Half | None = None
    is_foreign: bool = field(default=False, eq=False)
    report_claimed_until: datetime | None = field(default=None, eq=False)

    @property
    def key(self) -> ProductKey:
        """The product that the half belongs to."""
        return self.half.key

    @property
    def halves(self) -> tuple[Half, ...]:
        """Every half of the row."""
        return (self.half,) if self.other is None else (self.half, self.other)

    @property
    def apart(self) -> tuple[WaitingHalf, ...]:
        """Each half of the row as a row of its own."""
        return tuple(evolve(self, half=half, other=None) for half in self.halves)

    def expired(self, now: datetime) -> bool:
        """Whether its time to wait is over; it still joins if its partner comes."""
        return self.expires_at <= now
