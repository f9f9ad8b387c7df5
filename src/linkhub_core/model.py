"""The values of linkhub: two halves of a video, and the product that they become.

Everything here is frozen and valid once constructed: each field's converter is its rule, so a value that exists keeps
every limit of the event schema. No I/O, no clock: instants are aware ``datetime`` objects in UTC that arrive as
arguments. JSON never enters here; see :mod:`linkhub_core.codec`.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    """How new a half is: its timestamp in microseconds since 1970, then a hash of its content.

    Versions order totally, so of two halves of a kind the greater one wins wherever they meet; the hash settles equal
    timestamps without luck. ``str()`` gives a text of the same order.
    """

    epoch_us: int
    digest: str

    @classmethod
    def at(cls, moment: datetime, digest: str) -> Version:
        """The version of content with this ``digest``, stamped at ``moment``."""
        return cls((moment - _EPOCH) // _MICROSECOND, digest)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read back what ``str()`` gave."""
        stamp, digest = text.rsplit("-", 1)
        return cls(int(stamp[1:]) - 10**20 if stamp.startswith("-") else int(stamp), digest)

    @property
    def timestamp(self) -> datetime:
        """The moment of the half, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.epoch_us)

    def __str__(self) -> str:
        # Before 1970 a plain minus would sort backwards; "-" sorts before every digit, a complement forwards.
        stamp = f"{self.epoch_us:020d}" if self.epoch_us >= 0 else f"-{10**20 + self.epoch_us:020d}"
        return f"{stamp}-{self.digest}"


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


@frozen(kw_only=True)
class Origin:
    """Which message brought a half: what a log and a trace need to lead from the product back to it.

    ``correlation_id`` is the sender's own, or the message's id; ``traceparent`` is a W3C trace context, if any.
    """

    correlation_id: str
    traceparent: str | None = None


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

    ``revision`` counts 1, 2, ... with each change of content. While the newest revision has not been announced,
    ``unannounced_revision`` holds it. ``created_at`` and ``updated_at`` are whole milliseconds by the saver's clock.
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
