"""The values of linkhub: two halves of a video, and the product that they become.

Everything here is frozen and valid once constructed: each field's converter is its rule, so a value that exists keeps
every limit of the event schema. No I/O, no clock: instants are aware ``datetime`` objects in UTC that arrive as
arguments. JSON never enters here; see :mod:`linkhub_core.codec`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from attrs import field, frozen

from linkhub_core import rules
from linkhub_core.rules import Number, Rule

__all__ = [
    "BoundingBox",
    "Caption",
    "Content",
    "DetectedObject",
    "Half",
    "Kind",
    "Origin",
    "ProcessingMetadata",
    "ProductKey",
    "ProductRecord",
    "Thumbnail",
    "ThumbnailSet",
    "Version",
    "WaitingHalf",
]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
MAX_CORRELATION_ID_CHARACTERS = 200


def ruled(rule: Rule[T], **options: Any) -> T:
    """Declare a field whose values keep ``rule``; the codec finds the rule in the field's metadata."""
    return field(converter=rule, metadata={"rule": rule}, **options)  # type: ignore[no-any-return]


def nested(cls: type[T], *, least: int = 0, most: int | None = None, many: bool = True, **options: Any) -> Any:
    """Declare a field that holds values of ``cls``: from ``least`` to ``most`` of them, or exactly one.

    With a ``default`` the field may also hold null.
    """
    rule: Rule[Any] = _several(cls, least, most) if many else _instance(cls)
    if "default" in options:
        rule = rules.optional(rule)
    return field(converter=rule, metadata={"nested": cls, "many": many, "least": least, "most": most}, **options)


def _instance(cls: type[T]) -> Rule[T]:
    def rule(value: object) -> T:
        if not isinstance(value, cls):
            raise rules.RuleBroken(f"must be a {cls.__name__}")
        return value

    return rule


def _several(cls: type[T], least: int, most: int | None) -> Rule[tuple[T, ...]]:
    one = _instance(cls)

    def rule(value: object) -> tuple[T, ...]:
        if not isinstance(value, Iterable):
            raise rules.RuleBroken(f"must be a list of {cls.__name__}")
        values = tuple(one(entry) for entry in value)
        rules.check_count(len(values), least, most)
        return values

    return rule


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

    seller_handle: str = ruled(rules.matching("[A-Za-z0-9._-]", most=64))
    video_id: str = ruled(rules.matching("[A-Za-z0-9_-]", most=128))

    def __str__(self) -> str:
        return f"{self.seller_handle}/{self.video_id}"


@frozen(kw_only=True)
class Caption:
    """What the caption parser read."""

    title: str = ruled(rules.text(most=500))
    price: Decimal | None = ruled(rules.optional(rules.money(most=10**12, decimals=6)))
    sizes: str | None = ruled(rules.optional(rules.text(most=200)))
    tags: tuple[str, ...] = ruled(rules.texts(most=100, most_characters=100))
    confidence_score: Number | None = ruled(rules.optional(rules.number(least=0)), default=None)
    raw_caption: str | None = ruled(rules.optional(rules.text(most=5000)), default=None)


@frozen(kw_only=True)
class BoundingBox:
    """Where in a frame an object stands, in pixels."""

    x: Number = ruled(rules.number())
    y: Number = ruled(rules.number())
    width: Number = ruled(rules.number())
    height: Number = ruled(rules.number())


@frozen(kw_only=True)
class DetectedObject:
    """Something that the frame reader recognised."""

    class_name: str = ruled(rules.text())
    confidence: Number = ruled(rules.number())
    bbox: BoundingBox = nested(BoundingBox, many=False)


@frozen(kw_only=True)
class Thumbnail:
    """One frame of the video, cut out as a picture. ``frame_timestamp`` is in seconds."""

    thumbnail_url: str = ruled(rules.url(most=2048))
    thumbnail_s3_key: str = ruled(rules.text(most=1024))
    frame_timestamp: Number = ruled(rules.number())
    frame_index: int = ruled(rules.integer)
    confidence_score: Number = ruled(rules.number(least=0))
    quality_score: Number = ruled(rules.number(least=0))
    is_primary: bool = ruled(rules.flag)
    detected_objects: tuple[DetectedObject, ...] | None = nested(DetectedObject, default=None)


@frozen(kw_only=True)
class ProcessingMetadata:
    """What the frame reader did: ``video_duration`` in seconds, ``processing_time_ms`` in milliseconds."""

    video_duration: Number = ruled(rules.number())
    frames_analyzed: Number = ruled(rules.number())
    thumbnails_generated: Number = ruled(rules.number())
    processing_time_ms: Number = ruled(rules.number())


@frozen(kw_only=True)
class ThumbnailSet:
    """What the thumbnail generator cut out of one video."""

    thumbnails: tuple[Thumbnail, ...] = nested(Thumbnail, least=1, most=20)
    primary_thumbnail: Thumbnail = nested(Thumbnail, many=False)
    processing_metadata: ProcessingMetadata = nested(ProcessingMetadata, many=False)


Content = Caption | ThumbnailSet


@frozen(order=True)
class Version:
    """How new a half is. Of two halves of a kind the one with the greater version wins.

    ``counted_us`` is the half's timestamp as it counts, in microseconds since 1970: at most the last microsecond of the
    millisecond in which its message was first sent, so that a clock that is ahead wins nothing. ``stamped_us`` is the
    timestamp as its sender wrote it, which keeps honest stamps of one millisecond in their order. ``digest`` is a hash
    of the content and decides between equal stamps.

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
        """Read back what ``str()`` gave.

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

    def __str__(self) -> str:
        stamped = _stamp_text(self.stamped_us)
        stamps = stamped if self.counted_us == self.stamped_us else f"{_stamp_text(self.counted_us)}~{stamped}"
        return f"{stamps}-{self.digest}"


_VERSION = re.compile(r"(-?[0-9]{20})(?:~(-?[0-9]{20}))?-([^-]*)")


def _stamp_text(stamp_us: int) -> str:
    # Before 1970 a plain minus would sort backwards; "-" sorts before every digit, a complement forwards.
    return f"{stamp_us:020d}" if stamp_us >= 0 else f"-{10**20 + stamp_us:020d}"


def _stamp_from(text: str) -> int:
    return int(text[1:]) - 10**20 if text.startswith("-") else int(text)


@frozen(kw_only=True)
class Half:
    """One half of a video: whose it is, how new it is, and what it says."""

    key: ProductKey
    version: Version
    content: Content

    @property
    def kind(self) -> Kind:
        """Which half this is."""
        return Kind.CAPTION if isinstance(self.content, Caption) else Kind.THUMBNAIL


def _shortened_id(correlation_id: str) -> str:
    return correlation_id[-MAX_CORRELATION_ID_CHARACTERS:]


@frozen(kw_only=True)
class Origin:
    """Which message brought a half: what a log and a trace need to lead from the product back to it.

    ``correlation_id`` is the sender's own, or the message's id; of a longer one the last 200 characters are kept,
    because its end names the message. ``traceparent`` is a W3C trace context, if any.
    """

    correlation_id: str = field(converter=_shortened_id)
    traceparent: str | None = None

    @classmethod
    def of_message(cls, attributes: Mapping[str, str], message_id: str) -> Origin:
        """The origin that a message's attributes name; without a correlation id the message's own id stands in."""
        return cls(
            correlation_id=attributes.get("correlationId") or message_id,
            traceparent=attributes.get("traceparent"),
        )


@frozen(kw_only=True)
class WaitingHalf:
    """A half in staging: the half itself, since when it waits, until when, and which message brought it."""

    half: Half
    origin: Origin
    waiting_since: datetime
    expires_at: datetime

    @property
    def key(self) -> ProductKey:
        """The product that the half belongs to."""
        return self.half.key

    def expired(self, now: datetime) -> bool:
        """Whether its time to wait is over; it still joins if its partner comes."""
        return self.expires_at <= now


@frozen(kw_only=True)
class ProductRecord:
    """A product as it is stored: both contents with their versions, and its own outbox.

    ``revision`` counts 1, 2, ... with each change that readers can see. While the newest revision has not been
    announced, ``unannounced_revision`` holds it. ``shown`` says whether a revision of this product was announced.
    ``created_at`` and ``updated_at`` are whole milliseconds by the saver's clock; a product that is deleted and saved
    again has another ``created_at``.
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

    @property
    def identity(self) -> tuple[datetime, int, Version, Version]:
        """What a conditional write compares: the life of the product, its revision, and its versions."""
        return (self.created_at, self.revision, self.caption_version, self.thumbnails_version)
