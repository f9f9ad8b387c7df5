"""The table of deviations from the event schema that intake corrects or leaves out.

A :class:`~linkhub_core.model.Note` names a field and the rule of one of these deviations. The rule names are fixed:
they are labels of a metric, and logs and ``linkhub why`` show them. The reference page is generated from this table. A
test reads each example: ``received`` at ``field`` of a valid event gives ``becomes``.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Step(StrEnum):
    """The step of intake that finds a deviation."""

    UNWRAP = "unwrap"
    NORMALISE = "normalise"
    LEAVE_OUT = "leave out"


@frozen(kw_only=True)
class Deviation:
    """One deviation.

    Args:
        rule: the name.
        step: the step that finds it.
        meaning: what intake does, in one sentence.
        field: the field of the example; empty if the example is a whole body.
        received: the example as JSON text; None if the field is missing. In a whole body, ``EVENT`` is the
            event and ``TEXT`` the event as JSON text.
        becomes: the normalised value as JSON text; None if the field is left out.
    """

    rule: str
    step: Step
    meaning: str
    field: str = ""
    received: str | None = None
    becomes: str | None = None


def _unwrapped(rule: str, meaning: str, received: str) -> Deviation:
    return Deviation(rule=rule, step=Step.UNWRAP, meaning=meaning, received=received)


def _normalised(rule: str, meaning: str, field: str, received: str | None, becomes: str) -> Deviation:
    return Deviation(rule=rule, step=Step.NORMALISE, meaning=meaning, field=field, received=received, becomes=becomes)


def _left_out(rule: str, meaning: str, field: str, received: str | None) -> Deviation:
    return Deviation(rule=rule, step=Step.LEAVE_OUT, meaning=meaning, field=field, received=received)


_FIRST = "thumbnails[0]"
_OBJECT = f"{_FIRST}.detected_objects[0]"

DEVIATIONS: tuple[Deviation, ...] = (
    _unwrapped("byte_order_mark", "A byte order mark before the JSON is ignored.", "\ufeffEVENT"),
    _unwrapped(
        "nested_notification",
        "An SNS notification within another envelope is unwrapped.",
        '{"Type": "Notification", "Message": TEXT_OF_NOTIFICATION}',
    ),
    _unwrapped(
        "message_structure",
        "Of an SNS message with `MessageStructure: json`, the part `sqs` or `default` is taken.",
        '{"Type": "Notification", "Message": TEXT_OF_STRUCTURE}',
    ),
    _unwrapped(
        "eventbridge",
        "The `detail` of an EventBridge event is taken.",
        '{"version": "0", "detail-type": "CaptionParsed", "source": "ai.caption", "detail": EVENT}',
    ),
    _unwrapped(
        "cloudevent",
        "The `data` of a structured CloudEvent is taken.",
        '{"specversion": "1.0", "type": "caption.parsed", "source": "/ai", "id": "1", "data": EVENT}',
    ),
    _unwrapped(
        "wrapped",
        "Of an object without `video_id`, the `payload`, `data`, `body` or `message` that has one is taken.",
        '{"payload": EVENT}',
    ),
    _unwrapped("json_in_json", "JSON text within JSON text is read.", "TEXT"),
    _unwrapped("list_of_one", "The only entry of a list is taken.", "[EVENT]"),
    _unwrapped("other_queue", "An event on the other half's queue is taken for what it is.", "OTHER_EVENT"),
    _normalised(
        "name_spelling",
        "A field's name in camel or Pascal case is read.",
        "confidence_score",
        '"confidenceScore": 0.93',
        "0.93",
    ),
    _normalised(
        "number_as_text", "Text that is a number in JSON's grammar is read as that number.", "price", '"49.90"', "49.9"
    ),
    _normalised("price_rounded", "A price is rounded half-even to 6 decimals.", "price", "0.30000000000000004", "0.3"),
    _normalised("empty_as_null", "An empty price, empty sizes or blank text for them is null.", "price", '""', "null"),
    _normalised("missing_as_null", "A missing price or missing sizes are null.", "sizes", None, "null"),
    _normalised("sizes_as_list", 'A list of sizes is joined by `", "`.', "sizes", '["37", 38, null]', '"37, 38"'),
    _normalised("text_as_number", "A number where a text belongs is written as text.", "sizes", "40", '"40"'),
    _normalised("missing_as_empty", "Missing or null tags are an empty list.", "tags", "null", "[]"),
    _normalised("null_dropped", "A null among the tags is dropped.", "tags", '["a", null]', '["a"]'),
    _normalised("identifier_as_number", "A whole number up to 2**53 is an id.", "video_id", "123456", '"123456"'),
    _normalised(
        "spaces_around", "Spaces, tabs and line ends around an id are removed.", "video_id", '" 7301\\n"', '"7301"'
    ),
    _normalised(
        "at_before_handle", "One `@` before a handle is removed.", "seller_handle", '"@nalu-fashion"', '"nalu-fashion"'
    ),
    _normalised(
        "flag_spelling", "0, 1, and `true` and `false` as text are booleans.", f"{_FIRST}.is_primary", "1", "true"
    ),
    _normalised(
        "box_as_corners",
        "A box of two corners (`[x1, y1, x2, y2]` or `{x1, y1, x2, y2}`) gets a width and a height.",
        f"{_OBJECT}.bbox",
        "[12.5, 40, 220.25, 610]",
        '{"x": 12.5, "y": 40, "width": 207.75, "height": 570}',
    ),
    _normalised(
        "box_short_names",
        "The sides of a box may be named `w` and `h`.",
        f"{_OBJECT}.bbox",
        '{"x": 1, "y": 2, "w": 3, "h": 4}',
        '{"x": 1, "y": 2, "width": 3, "height": 4}',
    ),
    _normalised(
        "url_without_scheme",
        "`//host/...` gets `https:`.",
        f"{_FIRST}.thumbnail_url",
        '"//cdn.example.com/1.jpg"',
        '"https://cdn.example.com/1.jpg"',
    ),
    _normalised("nul_removed", "NUL characters are removed.", "title", '"He\\u0000els"', '"Heels"'),
    _normalised("half_surrogate", "Half a surrogate pair becomes U+FFFD.", "title", '"cut \\ud83d"', '"cut \\ufffd"'),
    _normalised(
        "time_spelling",
        "A time in another common form is read: lower case, `[Zone]`, ` UTC`, Go, a leap second, RFC 5322.",
        "timestamp",
        '"Thu, 15 Jan 2026 11:00:02 GMT"',
        '"2026-01-15T11:00:02Z"',
    ),
    _normalised(
        "time_as_number",
        "Seconds, milliseconds or microseconds since 1970, as number or text, are read by their magnitude.",
        "timestamp",
        "1768474802123",
        '"2026-01-15T11:00:02.123Z"',
    ),
    _normalised(
        "primary_chosen",
        "A primary thumbnail that is missing or unusable is the one flagged `is_primary`, else the first.",
        "primary_thumbnail",
        None,
        _FIRST,
    ),
    _normalised(
        "primary_by_reference",
        "A number (from 0) or a URL picks the primary thumbnail among the thumbnails.",
        "primary_thumbnail",
        "0",
        _FIRST,
    ),
    _left_out(
        "missing",
        "A field that the schema requires is missing; it is decoration.",
        "processing_metadata.video_duration",
        None,
    ),
    _left_out("null", "A field that the schema requires is null; it is decoration.", f"{_FIRST}.quality_score", "null"),
    _left_out(
        "unusable", "Decoration with a value that its rule does not allow is left out.", "confidence_score", "-0.01"
    ),
    _left_out(
        "entry_left_out",
        "A thumbnail without a usable URL, or an object that is not whole, is left out.",
        _OBJECT,
        "{}",
    ),
    _left_out(
        "over_limit",
        "Past 100 thumbnails the first 100 count; of a content larger than an event, detected objects are left out.",
        "thumbnails",
        "101 thumbnails",
    ),
)
