"""Text that SQS and SNS accept: the characters of XML 1.0, and at least one of them.

Event JSON may hold characters that they refuse (U+FFFE and U+FFFF; JSON escapes the control characters). The value of
an attribute may hold any character, because it comes from JSON of another program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_ATTRIBUTES = 10

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, "MessageBody"
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NAME = re.compile(r"(?!AWS\.|Amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u(fff[ef])|.)", re.DOTALL)  # an escaped backslash starts no other escape


def fault_of(body: str) -> str | None:
    """Why a message body cannot be sent; none if it can."""
    if not body:
        return "an empty message cannot be sent"
    refused = _REFUSED.search(body)
    if refused is None:
        return None
    return f"character U+{ord(refused[0]):04X} at position {refused.start()} cannot be sent"


def attributes_fault(attributes: Mapping[str, str]) -> str | None:
    """Why attributes cannot be sent with a message; none if they can."""
    if len(attributes) > MAX_ATTRIBUTES:
        return f"it has {len(attributes)} attributes, {MAX_ATTRIBUTES} can be sent"
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            return f"{name!r} is no name for an attribute"
        if (fault := fault_of(value)) is not None:
            return f"attribute {name}: {fault}"
    return None


def json_as_text(document: str) -> str:
    """The same JSON document with the refused characters escaped; they occur in its strings only."""
    return _REFUSED.sub(lambda refused: f"\\u{ord(refused[0]):04x}", document)


def json_from_text(text: str) -> str:
    """The reverse of :func:`json_as_text`, for a document without escapes of these characters."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else escape[0], text)


def value_as_text(value: str, *, most_characters: int) -> str:
    """An attribute's value, cut to ``most_characters``, with U+FFFD for each refused character; it may be empty."""
    return _REFUSED.sub("\ufffd", value[:most_characters])
