"""The seller and the video that a body names, even a body that the intake rejects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import ProductKey
from linkhub_core.wire.intake import Report, read_object, unwrap
from linkhub_core.wire.intake.spelling import known_name

_NAMED = {name: re.compile(rf'"{name}"\s*:\s*"([^"]*)"') for name in ("seller_handle", "video_id")}


def names_in(body: str) -> tuple[str | None, str | None]:
    """The seller and the video that a body names, spelled as in a product where they are right; none if not named."""
    try:
        document: Mapping[str, Any] = unwrap(body).event
    except MalformedEvent:
        document = {name: found.group(1) for name, named in _NAMED.items() if (found := named.search(body))}
    if (key := read_object(ProductKey, document, "", Report())) is not None:
        return key.seller_handle, key.video_id
    seller, video = (_text_at(document, name) for name in ("seller_handle", "video_id"))
    return seller, video


def _text_at(document: Mapping[str, Any], field: str) -> str | None:
    name = known_name(document, field)
    value = None if name is None else document[name]
    return value if isinstance(value, str) else None
