"""The input of ``publish``: JSON lines, each a message for one of the queues.

A line is ``{"queue": "caption" | "thumbnail", "body": "..."}``, whose body is sent unchanged, well-formed or not; or a
bare event, perhaps in an envelope, whose fields show its queue. This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import CONTENT_CLASSES, Kind
from linkhub_core.model.fields import facts_of
from linkhub_core.ports import OutgoingMessage
from linkhub_core.wire import json_text
from linkhub_core.wire.intake import unwrap
from linkhub_core.wire.intake.spelling import known_name

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@frozen(kw_only=True)
class EventLine:
    """A line with a message, or with the problem that it has none.

    ``place`` is ``<file>:<line>``, a correlation id. ``received_at`` is of a recorded message.
    """

    place: str
    size_bytes: int
    message: OutgoingMessage | None = None
    problem: str = ""
    received_at: datetime | None = None


def read_line(place: str, raw: bytes) -> EventLine:
    """Read one line."""
    try:
        kind, body = _read(raw.decode("utf-8").strip())
    except UnicodeDecodeError as error:
        return EventLine(place=place, size_bytes=len(raw), problem=f"is not UTF-8: {error.reason}")
    except (MalformedEvent, _Unclear) as error:
        return EventLine(place=place, size_bytes=len(raw), problem=str(error))
    message = OutgoingMessage(kind=kind, body=body, attributes={"correlationId": place})
    return EventLine(place=place, size_bytes=len(raw), message=message)


def read_lines(
    name: str, lines: Iterable[bytes], read: Callable[[str, bytes], EventLine] = read_line
) -> Iterator[EventLine]:
    """Read every line that is not blank; ``read`` is :func:`read_line` or another function.

    ``name`` is that of the file, as correlation ids show it.
    """
    for number, raw in enumerate(lines, 1):
        line = raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw
        if line.strip():
            yield read(f"{name}:{number}", line)


class _Unclear(ValueError):
    """A line does not show its queue."""


def _read(line: str) -> tuple[Kind, str]:
    document = json_text.parse(line)
    if isinstance(document, dict) and "queue" in document and "body" in document:
        return _addressed(document["queue"], document["body"])
    return _kind_of(unwrap(line).event), line


def _addressed(queue: Any, body: Any) -> tuple[Kind, str]:
    if queue not in list(Kind):
        raise _Unclear(f"queue: must be {' or '.join(Kind)}, not {queue!r}")
    if not isinstance(body, str):
        raise _Unclear("body: must be text; write an event that is an object without this wrapper")
    return Kind(queue), body


def _kind_of(event: Mapping[str, Any]) -> Kind:
    """The kind whose essential fields the event has; without any, the kind whose decoration it has."""
    for essential in (True, False):
        kinds = [kind for kind, cls in CONTENT_CLASSES.items() if _has_any(event, cls, essential=essential)]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            break
    what = "fields of both kinds" if kinds else "neither a title nor thumbnails"
    raise _Unclear(f'it has {what}: name its queue, as {{"queue": "caption", "body": "..."}}')


def _has_any(event: Mapping[str, Any], cls: type[Any], *, essential: bool) -> bool:
    return any(known_name(event, facts.name) is not None for facts in facts_of(cls) if facts.essential is essential)
