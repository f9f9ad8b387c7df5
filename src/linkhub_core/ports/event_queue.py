"""Both queues of events as one port: messages are leased, and deleted when they are acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol, TypedDict

from attrs import field, frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind

FIRST_SENT_AT = "linkhubFirstSentAt"
"""The attribute with which a redrive carries along when the message was first sent.

The timestamp of an event counts as at most this time (:class:`~linkhub_core.model.Version`). Otherwise an old event
whose stamp is far ahead would win over newer ones after a redrive.
"""


def first_sent_at(attributes: Mapping[str, str], sent_at: datetime) -> datetime:
    """When a message with these attributes, which was sent at ``sent_at`` this time, was sent for the first time."""
    if (text := attributes.get(FIRST_SENT_AT)) is None:
        return sent_at
    try:
        carried = datetime.fromisoformat(text)
    except ValueError:
        return sent_at
    return min(sent_at, carried) if carried.tzinfo is not None else sent_at


def carry_first_sent(attributes: Mapping[str, str], sent_at: datetime) -> Mapping[str, str]:
    """The attributes with which a message that was sent at ``sent_at`` goes back to its queue."""
    moment = first_sent_at(attributes, sent_at).astimezone(UTC)
    return {**attributes, FIRST_SENT_AT: moment.isoformat(timespec="milliseconds")}


class LeaseOptions(TypedDict, total=False):
    """The options of every adapter; see :data:`QUEUE_DEFAULTS`.

    Attributes:
        batch_size: the most messages that one ``receive`` returns.
        visibility_timeout_seconds: the length of a lease.
        receive_wait_seconds: how long ``receive`` waits for the first message.
    """

    batch_size: int
    visibility_timeout_seconds: float
    receive_wait_seconds: float


class QueueOptions(LeaseOptions, total=False):
    """The options of an adapter that counts deliveries itself.

    Attributes:
        max_receive_count: after so many deliveries a message goes to the dead letters.
    """

    max_receive_count: int


QUEUE_DEFAULTS: Final = QueueOptions(
    batch_size=100, visibility_timeout_seconds=30.0, receive_wait_seconds=1.0, max_receive_count=20
)


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
    """A message that can never be accepted, and all its faults."""

    delivery: Delivery
    faults: Sequence[Fault]


class EventQueue(Protocol):
    """Both queues, caption and thumbnail, received together.

    A call on a lease that expired or ended before does nothing.

    Raises:
        ServiceUnavailable: from each method, if the queue cannot be reached.
    """

    async def receive(self) -> Sequence[Delivery]:
        """Lease a batch of messages; wait for the first one.

        Returns:
            Messages of both kinds, in any order; empty if none came within the waiting time of the adapter.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Delete messages whose effects are durable."""
        ...

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """End the leases; the messages are delivered again after about ``delay_seconds``."""
        ...

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Restart the leases of messages that are still being processed."""
        ...

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Move messages with their faults to the dead letters; each is deleted after it is stored there."""
        ...
