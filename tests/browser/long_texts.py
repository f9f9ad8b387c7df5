"""Texts without a place to break them, and products that consist of such a text: no page may grow wider for them."""

from __future__ import annotations

from typing import Any

from tests.browser.samples import sample_product

LONGEST_HANDLE = "W" * 64
_FAMILY = "👩‍👩‍👧‍👦"
_JOINER = "\u200d"
TEXTS = {
    "latin": "W" * 500,
    "no-break spaces": "\u00a0".join(["Mmmm"] * 100),
    "word joiners": "\u2060".join("M" * 200),
    "digits": "9" * 500,
    "address": f"https://example.com/{'a-b_c.d/' * 60}",
    "emoji": _FAMILY * 100,
    "arabic": "مستحضرات" * 50,
    "chinese": "连衣裙" * 150,
    "thai": "ชุดเดรส" * 60,
    "stacked accents": "Z" + "\u0301\u0323" * 200,
}
# To Unicode this is a single character, so it is cut at the edge of its box, never broken.
ONE_CHARACTER = _JOINER.join([_FAMILY] * 40)


def extreme_product(number: int, text: str) -> dict[str, Any]:
    """A product in which every text is this one, at its greatest price, with as many tags as there can be."""
    tags = [text, *(f"{text[:40]}{index}" for index in range(40))]
    return sample_product(
        number, title=text, price=999_999_999_999_999, sizes=f"{text}, S, M", tags=tags, raw_caption=text
    )
