"""A body for people: readable, marked, and still the same event."""

import json

import pytest

from linkhub_cli.views.message_body import editable_body, marked_body
from linkhub_core.errors import Fault


def test_one_field_a_line_with_each_fault_below_its_line() -> None:
    """A path finds its line, in lists and objects too; the first of two equal names is meant."""
    body = '{"a":1,"list":[{"b":true},{"b":null}],"empty":[],"none":{}}'
    assert list(marked_body(body, [Fault("list[1].b", "must be true or false"), Fault("a", "is odd")])) == [
        "{",
        '  "a": 1,',
        "  ^ a: is odd",
        '  "list": [',
        "    {",
        '      "b": true',
        "    },",
        "    {",
        '      "b": null',
        "      ^ list[1].b: must be true or false",
        "    }",
        "  ],",
        '  "empty": [],',
        '  "none": {}',
        "}",
    ]


@pytest.mark.parametrize(
    ("field", "line_before"), [("list[0].missing", "    {"), ("missing", None), ("", None), ("list[7]", '  "list": [')]
)
def test_a_fault_of_a_missing_field_is_shown_at_its_parent(field: str, line_before: str | None) -> None:
    """Else at the top."""
    lines = list(marked_body('{"list":[{"b":true}]}', [Fault(field, "is missing")]))
    place = next(number for number, line in enumerate(lines) if line.endswith("is missing"))
    assert (lines[place - 1] if place else None) == line_before


def test_the_event_stays_what_it_was() -> None:
    """Digits, names that stand twice, signs of any script, and what a terminal would act upon."""
    body = '{"price":12.500000000000000000001,"price":1e400,"t":"\\u001b[2J فستان \\ud83d\\udc83 \\ud800","n":NaN}'
    shown = editable_body(body)
    assert json.loads(shown, object_pairs_hook=list, parse_float=str, parse_constant=str) == json.loads(
        body, object_pairs_hook=list, parse_float=str, parse_constant=str
    )
    assert "فستان 💃" in shown
    assert "\x1b" not in shown


def test_an_event_comes_out_of_its_notification() -> None:
    """The operator edits the event, not the text within a text."""
    body = json.dumps({"Type": "Notification", "Message": '{"title":5}'})
    assert editable_body(body) == '{\n  "title": 5\n}\n'


@pytest.mark.parametrize("body", ["{'a': 1}", "", "two\nlines", "[" * 100_000], ids=["quotes", "blank", "text", "deep"])
def test_what_is_not_json_is_shown_as_it_is(body: str) -> None:
    """With the fault above it."""
    assert editable_body(body) == f"{body}\n"
    assert next(marked_body(body, [Fault("", "the body is not JSON")])) == "  ^ the body is not JSON"
