"""The ids of a message on a FIFO queue: the group whose order the queue keeps, and the id by which it drops copies.

The messages of one video are one group. A FIFO queue delivers a group in order, one batch at a time: a released message
delays its own video only. linkhub does not need this order, because the newer half wins in any order. The queue itself
drops copies of a body within five minutes.
"""

from __future__ import annotations

from hashlib import sha256

from attrs import frozen

from linkhub_core.model import ProductKey
from linkhub_core.model.rules import RuleBroken
from linkhub_core.wire.intake import names_in


@frozen(kw_only=True)
class FifoIds:
    """The two ids of one message."""

    group_id: str
    deduplication_id: str


def fifo_ids_of(body: str) -> FifoIds:
    """The ids of an event: the group of its video, and the digest of its body."""
    return FifoIds(group_id=video_group(body), deduplication_id=digest_of(body))


def video_group(body: str) -> str:
    """The group of an event's video; a body without a valid id is a group of its own and delays no other message."""
    seller_handle, video_id = names_in(body)
    try:
        return ProductKey(seller_handle, video_id).video_id  # type: ignore[arg-type]  # the rules refuse none
    except RuleBroken:
        return digest_of(body)


def digest_of(text: str) -> str:
    """The SHA-256 of ``text`` in hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
