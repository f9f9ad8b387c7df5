"""Judge: build a value of the model from a raw object, with every fault and a note for every deviation.

The code walks through the fields that the model declares. It names none of them except the primary thumbnail, which
may refer to the other thumbnails. The rule of a field decides which values are valid, and
:mod:`~linkhub_core.wire.intake.spelling` which spellings are read. A fault in an essential field makes its object
unusable: the event is rejected, or the entry of a list is left out. Invalid decoration is left out with a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

import orjson
from attrs import define, field

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import CONTENT_CLASSES, Content, Kind, Note, ProductKey, Thumbnail
from linkhub_core.model.fields import ABSENT, FieldFacts, facts_of
from linkhub_core.model.rules import RuleBroken, ValueKind, kind_of
from linkhub_core.wire.intake.envelope import unwrap
from linkhub_core.wire.intake.spelling import box_sides, known_name, spell

T = TypeVar("T")
_LEFT_OUT: Any = object()
_NAMED = {name: re.compile(rf'"{name}"\s*:\s*"([^"]*)"') for name in ("seller_handle", "video_id")}


@define
class Report:
    """Collects faults, which reject the event, and notes, which do not."""

    faults: list[Fault] = field(factory=list)
    notes: list[Note] = field(factory=list)


def read_content(kind: Kind, document: Mapping[str, Any], report: Report) -> Content | None:
    """Read the content of a half.

    Args:
        kind: the kind of the half.
        document: the raw object; unknown fields are ignored.
        report: gets the faults and notes, each with its path.

    Returns:
        The content, or None if there are faults.
    """
    return read_object(CONTENT_CLASSES[kind], document, "", report)


def read_object(cls: type[T], document: Mapping[str, Any], path: str, report: Report) -> T | None:
    """Read a value of a class of the model; see :func:`read_content`."""
    faults_before = len(report.faults)
    values: dict[str, Any] = {}
    entries: Sequence[tuple[int, Any]] = ()
    for facts in facts_of(cls):
        received = _Received.of(document, facts, f"{path}.{facts.name}" if path else facts.name)
        if facts.nested is Thumbnail and not facts.is_list:
            value = _read_primary(received, entries, report)
        elif facts.is_list and not received.absent:
            entries = _read_entries(received, facts, report)
            value = _judged_entries(received, facts, entries, report)
        else:
            value = _read_field(cls, received, facts, report)
        if value is not _LEFT_OUT:
            values[facts.name] = value
    return cls(**values) if len(report.faults) == faults_before else None


@define
class _Received:
    """A field of the raw object: its path, the name and the value that were received."""

    path: str
    name: str | None
    value: Any
    respelled: bool

    @classmethod
    def of(cls, document: Mapping[str, Any], facts: FieldFacts, path: str) -> _Received:
        name = known_name(document, facts.name)
        value = None if name is None else document[name]
        return cls(path, name, value, name is not None and name != facts.name)

    @property
    def absent(self) -> bool:
        return self.value is None

    def notes(self, *rules: str) -> list[Note]:
        return [Note(self.path, rule) for rule in (*(("name_spelling",) if self.respelled else ()), *rules)]


def _read_field(cls: type[Any], received: _Received, facts: FieldFacts, report: Report) -> Any:
    """Return the value of a field, or ``_LEFT_OUT``."""
    if received.absent:
        return _absent(received, facts, report)
    inner = Report()
    try:
        value = _read_value(cls, received, facts, inner)
    except RuleBroken as broken:
        inner.faults.append(_fault(received.path, str(broken), facts))
        value = _LEFT_OUT
    if not inner.faults:
        report.notes += inner.notes
        return value
    if facts.essential:
        report.faults += inner.faults
    else:
        report.notes.append(Note(received.path, "unusable"))
    return _LEFT_OUT if facts.instead is ABSENT or facts.essential else facts.instead


def _read_value(cls: type[Any], received: _Received, facts: FieldFacts, report: Report) -> Any:
    if facts.rule is not None:
        meant, deviations = spell(cls, facts.name, facts.rule.kind, received.value)
        report.notes += received.notes(*deviations)
        return facts.rule.check(meant)
    nested = cast(type[Any], facts.nested)  # a field has either a rule or a nested class
    raw, deviations = box_sides(nested, received.value)
    if not isinstance(raw, Mapping):
        raise RuleBroken(f"must be an object, not {kind_of(raw)}")
    report.notes += received.notes(*deviations)
    return read_object(nested, raw, received.path, report)


def _absent(received: _Received, facts: FieldFacts, report: Report) -> Any:
    missing = received.name is None
    if facts.instead is not ABSENT:
        if facts.essential and (missing or not facts.nullable):
            report.notes.append(Note(received.path, "missing_as_null" if facts.instead is None else "missing_as_empty"))
        elif not facts.essential:
            report.notes.append(Note(received.path, "missing" if missing else "null"))
        else:
            report.notes += received.notes()
        return facts.instead
    if facts.essential:
        problem = "is missing" if missing else f"must be {_form(facts)}, not null"
        report.faults.append(_fault(received.path, problem, facts))
    elif facts.expected:
        report.notes.append(Note(received.path, "missing" if missing else "null"))
    return _LEFT_OUT


def _form(facts: FieldFacts) -> str:
    if facts.rule is None:
        return "a list of objects" if facts.is_list else "an object"
    forms = {ValueKind.TEXTS: "a list of texts", ValueKind.TIME: "a time", ValueKind.FLAG: "true or false"}
    numbers = {ValueKind.NUMBER, ValueKind.INTEGER, ValueKind.MONEY}
    return forms.get(facts.rule.kind, "a number" if facts.rule.kind in numbers else "text")


def _fault(path: str, problem: str, facts: FieldFacts) -> Fault:
    return Fault(path, f"{problem}; for example {orjson.dumps(_example(facts)).decode()}")


def _example(facts: FieldFacts) -> Any:
    if facts.nested is None:
        return facts.example
    entry = {inner.name: _example(inner) for inner in facts_of(facts.nested) if inner.essential}
    return [entry] if facts.is_list else entry


# --- lists of objects


def _read_entries(received: _Received, facts: FieldFacts, report: Report) -> Sequence[tuple[int, Any]]:
    """Return the usable entries of a list with their index as received; note the others."""
    raw = received.value
    if not isinstance(raw, list):
        return ()
    report.notes += received.notes(*(("over_limit",) if facts.most is not None and len(raw) > facts.most else ()))
    kept = []
    for index, entry in enumerate(raw[: facts.most]):
        inner = Report()
        place = f"{received.path}[{index}]"
        value = None
        if isinstance(entry, Mapping) and facts.nested is not None:
            value = read_object(facts.nested, entry, place, inner)
        if value is None:
            at = f"{place}.{facts.left_out_at}" if facts.left_out_at else place
            report.notes.append(Note(at, "entry_left_out"))
        else:
            report.notes += inner.notes
            kept.append((index, value))
    return kept


def _judged_entries(received: _Received, facts: FieldFacts, entries: Sequence[tuple[int, Any]], report: Report) -> Any:
    """Return the usable entries, if there are enough."""
    if isinstance(received.value, list) and len(entries) >= facts.least:
        return tuple([value for _, value in entries])
    if facts.essential:
        report.faults.append(_fault(received.path, _why_too_few(received.value, facts), facts))
    else:
        report.notes.append(Note(received.path, "unusable"))
    return _LEFT_OUT


def _why_too_few(raw: Any, facts: FieldFacts) -> str:
    if not isinstance(raw, list):
        return f"must be a list of objects, not {kind_of(raw)}"
    if not raw:
        return f"is empty, at least {facts.least} must be there"
    return f"no entry has a usable {facts.left_out_at}"


# --- the primary thumbnail


def _read_primary(received: _Received, thumbnails: Sequence[tuple[int, Any]], report: Report) -> Any:
    """Return the object sent, the thumbnail that a number or URL picks, the flagged one, or the first."""
    if isinstance(received.value, Mapping):
        inner = Report()
        if (own := read_object(Thumbnail, received.value, received.path, inner)) is not None:
            report.notes += [*received.notes(), *inner.notes]
            return own
    elif (picked := _picked(received.value, thumbnails)) is not None:
        report.notes.append(Note(received.path, "primary_by_reference"))
        return picked
    if not thumbnails:
        return _LEFT_OUT  # the thumbnails' own fault rejects the event
    report.notes.append(Note(received.path, "primary_chosen"))
    flagged = [thumbnail for _, thumbnail in thumbnails if thumbnail.is_primary]
    return flagged[0] if flagged else thumbnails[0][1]


def _picked(reference: Any, thumbnails: Sequence[tuple[int, Any]]) -> Thumbnail | None:
    """Return the thumbnail with this index as received, or with this URL."""
    if reference is None or isinstance(reference, bool):
        return None
    url, _ = spell(Thumbnail, "thumbnail_url", ValueKind.URL, reference)
    place, _ = spell(Thumbnail, "frame_index", ValueKind.INTEGER, reference)
    for index, thumbnail in thumbnails:
        is_place = isinstance(place, int | float | Decimal) and index == place
        if is_place or thumbnail.thumbnail_url == url:
            chosen: Thumbnail = thumbnail
            return chosen
    return None


# --- the ids of any body


def names_in(body: str) -> tuple[str | None, str | None]:
    """The seller and the video that a body names, also of a body that intake rejects; None if not named."""
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
