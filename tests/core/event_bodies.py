"""Bodies of events with single fields changed, down to the spelling of a number."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import orjson
from attrs import frozen

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Half, Kind
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.wire.codec import read_event


class _Missing(Enum):
    """A sentinel whose text is the same in every process: parallel runs must agree on the names of the tests."""

    MISSING = "missing"


MISSING: Final = _Missing.MISSING


@frozen
class _Raw:
    text: str


def raw(text: str) -> _Raw:
    """JSON text that goes into a body as it is written here, sound or not."""
    return _Raw(text)


def _as_written(value: object) -> orjson.Fragment:
    if not isinstance(value, _Raw):
        raise TypeError(f"{value!r} has no place in a body")
    return orjson.Fragment(value.text.encode("utf-8", "surrogatepass"))


def with_change(kind: Kind, path: str, value: object) -> str:
    """The body of a sound event of ``kind`` in which the value at ``path`` is another, or missing.

    A path is spelled as faults spell it: ``thumbnails[0].detected_objects[0].bbox.x``.
    """
    document = an_event(kind)
    *way, last = [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]
    place: Any = document
    for step in way:
        place = place[step]
    if value is MISSING and isinstance(place, dict):
        place.pop(last, None)
    elif value is MISSING:
        del place[last]
    else:
        place[last] = value
    return body_of(document)


def body_of(document: object) -> str:
    """The body that holds a document."""
    return orjson.dumps(document, default=_as_written).decode("utf-8", "surrogatepass")


def decode(kind: Kind, body: str) -> Half:
    """Decode what was received at noon."""
    return read_event(kind, body, NOON).half


def notes_of(kind: Kind, body: str) -> set[str]:
    """The fields that the intake noted when it read an accepted body."""
    return {note.field for note in read_event(kind, body, NOON).notes}


def faults_of(kind: Kind, body: str) -> dict[str, str]:
    """The faults of a body: problems by field, in the order in which they are reported; empty if it is valid."""
    try:
        decode(kind, body)
    except MalformedEvent as malformed:
        faults: tuple[Fault, ...] = malformed.faults
        return {fault.field: fault.problem for fault in faults}
    return {}
