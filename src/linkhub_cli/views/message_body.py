"""A message's body for people: one field a line, and each fault below its line.

The output may be edited and sent again: numbers keep the sender's text, repeated names stay, and a body that is not
JSON is shown unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from linkhub_cli.views.output import plain
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.wire.intake import unwrap

_INDENT = "  "


class _Pairs(list[tuple[str, Any]]):
    """An object's fields in the order of the text."""


class _Digits(str):
    """A number's own text."""


@frozen
class _Line:
    """One line of the body. ``path`` names the value that begins there, as a fault names it."""

    path: str
    text: str


def editable_body(body: str) -> str:
    """The event of a body without its envelope, one field a line; unchanged if it is not JSON."""
    return "\n".join(line.text for line in _lines(_event_of(body))) + "\n"


def marked_body(body: str, faults: Sequence[Fault]) -> Iterator[str]:
    """The lines of :func:`editable_body`, with an arrow and the problem after each line that a fault is about.

    A fault of an absent field follows its parent; a fault of the whole body comes first. The output has no control
    characters.
    """
    lines = _lines(_event_of(body))
    places = {line.path: place for place, line in reversed(list(enumerate(lines)))}
    problems: dict[int, list[str]] = {}
    for fault in faults:
        problems.setdefault(_place_of(fault.field, places), []).append(str(fault))
    yield from (f"  ^ {plain(problem)}" for problem in problems.get(-1, []))
    for place, line in enumerate(lines):
        yield plain(line.text)
        margin = " " * (len(line.text) - len(line.text.lstrip()))
        yield from (f"{margin}^ {plain(problem)}" for problem in problems.get(place, []))


def _event_of(body: str) -> str:
    try:
        return unwrap(body).text
    except MalformedEvent:
        return body


def _place_of(path: str, places: dict[str, int]) -> int:
    """The line of a path or of its nearest parent; -1 is above the body."""
    while path and path not in places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return places[path] if path else -1


def _lines(text: str) -> Sequence[_Line]:
    try:
        document = json.loads(
            text, object_pairs_hook=_Pairs, parse_float=_Digits, parse_int=_Digits, parse_constant=_Digits
        )
        return list(_rendered(document, "", "", ""))
    except (ValueError, RecursionError):
        return [_Line("", line) for line in text.splitlines()]


def _rendered(value: Any, path: str, before: str, after: str) -> Iterator[_Line]:
    """The lines of a value: ``before`` starts its first line, ``after`` ends its last."""
    if not isinstance(value, list) or not value:
        yield _Line(path, f"{before}{_scalar(value)}{after}")
        return
    opening, closing = "{}" if isinstance(value, _Pairs) else "[]"
    margin = before[: len(before) - len(before.lstrip())]
    yield _Line(path, f"{before}{opening}")
    for position, entry in enumerate(value):
        comma = "" if position == len(value) - 1 else ","
        if isinstance(value, _Pairs):
            name, inner = entry
            here = f"{path}.{name}" if path else name
            yield from _rendered(inner, here, f"{margin}{_INDENT}{_scalar(name)}: ", comma)
        else:
            yield from _rendered(entry, f"{path}[{position}]", f"{margin}{_INDENT}", comma)
    yield _Line("", f"{margin}{closing}{after}")


def _scalar(value: Any) -> str:
    if isinstance(value, _Digits):
        return value
    if isinstance(value, _Pairs):
        return "{}"
    text = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)
