"""The values of the queue's port: their text form does not contain bodies."""

from __future__ import annotations

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, OutgoingMessage, Rejection
from linkhub_core.testing.builders import NOON, a_delivery


def test_bodies_stay_out_of_what_is_printed() -> None:
    """A log or a traceback shows which message it was, not what stood in it."""
    secret = '{"raw_caption": "call me at 555-0100"}'
    delivery = a_delivery(body=secret)
    letter = DeadLetter(
        letter_id="l-1",
        kind=Kind.CAPTION,
        body=secret,
        faults=[Fault("title", "is missing")],
        message_id="m-1",
        receive_count=1,
        sent_at=NOON,
        rejected_at=NOON,
    )
    for value in (
        delivery,
        Rejection(delivery=delivery, faults=[]),
        OutgoingMessage(kind=Kind.CAPTION, body=secret),
        letter,
    ):
        assert "555-0100" not in repr(value)
    assert "m-1" in repr(delivery)
