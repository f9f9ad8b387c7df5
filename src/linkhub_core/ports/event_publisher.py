"""The other end of the queues: what puts events there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from linkhub_core.model import Kind

__all__ = ["EventPublisher", "OutgoingMessage", "Refusal"]


@frozen(kw_only=True)
class OutgoingMessage:
    """A message for the queue of ``kind``. ``body`` is sent as it is, well-formed or not."""

    kind: Kind
    body: str = field(repr=False)
    attributes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Refusal:
    """A message that the queue will not carry: not text that its protocol can hold, or too long for it."""

    message: OutgoingMessage
    problem: str


class EventPublisher(Protocol):
    """Puts messages on the queues."""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """Put ``messages`` on their queues; when it returns, all but the refused ones are durable there.

        Raises:
            ServiceUnavailable: some may be there, some not; publishing all again is safe.
        """
        ...
