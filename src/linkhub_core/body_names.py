"""The seller and the video that a body names, even one that the codec refuses: for whoever looks after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linkhub_core import json_text
from linkhub_core.codec import unwrap
from linkhub_core.errors import MalformedEvent

__all__ = ["names_in"]

_NAMED = {name: re.compile(rf'"{name}"\s*:\s*"([^"]*)"') for name in ("seller_handle", "video_id")}


def names_in(body: str) -> tuple[str | None, str | None]:
    """The seller and the video that a body names, even one that is malformed; none where it does not say."""
    try:
        event = unwrap(body)[0]
    except MalformedEvent:
        event = body
    try:
        document: Mapping[str, Any] = json_text.parse_object(event)[0]
    except MalformedEvent:
        document = {name: found.group(1) for name, named in _NAMED.items() if (found := named.search(event))}
    seller, video = document.get("seller_handle"), document.get("video_id")
    return seller if isinstance(seller, str) else None, video if isinstance(video, str) else None
