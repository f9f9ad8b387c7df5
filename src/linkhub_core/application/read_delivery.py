"""Read a delivery: the one place where the body of a message is unwrapped and read.

body                                   outcome
-------------------------------------  ------------------------------------------------------------------
an event, with or without deviations   ReadDelivery     its half; the deviations are notes of the origin
no event, or one with faults           FailedDelivery   ``MalformedEvent``: the message is rejected
a body that breaks the reader          FailedDelivery   any other exception: the message is released
"""

from __future__ import annotations

from typing import NamedTuple

from linkhub_core.model import Half, Origin
from linkhub_core.ports.event_queue import Delivery
from linkhub_core.wire.codec import read_unwrapped
from linkhub_core.wire.intake import unwrap


class ReadDelivery(NamedTuple):
    """A message, its origin, and the half in its body."""

    delivery: Delivery
    origin: Origin
    half: Half


class FailedDelivery(NamedTuple):
    """A message, its origin, and the reason for which its body has no half."""

    delivery: Delivery
    origin: Origin
    error: Exception


def read_delivery(delivery: Delivery) -> ReadDelivery | FailedDelivery:
    """Read a delivery. An error is a value, so that it fails this message alone.

    The attributes of the message count before those of the envelopes around its event.
    """
    attributes = delivery.attributes
    try:
        unwrapped = unwrap(delivery.body)
        if unwrapped.attributes:
            attributes = {**unwrapped.attributes, **attributes}
        half, notes = read_unwrapped(delivery.kind, unwrapped, delivery.first_sent_at)
    except Exception as error:  # noqa: BLE001  an unexpected error in one body must not block the others
        return FailedDelivery(delivery, Origin.of_message(attributes, delivery.message_id), error)
    return ReadDelivery(delivery, Origin.of_message(attributes, delivery.message_id, notes), half)
