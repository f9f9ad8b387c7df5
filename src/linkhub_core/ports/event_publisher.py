"""Publishes events to the queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from linkhub_core.model import Kind


@frozen(kw_only=True)
class OutgoingMessage:
    """A message for the queue of ``kind``. ``body`` is sent as it is, well-formed or not."""

    kind: Kind
    body: str = field(repr=False)
    attributes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Refusal:
    """A message that the queue refuses: it is too long, or has characters that the protocol of the queue lacks."""

    message: OutgoingMessage
    problem: str


class EventPublisher(Protocol):
    """Publishes messages."""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """Publish messages to the queues of their kinds. When this returns, all but the refused ones are durable.

        Raises:
            ServiceUnavailable: some may be published; publishing all again is safe.
        """
        ...
