"""Texts of products for places that have no markup of their own: titles, attributes, JSON-LD and XML.

A text of an event may hold any character. XML 1.0 allows no control characters, an answer in UTF-8 no lone surrogates,
and a control of direction would turn the words around it.
"""

from __future__ import annotations

import re
from typing import Final

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES: Final = re.compile(r"\s+")


def printable(text: str) -> str:
    """The text with U+FFFD in place of each character that XML or UTF-8 does not allow."""
    if text.isascii() and text.isprintable():
        return text  # as nearly every text is
    return _FORBIDDEN.sub("\ufffd", text)


def one_line(text: str, most: int) -> str:
    """The text in one line of at most ``most`` characters, without controls of direction."""
    line = _SPACES.sub(" ", _DIRECTION.sub("", printable(text))).strip()
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
