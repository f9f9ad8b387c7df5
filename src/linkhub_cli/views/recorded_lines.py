"""The lines of a recording: each a message as a consumer received it. This module does no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from linkhub_cli.views.event_lines import EventLine
from linkhub_cli.views.output import json_line
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery, OutgoingMessage
from linkhub_core.ports.event_queue import carry_first_sent
from linkhub_core.wire import json_text
from linkhub_core.wire.redact import Redaction

_REMEDY = (
    "it was cut, or `linkhub consume --record` did not write it. Delete the line; `linkhub publish FILE` sends events"
)


def recorded_line(delivery: Delivery, received_at: datetime, redaction: Redaction | None = None) -> str:
    """A message as a line, with its newline."""
    body, attributes = delivery.body, delivery.attributes
    if redaction is not None:
        body, attributes = redaction.body(body), redaction.attributes(attributes)
    document = {
        "kind": delivery.kind.value,
        "body": body,
        "attributes": attributes,
        "message_id": delivery.message_id,
        "sent_at": _text(delivery.sent_at),
        "received_at": _text(received_at),
        "receive_count": delivery.receive_count,
    }
    return f"{json_line(document)}\n"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_recorded_line(place: str, raw: bytes) -> EventLine:
    """Read one line, to send it again.

    The message carries when it was first sent, so that its event counts as it did then.
    """
    try:
        message, received_at = _read(json_text.parse(raw.decode("utf-8")))
    except (UnicodeDecodeError, MalformedEvent, _Foreign) as error:
        return EventLine(place=place, size_bytes=len(raw), problem=f"{error}: {_REMEDY}")
    return EventLine(place=place, size_bytes=len(raw), message=message, received_at=received_at)


class _Foreign(ValueError):
    """A line is not of a recording."""


def _read(document: Any) -> tuple[OutgoingMessage, datetime]:
    if not isinstance(document, dict):
        raise _Foreign("it is no object")
    kind, body, attributes = (document.get(name) for name in ("kind", "body", "attributes"))
    if kind not in list(Kind):
        raise _Foreign(f"kind: must be {' or '.join(Kind)}")
    if not isinstance(body, str):
        raise _Foreign("body: must be text")
    if not isinstance(attributes, dict) or not all(isinstance(value, str) for value in attributes.values()):
        raise _Foreign("attributes: must be an object of texts")
    sent_at, received_at = (_moment(document, name) for name in ("sent_at", "received_at"))
    return OutgoingMessage(kind=Kind(kind), body=body, attributes=carry_first_sent(attributes, sent_at)), received_at


def _moment(document: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(document[name])
    except (KeyError, TypeError, ValueError):
        raise _Foreign(f"{name}: must be a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
