"""Limit the size of a normalised content by leaving out decoration.

A content may be larger than the event that it was read from: ``9e15`` has 16 digits in canonical form, a box of four
numbers gets four names, and a primary thumbnail that a number picks is a second copy. Stores and announcements have
size limits, so the canonical event (:func:`~linkhub_core.wire.codec.encode_event`) must keep the limit of an event. An
event in the exact form of the schema never exceeds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from linkhub_core.model import Note
from linkhub_core.model.fields import facts_of
from linkhub_core.wire.intake.envelope import MAX_EVENT_BYTES

_STAMP_BYTES = 512  # more than the ids and the time of an event need
MAX_SMALL_CONTENT_BYTES = MAX_EVENT_BYTES - _STAMP_BYTES  # below this size the event is not encoded to measure it


def without_lists(value: Any, path: str = "") -> tuple[Any, list[Note]]:
    """Return the value without the lists that are decoration, and a note for each of them."""
    changes: dict[str, Any] = {}
    notes: list[Note] = []
    for facts in facts_of(type(value)):
        inner, place = getattr(value, facts.name), f"{path}.{facts.name}" if path else facts.name
        if facts.nested is None or not inner:
            continue
        if facts.is_list and not facts.essential:
            changes[facts.name] = None
            notes.append(Note(place, "over_limit"))
            continue
        places: Mapping[str, Any] = (
            {f"{place}[{index}]": entry for index, entry in enumerate(inner)} if facts.is_list else {place: inner}
        )
        lighter = [without_lists(entry, at) for at, entry in places.items()]
        notes += [note for _, found in lighter for note in found]
        changes[facts.name] = tuple(entry for entry, _ in lighter) if facts.is_list else lighter[0][0]
    return evolve(value, **changes), notes
