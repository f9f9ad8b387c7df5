"""Unwrap: remove up to four envelopes around an event.

    SNS notification      Type "Notification"             Message, also with MessageStructure json
    EventBridge event     detail-type and detail          detail
    CloudEvent            specversion and data            data
    wrapper               no video_id                     the payload, data, body or message that has one
    JSON text in JSON     "{...}"                         the text
    list                  [{...}]                         its only entry

One SNS notification needs no note: it is how a topic delivers to a queue. Bodies of other known formats are rejected
by :mod:`~linkhub_core.wire.intake.foreign`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from attrs import field, frozen

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Note
from linkhub_core.wire import json_text
from linkhub_core.wire.intake.foreign import WRAPPERS, foreign_document, foreign_text
from linkhub_core.wire.intake.spelling import known_name

MAX_EVENT_BYTES = 100 * 1024
MAX_BODY_BYTES = 1024 * 1024
MAX_LAYERS = 4
_SEARCHED_LAYERS = 2 * MAX_LAYERS  # deeper than MAX_LAYERS, so that the fault can name the depth

_BYTE_ORDER_MARK = "\ufeff"


class Unwrapped(NamedTuple):
    """An event without its envelopes.

    Args:
        event: the raw object.
        text: the JSON text of the event.
        attributes: the text attributes of the envelopes, such as ``correlationId`` and ``traceparent``.
        notes: one for each envelope that is a deviation.
    """

    event: Mapping[str, Any]
    text: str
    attributes: Mapping[str, str] = MappingProxyType({})
    notes: Sequence[Note] = ()


def unwrap(body: str) -> Unwrapped:
    """Return the event of a message body.

    Raises:
        MalformedEvent: the body is larger than 1 MiB or its event larger than 100 KiB; it is not JSON, holds no object
            or several, has more than four envelopes, or is another known format.
    """
    _check_size(body, MAX_BODY_BYTES)
    opened = _open(body)
    _check_size(opened.text, MAX_EVENT_BYTES)
    return opened


def _check_size(text: str, most: int) -> None:
    if len(text) > most // 4 and json_text.size_bytes(text) > most:
        raise MalformedEvent(
            [Fault("", f"the body has {json_text.size_bytes(text):,} bytes, {most:,} are allowed for an event")]
        )


@frozen
class _Layer:
    """The content of one envelope (an object, a list or text), its deviation and its attributes."""

    content: Any
    rule: str
    attributes: Mapping[str, str] = field(factory=dict)


def _open(body: str) -> Unwrapped:
    text, value = body, _parsed(body)
    if type(value) is dict and "video_id" in value and not _marks(body):
        return Unwrapped(event=value, text=text)  # the usual case
    attributes: dict[str, str] = {}
    deviations = _marks(body)
    layers: list[str] = []
    exact = False
    while (layer := _outermost(value)) is not None:
        layers.append(layer.rule)
        if len(layers) > MAX_LAYERS:
            raise MalformedEvent([Fault("", f"the event is wrapped in more than {MAX_LAYERS} layers")])
        attributes = {**layer.attributes, **attributes}
        if isinstance(layer.content, str):
            text, value, exact = layer.content, _parsed(layer.content), False
            deviations += _marks(text)
        elif not exact:
            # An object within an object has no text of its own, and a price in it has to stay exact.
            value, exact = json_text.parse_exactly(text.removeprefix(_BYTE_ORDER_MARK)), True
            layers.pop()
        else:
            value = layer.content
    if not isinstance(value, dict):
        raise MalformedEvent([Fault("", foreign_document(value) or "the body must be a JSON object")])
    if known_name(value, "video_id") is None and (foreign := foreign_document(value)):
        raise MalformedEvent([Fault("", foreign)])
    if "nested_notification" in layers:  # one is the usual way from a topic to a queue
        layers.remove("nested_notification")
    notes = [Note("", rule) for rule in dict.fromkeys(deviations + layers)]
    own_text = _text_of(value) if exact else text.removeprefix(_BYTE_ORDER_MARK)
    return Unwrapped(event=value, text=own_text, attributes=attributes, notes=notes)


def _marks(text: str) -> list[str]:
    return ["byte_order_mark"] if text.startswith(_BYTE_ORDER_MARK) else []


def _parsed(text: str) -> Any:
    if not text or text.isspace():
        raise MalformedEvent([Fault("", "the body is blank")])
    try:
        return json_text.parse(text.removeprefix(_BYTE_ORDER_MARK))
    except MalformedEvent as malformed:
        if foreign := foreign_text(text):
            raise MalformedEvent([Fault("", foreign)]) from malformed
        raise


def _text_of(value: Any) -> str:
    """Return the JSON text of an object that was parsed exactly; numbers keep their digits."""
    try:
        return orjson.dumps(value, default=_digits).decode()
    except (TypeError, orjson.JSONEncodeError):  # a lone surrogate, a large integer, or nested deeply
        return _text_by_the_standard_library(value)


def _digits(value: object) -> orjson.Fragment:
    return orjson.Fragment(str(value))


def _text_by_the_standard_library(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=float)
    except RecursionError:
        raise MalformedEvent([Fault("", "the body is nested too deeply")]) from None


# --- layers


def _outermost(value: Any) -> _Layer | None:
    """Return the outermost envelope of a value, or None if the value is the event or no envelope."""
    if isinstance(value, str):
        return _Layer(value, "json_in_json")
    if isinstance(value, list):
        return _Layer(value[0], "list_of_one") if len(value) == 1 else None
    if not isinstance(value, dict) or known_name(value, "video_id") is not None:
        return None
    return next((layer for layer in (envelope(value) for envelope in _ENVELOPES) if layer is not None), None)


def _notification(value: Mapping[str, Any]) -> _Layer | None:
    if value.get("Type") != "Notification":
        return None
    message = value.get("Message")
    if isinstance(message, str) and isinstance(parts := _object_in(message), dict):
        part = parts.get("sqs", parts.get("default"))
        if isinstance(part, str | dict | list) and known_name(parts, "video_id") is None:
            return _Layer(part, "message_structure", _attributes_of(value))
    if not isinstance(message, str | dict | list):
        raise MalformedEvent([Fault("Message", "an SNS notification must carry its message as text")])
    return _Layer(message, "nested_notification", _attributes_of(value))


def _attributes_of(notification: Mapping[str, Any]) -> Mapping[str, str]:
    raw = notification.get("MessageAttributes")
    entries = raw.items() if isinstance(raw, dict) else ()
    texts = {name: entry.get("Value") for name, entry in entries if isinstance(entry, dict)}
    return {name: value for name, value in texts.items() if isinstance(value, str) and _is_sound(value)}


def _is_sound(value: str) -> bool:
    """Whether logs, queues and stores accept the text."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _eventbridge(value: Mapping[str, Any]) -> _Layer | None:
    if "detail-type" not in value or not isinstance(value.get("detail"), str | dict | list):
        return None
    is_foreign = foreign_document(value) is not None and not _holds_event(value["detail"], _SEARCHED_LAYERS)
    return None if is_foreign else _Layer(value["detail"], "eventbridge")


def _cloudevent(value: Mapping[str, Any]) -> _Layer | None:
    if "specversion" not in value or not isinstance(value.get("data"), str | dict | list):
        return None
    trace = value.get("traceparent")
    attributes = {"traceparent": trace} if isinstance(trace, str) and _is_sound(trace) else {}
    return _Layer(value["data"], "cloudevent", attributes)


def _wrapper(value: Mapping[str, Any]) -> _Layer | None:
    names = (known_name(value, name) for name in WRAPPERS)
    contents = (value[name] for name in names if name is not None)
    return next((_Layer(content, "wrapped") for content in contents if _holds_event(content, _SEARCHED_LAYERS)), None)


_ENVELOPES: tuple[Callable[[Mapping[str, Any]], _Layer | None], ...] = (
    _notification,
    _eventbridge,
    _cloudevent,
    _wrapper,
)


def _object_in(text: str) -> Any:
    """Return the parsed JSON of a text, or None if it is not JSON."""
    try:
        return json_text.parse(text)
    except MalformedEvent:
        return None


def _holds_event(content: Any, layers: int) -> bool:
    """Whether the content has an object with ``video_id``, at most ``layers`` below."""
    if isinstance(content, str):
        content = _object_in(content)
    if isinstance(content, dict) and known_name(content, "video_id") is not None:
        return True
    return layers > 1 and any(_holds_event(inner, layers - 1) for inner in _inner(content))


def _inner(content: Any) -> Iterator[Any]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from content if len(content) == 1 else ()
    elif isinstance(content, dict):
        names = ("Message", "detail", *(known_name(content, name) for name in WRAPPERS))
        yield from (content[name] for name in names if name in content)
