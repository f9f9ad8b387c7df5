"""Recognise bodies of other known formats, such as S3 notifications, Celery tasks, base64 and gzip.

It is called only for bodies that are rejected. The fault then names the format and what to send instead, and does not
list missing fields.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from linkhub_core.errors import MalformedEvent
from linkhub_core.model.rules import kind_of
from linkhub_core.wire import json_text
from linkhub_core.wire.intake.spelling import known_name

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ENCODED_URL = re.compile(r"(?:%7[Bb]|%5[Bb]|%22)[^\s]*")
_FORM = re.compile(r"[A-Za-z_][\w.\[\]-]*=[^&\s=]+(&[A-Za-z_][\w.\[\]-]*=[^&\s]*)*")
_S3_POINTER = "this is an S3 pointer, of a body that is kept in a bucket"
_CELERY_BODY = "this is the body of a Celery task"
_LIST = "these are several events in one list"
WRAPPERS = ("payload", "data", "body", "message")
"""The names under which an object without ``video_id`` may hold an event."""
_EVENT_FIELDS = ("title", "thumbnails")
_LONG_BASE64 = 64  # longer than ids and digests
_MOST_ENVELOPES = 4
_HINT = ": send the event itself as JSON"


def _record_of(source: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a document is or contains records of an AWS service."""

    def holds(document: Mapping[str, Any]) -> bool:
        records = document.get("Records")
        first = records[0] if isinstance(records, list) and records else None
        record = first if isinstance(first, dict) else document
        return bool(record.get("eventSource", record.get("EventSource")) == source)

    return holds


def _is_celery(document: Mapping[str, Any]) -> bool:
    headers = document.get("headers")
    is_message = isinstance(headers, dict) and "body" in document and ("task" in headers or "properties" in document)
    is_task = isinstance(document.get("task"), str) and bool({"args", "kwargs"} & document.keys())
    return is_message or is_task


def _holds_events(document: Mapping[str, Any]) -> bool:
    """Whether the document, or an object in it, has a list of events as a value."""
    inner = (part for value in document.values() if isinstance(value, dict) for part in value.values())
    return any(map(_are_events, (*document.values(), *inner)))


def _are_events(entries: object) -> bool:
    return (
        isinstance(entries, list)
        and bool(entries)
        and all(isinstance(entry, dict) and known_name(entry, "video_id") is not None for entry in entries)
    )


def _is_aws_event(document: Mapping[str, Any]) -> bool:
    source = document.get("source")
    return "detail-type" in document and isinstance(source, str) and source.startswith("aws.")


def _holds_base64(document: Mapping[str, Any]) -> bool:
    return document.get("isBase64Encoded") is True and isinstance(document.get("body"), str)


_DOCUMENTS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (lambda it: it.get("Type") == "SubscriptionConfirmation", "this is an SNS confirmation of a subscription"),
    (lambda it: it.get("Type") == "UnsubscribeConfirmation", "this is an SNS confirmation of an unsubscription"),
    (_record_of("aws:s3"), "this is an S3 notification"),
    (lambda it: it.get("Event") == "s3:TestEvent", "this is an S3 notification, sent as a test"),
    (lambda it: it.get("source") == "aws.s3", "this is an S3 notification, through EventBridge"),
    (_is_aws_event, "this is an EventBridge event of an AWS service"),
    (_record_of("aws:sqs"), "this is an SQS event as a Lambda function gets it"),
    (_record_of("aws:sns"), "this is an SNS event as a Lambda function gets it"),
    (_record_of("aws:dynamodb"), "this is a DynamoDB stream record"),
    (_record_of("aws:kinesis"), "this is a Kinesis record"),
    (lambda it: known_name(it, "s3_bucket_name") is not None and known_name(it, "s3_key") is not None, _S3_POINTER),
    (lambda it: "specversion" in it and "data_base64" in it, "this is a CloudEvent with its data in base64"),
    (_holds_base64, "this is an HTTP request as a Lambda function gets it, with its body in base64"),
    (_is_celery, "this is a Celery task"),
    (_holds_events, "these are several events in one body"),
)


def foreign_document(document: Any) -> str | None:
    """Return the fault for parsed JSON of a known format, or None."""
    if isinstance(document, list):
        return _foreign_list(document)
    if not isinstance(document, dict):
        return f"the body must be a JSON object, not {kind_of(document)}"
    return _foreign_object(document, _MOST_ENVELOPES)


def _foreign_object(document: Mapping[str, Any], envelopes: int) -> str | None:
    named = next((name + _HINT for matches, name in _DOCUMENTS if matches(document)), None)
    return named or (_foreign_content(document, envelopes - 1) if envelopes else None)


def _foreign_content(document: Mapping[str, Any], envelopes: int) -> str | None:
    """Return the fault for the content of an envelope, if the object around it has no field of an event."""
    if any(known_name(document, name) is not None for name in ("seller_handle", *_EVENT_FIELDS)):
        return None
    contents = [document[name] for wrapper in WRAPPERS if (name := known_name(document, wrapper)) is not None]
    found = next((foreign for content in contents if (foreign := _foreign_part(content, envelopes))), None)
    inner = (part for content in contents if isinstance(content, dict) for part in content.values())
    texts = (part for part in inner if isinstance(part, str))
    return found or next((foreign for text in texts if (foreign := foreign_text(text))), None)


def _foreign_part(part: object, envelopes: int) -> str | None:
    content = part
    if isinstance(part, str):
        try:
            content = json_text.parse(part)
        except MalformedEvent:
            return foreign_text(part)
    if isinstance(content, dict):
        return _foreign_object(content, envelopes)
    return _foreign_list(content) if isinstance(content, list) and _are_events(content) else None


def _foreign_list(entries: list[Any]) -> str:
    if not entries or not all(isinstance(entry, dict | list | str) for entry in entries):
        return "the body must be a JSON object, not a list"
    if isinstance(entries[0], str) and entries[0].endswith("S3Pointer"):
        return _S3_POINTER + _HINT
    if len(entries) == 3 and isinstance(entries[2], dict) and "chain" in entries[2]:
        return _CELERY_BODY + _HINT
    return _LIST + ": send each as a message of its own"


# --- text that is not JSON


def _starts_with(*beginnings: str) -> Callable[[str], bool]:
    return lambda text: text.startswith(beginnings)


def _in_base64(*beginnings: bytes) -> Callable[[str], bool]:
    """Match base64 of bytes with one of these beginnings; without beginnings, of readable text."""

    def matches(text: str) -> bool:
        joined = "".join(text.split())
        if not _BASE64.fullmatch(joined):
            return False
        altchars = b"-_" if {"-", "_"} & set(joined) else None
        try:
            decoded = base64.b64decode(joined + "=" * (-len(joined) % 4), altchars=altchars)
        except (binascii.Error, ValueError):
            return False
        if beginnings:
            return decoded.startswith(beginnings)
        readable = decoded.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
        return readable.startswith(("{", "[", '"', "<")) or readable.isprintable()

    return matches


def _is_padded_base64(text: str) -> bool:
    """Whether text is padded base64, or long with upper case, lower case and digits; in groups of four."""
    joined = "".join(text.split())
    if len(joined) % 4 or not _BASE64.fullmatch(joined):
        return False
    if joined.endswith("="):
        return True
    is_mixed = all(any(map(is_one, joined)) for is_one in (str.isupper, str.islower, str.isdigit))
    return is_mixed and len(joined) >= _LONG_BASE64


def _are_documents(text: str) -> bool:
    """Whether text is a sequence of several JSON objects."""
    decoder = json.JSONDecoder()
    count = position = 0
    while position < len(text):
        try:
            document, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return False
        if not isinstance(document, dict):
            return False
        count += 1
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
    return count > 1


_TEXTS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_starts_with("\x1f\x8b", "\x1f\ufffd"), "this is gzip"),
    (_starts_with("<"), "this is XML"),
    (_starts_with("{'", "[{'"), "this is a printed Python object, not JSON"),
    (_are_documents, "these are several events in one body"),
    (_in_base64(b"\x1f\x8b"), "this is gzip, in base64"),
    (_in_base64(b"\x78\x01", b"\x78\x9c", b"\x78\xda"), "this is zlib, in base64"),
    (_in_base64(b"\x80\x04\x95"), "this is a Python pickle, in base64"),
    (_in_base64(), "this is base64"),
    (_is_padded_base64, "this is base64 of binary data"),
    (lambda text: _ENCODED_URL.fullmatch(text) is not None, "this is percent-encoded, as in a URL"),
    (_starts_with("[object "), "this is a printed JavaScript object, not JSON"),
    (lambda text: _FORM.fullmatch(text) is not None, "this is form data"),
)


def foreign_text(text: str) -> str | None:
    """Return the fault for text of a known format that is not JSON, or None."""
    stripped = text.strip(" \t\r\n").removeprefix("\ufeff")
    return next((name + _HINT for matches, name in _TEXTS if matches(stripped)), None)


FOREIGN: tuple[str, ...] = tuple(dict.fromkeys([*(name for _, name in (*_DOCUMENTS, *_TEXTS)), _CELERY_BODY, _LIST]))
"""All recognised formats. The fault of a dead letter begins with one of them and a colon."""
