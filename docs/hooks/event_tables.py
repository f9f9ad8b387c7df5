"""Draws what is known of events: the fields from the model, the deviations and the foreign bodies from the intake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from linkhub_core.model import (
    BoundingBox,
    Caption,
    DetectedObject,
    EventTime,
    ProcessingMetadata,
    ProductKey,
    Thumbnail,
    ThumbnailSet,
)
from linkhub_core.model.fields import ABSENT, FieldFacts, facts_of
from linkhub_core.model.rules import FieldRule, ValueKind
from linkhub_core.wire.intake import DEVIATIONS, FOREIGN, Deviation, Step

# --- fields


def fields(*classes: type[Any], wrong: str = "rejected") -> Callable[[], str]:
    """The table of the fields of some classes; ``wrong`` says what happens if an essential one is wrong."""

    def table() -> str:
        rows = [_field_row(facts, wrong) for cls in classes for facts in facts_of(cls)]
        head = ["| field | value | in the schema | if it is wrong | meaning | example |", "|---|---|---|---|---|---|"]
        return "\n".join([*head, *rows])

    return table


def _field_row(facts: FieldFacts, wrong: str) -> str:
    schema = "required" if facts.expected else "optional"
    cells = (f"`{facts.name}`", _value(facts), schema, _if_wrong(facts, wrong), facts.meaning, _example(facts))
    return f"| {' | '.join(cells)} |"


def _if_wrong(facts: FieldFacts, wrong: str) -> str:
    if not facts.essential:
        return "left out"
    if facts.nested is Thumbnail and not facts.is_list:
        return "another is chosen"
    return wrong if facts.instead is ABSENT else f"{wrong}; if it is missing, it is {_code(facts.instead)}"


def _example(facts: FieldFacts) -> str:
    return "" if facts.nested is not None else _code(facts.example)


def _value(facts: FieldFacts) -> str:
    if facts.nested is not None:
        name = f"`{facts.nested.__name__}`"
        most = "" if facts.most is None else f" {facts.least} to {facts.most}"
        return f"a list of{most} {name}" if facts.is_list else name
    if not isinstance(facts.rule, FieldRule):
        raise TypeError(f"{facts.name} has no rule")
    return _VALUES[facts.rule.kind](facts.rule.schema) + (" or null" if facts.nullable else "")


def _text(schema: Mapping[str, Any]) -> str:
    blank = ", not blank" if "pattern" in schema else ""
    return f"text{_at_most(schema, 'maxLength', 'characters')}{blank}"


def _at_most(schema: Mapping[str, Any], name: str, unit: str) -> str:
    return f" of at most {schema[name]:,} {unit}" if name in schema else ""


def _number(schema: Mapping[str, Any]) -> str:
    least = f" of at least {schema['minimum']:,}" if "minimum" in schema else ""
    return f"a number{least}"


_VALUES: Mapping[ValueKind, Callable[[Mapping[str, Any]], str]] = {
    ValueKind.TEXT: _text,
    ValueKind.TEXTS: lambda schema: f"a list of at most {schema['maxItems']:,} entries, each {_text(schema['items'])}",
    ValueKind.IDENTIFIER: lambda schema: f"text that matches `{_in_cell(schema['pattern'])}`",
    ValueKind.URL: lambda schema: f"an http or https URL{_at_most(schema, 'maxLength', 'characters')}",
    ValueKind.NUMBER: _number,
    ValueKind.INTEGER: lambda _: "a whole number",
    ValueKind.MONEY: lambda schema: f"a number from {schema['minimum']:,} to {schema['maximum']:,}",
    ValueKind.FLAG: lambda _: "`true` or `false`",
    ValueKind.TIME: lambda _: "a time as ISO 8601 has it",
}


# --- deviations


def deviations(step: Step) -> Callable[[], str]:
    """The table of the deviations that one step meets."""

    def table() -> str:
        met = [deviation for deviation in DEVIATIONS if deviation.step is step]
        if step is Step.UNWRAP:
            head = ["| rule | what happens | body |", "|---|---|---|"]
            return "\n".join([*head, *(f"| `{each.rule}` | {each.meaning} | {_received(each)} |" for each in met)])
        head = ["| rule | what happens | field | received | read as |", "|---|---|---|---|---|"]
        return "\n".join([*head, *map(_deviation_row, met)])

    return table


def _deviation_row(deviation: Deviation) -> str:
    becomes = "absent" if deviation.becomes is None else f"`{_in_cell(deviation.becomes)}`"
    return (
        f"| `{deviation.rule}` | {deviation.meaning} | `{deviation.field}` | {_received(deviation)} |"
        f" {becomes if deviation.rule != 'over_limit' else 'the first 100'} |"
    )


def _received(deviation: Deviation) -> str:
    if deviation.received is None:
        return "missing"
    return f"`{_in_cell(deviation.received.replace(chr(0xFEFF), '<U+FEFF>'))}`"


def foreign_bodies() -> str:
    """The list of what is rejected by its name."""
    return "\n".join(f"- {name}" for name in FOREIGN)


def _code(value: Any) -> str:
    return f"`{_in_cell(json.dumps(value))}`"


def _in_cell(text: str) -> str:
    """Text within a cell: a bar would end it."""
    return text.replace("|", "\\|")


PIECES: Mapping[str, Callable[[], str]] = {
    "event_fields": fields(ProductKey, EventTime),
    "caption_fields": fields(Caption),
    "thumbnail_set_fields": fields(ThumbnailSet),
    "thumbnail_fields": fields(Thumbnail, wrong="the thumbnail is left out"),
    "detected_object_fields": fields(DetectedObject, BoundingBox, wrong="the object is left out"),
    "processing_metadata_fields": fields(ProcessingMetadata),
    "unwrapped": deviations(Step.UNWRAP),
    "normalised": deviations(Step.NORMALISE),
    "left_out": deviations(Step.LEAVE_OUT),
    "foreign_bodies": foreign_bodies,
}
