"""What a FIFO queue asks of a message: the group that it keeps the order of, and the id by which it drops copies.

Messages of one video are one group, so a FIFO queue hands them out in order and one batch at a time: a message that is
released holds up its video, and nobody else's, until it comes again. linkhub needs none of that order, for the newer
half wins whenever it comes. Copies of a body within five minutes are dropped by the queue itself.
"""

from __future__ import annotations

from hashlib import sha256

from attrs import frozen

from linkhub_core.model import ProductKey
from linkhub_core.model.rules import RuleBroken
from linkhub_core.wire.peek_ids import names_in

__all__ = ["FifoPlace", "digest_of", "place_of", "video_group"]


@frozen(kw_only=True)
class FifoPlace:
    """Where a message goes in a FIFO queue."""

    group_id: str
    deduplication_id: str


def place_of(body: str) -> FifoPlace:
    """The place of an event: with its video, and once."""
    return FifoPlace(group_id=video_group(body), deduplication_id=digest_of(body))


def video_group(body: str) -> str:
    """The group of an event's video; a body that names none is a group by itself, so that it holds up nobody."""
    seller_handle, video_id = names_in(body)
    try:
        return ProductKey(seller_handle, video_id).video_id  # type: ignore[arg-type]  # the rules refuse none
    except RuleBroken:
        return digest_of(body)


def digest_of(text: str) -> str:
    """64 hexadecimal digits that stand for ``text``."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
