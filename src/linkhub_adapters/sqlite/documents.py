"""JSON as the file keeps it, read back with its price exact.

The fast parser reads a price with decimals as a float. A float gives back up to 15 digits as they were written, and a
price has at most 6 decimals: below 1e9 nothing is lost, and only what is dearer is read again, slowly and exactly.
"""

from __future__ import annotations

from typing import Any

import orjson

from linkhub_core.wire.json_text import exact_field

__all__ = ["read_document"]

_EXACT_BELOW = 1e9


def read_document(stored: bytes) -> dict[str, Any]:
    """Read a content or a product that was written by the codec."""
    document: dict[str, Any] = orjson.loads(stored)
    price = document.get("price")
    if isinstance(price, float) and price >= _EXACT_BELOW:
        document["price"] = exact_field(stored.decode(), "price", price)
    return document
