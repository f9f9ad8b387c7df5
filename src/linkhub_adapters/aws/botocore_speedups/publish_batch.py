"""Writes the body of PublishBatch for less than botocore does, through botocore's own ``before-call`` event.

SNS speaks the query protocol: a call is a form, and JSON in a form is percent signs for every third character. botocore
encodes the whole form twice a call, to sign it and to send it, each time a character at a time in Python. Here it is
encoded once, with ``bytes.replace``, to the very bytes that :func:`urllib.parse.urlencode` gives (but for a space,
``%20``). Measured with events of 1.7 kB in tens, one thread: 330 us of CPU an announcement before, 145 us after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

__all__ = ["encode_form", "write_forms_fast"]

_EVENT = "before-call.sns.PublishBatch"

_SAFE = re.compile(rb"[A-Za-z0-9_.~-]*")  # what urllib.parse.quote leaves as it is
_QUOTED = {bytes([byte]): b"%%%02X" % byte for byte in range(256) if not _SAFE.fullmatch(bytes([byte]))}
_PERCENT = b"%"  # goes first: all the others bring percent signs
_ASCII = [(raw, quoted) for raw, quoted in _QUOTED.items() if raw.isascii() and raw != _PERCENT]
_OTHERS = [(raw, quoted) for raw, quoted in _QUOTED.items() if not raw.isascii()]


def write_forms_fast(sns: SNSClient) -> None:
    """Let this client write what it publishes the fast way; a second time does nothing."""
    if sns.meta.service_model.resolved_protocol == "query":
        sns.meta.events.register(_EVENT, _write, unique_id="linkhub-write-forms-fast")


def _write(params: MutableMapping[str, Any], **_: object) -> None:
    if isinstance(params["body"], dict):
        params["body"] = encode_form(params["body"])


def encode_form(fields: Mapping[str, Any]) -> bytes:
    """The fields as ``application/x-www-form-urlencoded``."""
    return b"&".join(_quoted_name(name) + b"=" + _quote(str(value)) for name, value in fields.items())


@lru_cache(maxsize=1024)  # ten entries with their attributes have 150 names, the same in every call
def _quoted_name(name: str) -> bytes:
    return _quote(name)


def _quote(text: str) -> bytes:
    quoted = text.encode()
    if _SAFE.fullmatch(quoted):
        return quoted
    pairs = _ASCII if quoted.isascii() else _ASCII + _OTHERS
    quoted = quoted.replace(_PERCENT, _QUOTED[_PERCENT])
    for raw, replacement in pairs:
        if raw in quoted:
            quoted = quoted.replace(raw, replacement)
    return quoted
