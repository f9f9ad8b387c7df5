"""Hypothesis strategies for everything that the codec accepts, up to its limits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from linkhub_core.codec import digest_of, encode_event
from linkhub_core.model import (
    BoundingBox,
    Caption,
    Content,
    DetectedObject,
    Half,
    Kind,
    ProcessingMetadata,
    ProductKey,
    Thumbnail,
    ThumbnailSet,
    Version,
)
from linkhub_core.rules import Number

__all__ = ["captions", "contents", "event_bodies", "halves", "keys", "moments", "numbers", "texts", "thumbnail_sets"]

_ODD_TEXTS = [
    "",
    " ",
    "👩🏽‍🦱👗",
    "فستان صيفي",
    "שמלה",
    "<img onerror=alert(1)>",
    "e\u0301",
    "\u202e",
    "\x01\x1f",
    '"\\',
    "\n\t",
]
_ODD_NUMBERS = [0, 1, -0.0, 0.1, 1e308, 5e-324, 1.7976931348623157e308, 2**53, 2**53 - 1, 1e126, 1e-131, 0.1 + 0.2]


def texts(most: int) -> st.SearchStrategy[str]:
    """Texts of up to ``most`` characters in any script, without NUL and lone surrogates."""
    alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    odd = [text for text in _ODD_TEXTS if len(text) <= most]
    return st.sampled_from(odd) | st.text(alphabet, max_size=min(most, 40)) | st.just("ü" * most)


def numbers(least: float | None = None) -> st.SearchStrategy[Number]:
    """Finite numbers, whole and broken, tiny and huge."""
    odd = [number for number in _ODD_NUMBERS if least is None or number >= least]
    return st.sampled_from(odd) | st.floats(min_value=least, allow_nan=False, allow_infinity=False)


def keys() -> st.SearchStrategy[ProductKey]:
    """Keys of products, the longest ones included."""
    sellers = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
    videos = st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
    return st.builds(ProductKey, sellers, videos)


def prices() -> st.SearchStrategy[Decimal | None]:
    """No price, or one with up to 6 decimals."""
    return st.none() | st.decimals(min_value=0, max_value=10**12, places=6, allow_nan=False, allow_infinity=False)


def captions() -> st.SearchStrategy[Caption]:
    """Captions."""
    return st.builds(
        Caption,
        title=texts(500),
        price=prices(),
        sizes=st.none() | texts(200),
        tags=st.lists(texts(100), max_size=5).map(tuple) | st.just(("t",) * 100),
        confidence_score=st.none() | numbers(0),
        raw_caption=st.none() | texts(5000),
    )


def boxes() -> st.SearchStrategy[BoundingBox]:
    """Bounding boxes."""
    return st.builds(BoundingBox, x=numbers(), y=numbers(), width=numbers(), height=numbers())


def thumbnails() -> st.SearchStrategy[Thumbnail]:
    """Thumbnails with and without detected objects."""
    detected = st.builds(DetectedObject, class_name=texts(40), confidence=numbers(), bbox=boxes())
    return st.builds(
        Thumbnail,
        thumbnail_url=texts(40).map("https://cdn.example.com/".__add__),
        thumbnail_s3_key=texts(1024),
        frame_timestamp=numbers(0),
        frame_index=st.integers(0, 2**53),
        confidence_score=numbers(0),
        quality_score=numbers(0),
        is_primary=st.booleans(),
        detected_objects=st.none() | st.lists(detected, max_size=2).map(tuple),
    )


def thumbnail_sets() -> st.SearchStrategy[ThumbnailSet]:
    """Thumbnail sets of one to a few pictures, and of twenty."""
    several = st.lists(thumbnails(), min_size=1, max_size=3).map(tuple) | thumbnails().map(lambda one: (one,) * 20)
    work = st.builds(
        ProcessingMetadata,
        video_duration=numbers(0),
        frames_analyzed=numbers(0),
        thumbnails_generated=numbers(0),
        processing_time_ms=numbers(0),
    )
    return st.builds(ThumbnailSet, thumbnails=several, primary_thumbnail=thumbnails(), processing_metadata=work)


def contents() -> st.SearchStrategy[Content]:
    """Either half's content."""
    return captions() | thumbnail_sets()


def moments() -> st.SearchStrategy[datetime]:
    """Moments in UTC from the year 1 to 9999."""
    return st.datetimes(timezones=st.just(UTC))


def halves(kind: Kind | None = None, key: ProductKey | None = None) -> st.SearchStrategy[Half]:
    """Halves of ``kind`` (or any), of ``key`` (or any)."""
    told: st.SearchStrategy[Content] = (
        contents() if kind is None else captions() if kind is Kind.CAPTION else thumbnail_sets()
    )
    whose = keys() if key is None else st.just(key)
    return st.builds(_half, whose, moments(), told)


def _half(key: ProductKey, moment: datetime, content: Content) -> Half:
    return Half(key=key, version=Version.at(moment, digest_of(content)), content=content)


def event_bodies() -> st.SearchStrategy[tuple[Kind, str]]:
    """A queue and what may lie there: sound events, events cut short or of the other kind, and any text at all.

    Lone surrogates and NUL are among the texts.
    """
    sound = halves().map(lambda half: (half.kind, encode_event(half).decode()))
    cut = st.tuples(sound, st.integers(0, 200)).map(lambda made: (made[0][0], made[0][1][: made[1]]))
    astray = sound.map(lambda made: (made[0].partner, made[1]))
    anything = st.tuples(st.sampled_from(Kind), st.text(st.characters(), max_size=60))
    return sound | cut | astray | anything
