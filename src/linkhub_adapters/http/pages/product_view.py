"""A product as the pages show it, read from its stored JSON.

The rules are those of ``catalog.js`` and ``format.js``: the scripts take over what the server rendered, so both must
show the same. What a document lacks, or has of a wrong type, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Self

from attrs import frozen

from linkhub_adapters.http.pages.plain_text import printable

# A video's id is a TikTok snowflake, 19 digits today. Ids of other sources have other lengths.
_TIKTOK_VIDEO_ID: Final = re.compile(r"[0-9]{15,20}")
_SIZE: Final = re.compile(
    r"\d?x{0,4}[sml]|\d{1,3}(?:\.5)?|one-?size|free-?size|uk\d+|eu\d+|us\d+|\d{1,2}-\d{1,2}[ym]?",
    re.IGNORECASE | re.ASCII,
)
_SIZE_SEPARATOR: Final = re.compile(r"\s*[,;/|]\s*")
_WEB_URL: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_READ_BY_SCRIPTS: Final = (
    "video_id",
    "title",
    "price",
    "availability",
    "sizes",
    "tags",
    "raw_caption",
    "created_at",
    "updated_at",
)


@frozen(kw_only=True)
class ProductView:
    """One product. ``pictures`` are addresses, the primary thumbnail's first; ``document`` is what the scripts read."""

    seller_handle: str
    video_id: str
    title: str
    price: Decimal | None
    is_sold_out: bool
    sizes: Sequence[str]
    tags: Sequence[str]
    caption: str
    pictures: Sequence[str]
    video_seconds: float
    created_at: str
    updated_at: str
    document: Mapping[str, Any]

    @classmethod
    def of(cls, seller_handle: str, document: Mapping[str, Any]) -> Self:
        """Read a product's document."""
        thumbnails = [document.get("primary_thumbnail"), *_list(document.get("thumbnails"))]
        urls = [_text(thumbnail.get("thumbnail_url")) for thumbnail in thumbnails if isinstance(thumbnail, Mapping)]
        metadata = document.get("processing_metadata")
        seconds = metadata.get("video_duration") if isinstance(metadata, Mapping) else None
        seconds = seconds if isinstance(seconds, int | float) else 0
        tags = [_text(tag).lstrip("#").strip() for tag in _list(document.get("tags"))]
        return cls(
            seller_handle=seller_handle,
            video_id=_text(document.get("video_id")),
            title=_text(document.get("title")).strip() or "Untitled",
            price=_price(document.get("price")),
            is_sold_out=document.get("availability") == "sold_out",
            sizes=size_list(_text(document.get("sizes"))),
            tags=tuple(dict.fromkeys(filter(None, tags))),
            caption=_text(document.get("raw_caption")).strip(),
            pictures=tuple(dict.fromkeys(url for url in urls if _WEB_URL.fullmatch(url))),
            video_seconds=seconds,
            created_at=_text(document.get("created_at")),
            updated_at=_text(document.get("updated_at")),
            document=_read_by_scripts(document, thumbnails, seconds),
        )

    @property
    def video_url(self) -> str | None:
        """The video on TikTok, if its id is one of TikTok's."""
        if not _TIKTOK_VIDEO_ID.fullmatch(self.video_id):
            return None
        return f"https://www.tiktok.com/@{self.seller_handle}/video/{self.video_id}"


def shop_name(seller_handle: str) -> str:
    """A shop's name from its handle: ``nalu-fashion`` is "Nalu Fashion"."""
    words = filter(None, re.split(r"[._-]+", seller_handle))
    return " ".join(word[0].upper() + word[1:] for word in words) or seller_handle


def size_list(text: str) -> tuple[str, ...]:
    """Sizes as a list where the text is one, else the whole text as its only entry."""
    trimmed = text.strip()
    if not trimmed:
        return ()
    parts = [part for part in _SIZE_SEPARATOR.split(trimmed) if part]
    words = trimmed.split()
    if len(parts) == 1 and len(words) > 1 and all(map(_SIZE.fullmatch, words)):
        parts = words
    return tuple(dict.fromkeys(parts)) if len(parts) > 1 else (trimmed,)


def _read_by_scripts(document: Mapping[str, Any], thumbnails: Sequence[Any], seconds: float) -> Mapping[str, Any]:
    read = {name: _printable(document[name]) for name in _READ_BY_SCRIPTS if name in document}
    pictures = [
        {name: _printable(thumbnail[name]) for name in ("thumbnail_url", "frame_timestamp") if name in thumbnail}
        for thumbnail in thumbnails
        if isinstance(thumbnail, Mapping)
    ]
    return read | {
        "primary_thumbnail": pictures[0] if pictures else None,
        "thumbnails": pictures[1:],
        "processing_metadata": {"video_duration": seconds},
    }


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    return [_printable(one) for one in value] if isinstance(value, list) else value


def _text(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _price(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    price = value if isinstance(value, Decimal) else Decimal(repr(value))
    return price if price.is_finite() else None
