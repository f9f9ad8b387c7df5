"""Bodies of events with single fields changed, down to the spelling of a number."""

from __future__ import annotations

from typing import Any, Final

import orjson

from linkhub_core.codec import decode_event
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Half, Kind
from tests.support.builders import NOON, an_event

__all__ = ["MISSING", "body_of", "decode", "faults_of", "raw", "with_change"]

MISSING: Final = object()


def raw(text: str) -> orjson.Fragment:
    """JSON text that goes into a body as it is written here, sound or not."""
    return orjson.Fragment(text.encode("utf-8", "surrogatepass"))


def with_change(kind: Kind, path: str, value: object) -> str:
    """The body of a sound event of ``kind`` in which the value at ``path`` is another, or missing.

    A path is spelled as faults spell it: ``thumbnails[0].detected_objects[0].bbox.x``.
    """
    document = an_event(kind)
    *way, last = [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]
    place: Any = document
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return body_of(document)


def body_of(document: object) -> str:
    """The body that holds a document."""
    return orjson.dumps(document).decode("utf-8", "surrogatepass")


def decode(kind: Kind, body: str) -> Half:
    """Decode what was received at noon."""
    return decode_event(kind, body, NOON)


def faults_of(kind: Kind, body: str) -> dict[str, str]:
    """What is wrong with a body: problems by field, in the order in which they are told; empty where it is sound."""
    try:
        decode(kind, body)
    except MalformedEvent as malformed:
        faults: tuple[Fault, ...] = malformed.faults
        return {fault.field: fault.problem for fault in faults}
    return {}
