"""The workers' output queues, as one port: messages that are leased, and gone only when acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.wire.first_sent import first_sent_at

__all__ = ["Delivery", "EventQueue", "Rejection"]


@frozen(kw_only=True)
class Delivery:
    """One message, leased for the queue's visibility time-out.

    ``kind`` says which queue it came from. ``receipt`` is the adapter's own handle for this lease. ``receive_count`` is
    1 at the first delivery. ``sent_at`` is when the queue took the message: the same at every delivery.
    ``attributes`` are the message's text attributes, such as ``correlationId`` and ``traceparent``.
    """

    kind: Kind
    body: str = field(repr=False)
    message_id: str
    receipt: str
    receive_count: int = 1
    sent_at: datetime
    attributes: Mapping[str, str] = field(factory=dict)

    @property
    def first_sent_at(self) -> datetime:
        """When the message was sent for the first time: before ``sent_at`` if it was redriven."""
        return first_sent_at(self.attributes, self.sent_at)


@frozen(kw_only=True)
class Rejection:
    """A message that will never be right, and everything that is wrong with it."""

    delivery: Delivery
    faults: Sequence[Fault]


class EventQueue(Protocol):
    """Both queues, caption and thumbnail, received together.

    Every call on a lease that has expired or was settled before is harmless and does nothing.

    Raises:
        ServiceUnavailable: from each method, when the queue cannot be reached.
    """

    async def receive(self) -> Sequence[Delivery]:
        """Lease what is there, as a batch; wait a while for the first message.

        Returns:
            A batch of both kinds, in no order that matters; empty when nothing came within the adapter's waiting time.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Delete messages whose effect is durable."""
        ...

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """Give messages back; they are delivered again after about ``delay_seconds``."""
        ...

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Start the lease of messages still in work anew."""
        ...

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Move messages to the dead letters, with their faults; each is deleted only when it is there."""
        ...
