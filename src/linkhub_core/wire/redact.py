"""Redact a message: other letters and digits in its texts and URLs, the same shape and the same sizes.

Rule 1. A character becomes another one of its class, with as many bytes in UTF-8: an upper case letter, a lower case
        one, a letter of a script without case, a digit, a pictogram. All others stay: punctuation, spaces, controls.
Rule 2. Equal texts get equal replacements under one key, so copies stay copies, and a primary thumbnail is still found.
Rule 3. Numbers, times, ids, correlation ids, the names of fields and the marks of envelopes stay, so halves still join
        and bodies are still read, or rejected, for the same reason. A URL keeps ``http`` or ``https``.
Rule 4. JSON within text is redacted as JSON. What is not JSON keeps its punctuation and its numbers between it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import shake_128
from itertools import islice
from string import ascii_lowercase, ascii_uppercase, digits

from attrs import field, frozen

from linkhub_core.errors import MalformedEvent
from linkhub_core.wire import json_text

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^"{}\[\],:]+', re.DOTALL)
_LITERAL = re.compile(r"\s*(?:-?[0-9][0-9.eE+-]*|-?Infinity|NaN|true|false|null|True|False|None)?\s*")
_PIECE = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u[0-9a-fA-F]{4}|\\.|[^\\]+|\\", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$@][\w$.:@-]{0,63}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.,]+(?: ?(?:[Zz]|UTC|GMT|[+-]\d\d:?\d\d))?)?", re.ASCII)
_SCHEME = re.compile(r"\s*[Hh][Tt][Tt][Pp][Ss]?:(?=//)")
# Within these, letters are hexadecimal digits.
_HEX = re.compile(r"%[0-9A-Fa-f]{2}|\[[0-9A-Fa-f:.]+\]")
_ENVELOPE_MARKS = ("type", "messagestructure", "specversion", "detailtype", "source", "eventsource", "event")
_IDS = ("videoid", "sellerhandle", "correlationid", "traceparent")
_KEPT = frozenset((*_ENVELOPE_MARKS, *_IDS, "timestamp", "linkhubfirstsentat"))
_TEXTS = frozenset(("title", "rawcaption", "tags", "sizes", "classname"))
_CLASSES = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "So")
_ASCII = (ascii_lowercase, ascii_uppercase, digits)
_HEX_ASCII = ("abcdef", "ABCDEF", digits)


@frozen
class Redaction:
    """Redacts bodies and attributes. ``key`` is secret: without it a guessed text cannot be compared."""

    key: bytes = field(repr=False)

    def body(self, body: str) -> str:
        """Redact a body, whether it is JSON or not."""
        if not body.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"')):
            return body if _LITERAL.fullmatch(body) else self._replaced(body)
        return "".join(self._tokens(body))

    def attributes(self, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Redact attributes; their names stay."""
        return {name: self._value(name, value) for name, value in attributes.items()}

    def _tokens(self, body: str) -> Iterator[str]:
        parts = _TOKEN.findall(body)
        names: list[str] = [""]  # the field that each open object or list is in, and the present one
        for place, part in enumerate(parts):
            if part in "{[":
                names.append(names[-1])
            elif part in "}]" and len(names) > 1:
                names.pop()
            if not part.startswith('"'):
                yield part if part in "{}[],:" or _LITERAL.fullmatch(part) else self._replaced(part)
                continue
            inner = part[1:-1] if len(part) > 1 and part.endswith('"') else part[1:]
            if _is_name(parts, place) and _NAME.fullmatch(inner):
                names[-1] = inner
                yield part
            else:
                yield f'"{self._within_escapes(names[-1], inner)}{part[1 + len(inner) :]}'

    def _within_escapes(self, name: str, text: str) -> str:
        if "\\" not in text:
            return self._value(name, text)
        pieces = _PIECE.findall(text)
        plain = [_unescaped(piece) for piece in pieces]
        redacted = iter(self._value(name, "".join(plain)))
        return "".join(
            _respelled(piece, old, "".join(islice(redacted, len(old))))
            for piece, old in zip(pieces, plain, strict=True)
        )

    def _value(self, name: str, text: str) -> str:
        plain = re.sub("[_-]", "", name).lower()
        if plain in _KEPT or (plain not in _TEXTS and (_LITERAL.fullmatch(text) or _TIME.fullmatch(text))):
            return text
        return self.body(text) if plain not in _TEXTS and _is_json(text) else self._replaced(text)

    def _replaced(self, text: str) -> str:
        scheme = _SCHEME.match(text)
        if scheme is not None:  # with and without it a URL is the same
            return scheme[0] + self._replaced(text[scheme.end() :])
        data = text.encode("utf-8", "surrogatepass")
        stream = shake_128(self.key + data).digest(len(text))
        if text.isascii() and "%" not in text and "[" not in text:
            return bytes([_ASCII_PEERS[byte][number] for byte, number in zip(data, stream, strict=True)]).decode()
        in_hex = {place for found in _HEX.finditer(text) for place in range(*found.span())}
        return "".join(
            _chosen(sign, number, place in in_hex)
            for place, (sign, number) in enumerate(zip(text, stream, strict=True))
        )


def _is_name(parts: list[str], place: int) -> bool:
    """Whether a colon follows."""
    following = next((part for part in parts[place + 1 : place + 3] if not part.isspace()), "")
    return following == ":"


def _is_json(text: str) -> bool:
    if not text.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"')):
        return False
    try:
        json_text.parse(text.removeprefix("\ufeff"))
    except MalformedEvent:
        return False
    return True


def _chosen(sign: str, number: int, in_hex: bool) -> str:
    peers = _peers(sign, in_hex)
    return peers[number % len(peers)] if peers else sign


@lru_cache(maxsize=4_096)
def _peers(sign: str, in_hex: bool) -> str:
    """The other characters of its class; of one beyond ASCII those that differ from it in the last byte only."""
    if sign.isascii():
        letters = next((alphabet for alphabet in (_HEX_ASCII if in_hex else _ASCII) if sign in alphabet), "")
        return letters.replace(sign, "")
    kind, block = unicodedata.category(sign), ord(sign) & ~63
    peers = (chr(block + number) for number in range(64)) if kind in _CLASSES else ()
    return "".join(peer for peer in peers if unicodedata.category(peer) == kind and peer != sign)


# For each ASCII character: the replacement for each byte of the stream.
_ASCII_PEERS = ["".join(_chosen(chr(code), number, False) for number in range(256)).encode() for code in range(128)]


def _respelled(piece: str, old: str, new: str) -> str:
    """The redacted form of a part of a JSON text: an escape stays one."""
    return piece if old == new else _escaped(new) if piece.startswith("\\u") else new


def _unescaped(piece: str) -> str:
    if not piece.startswith("\\") or len(piece) == 1:
        return piece
    if piece.startswith("\\u"):
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in piece.split("\\u")[1:])
        return units.decode("utf-16-be", "surrogatepass")
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(piece[1], piece[1])


def _escaped(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
