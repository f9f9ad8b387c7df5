"""The whole assembly with arbitrary bodies: no consumer hangs, and no other message of the batch is affected."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.testing.strategies import event_bodies
from linkhub_core.wire.codec import decode_event
from tests.core.application.assembly_harness import AssemblyHarness

SCRAPS = st.text(st.characters(codec="utf-8"), max_size=40)


@st.composite
def bodies(draw: st.DrawFn) -> OutgoingMessage:
    """A sound event, one that has lost a piece or gained one, or anything."""
    kind, body = draw(event_bodies())
    if draw(st.booleans()):
        begin = draw(st.integers(0, len(body)))
        end = draw(st.integers(begin, len(body)))
        body = body[:begin] + draw(SCRAPS) + body[end:]
    sort = draw(st.sampled_from(["as it is", "for the other queue", "anything"]))
    kind = kind if sort == "as it is" else Kind.CAPTION
    return OutgoingMessage(kind=kind, body=draw(SCRAPS) if sort == "anything" else body)


def _is_sound(message: OutgoingMessage) -> bool:
    try:
        decode_event(message.kind, message.body, NOON)
    except MalformedEvent:
        return False
    return True


@given(st.lists(bodies(), max_size=12))
async def test_whatever_comes_is_settled(messages: list[OutgoingMessage]) -> None:
    """Malformed messages are in the dead letters once, all others are processed, and the queues are empty."""
    harness = AssemblyHarness()
    mate = [OutgoingMessage(kind=kind, body=_text(an_event(kind, video_id="mate"))) for kind in Kind]
    await harness.post(*messages[::2], *mate, *messages[1::2])
    while harness.left:
        assert await harness.turn(), "messages are left and none is delivered"
    letters = sorted(letter.body for letter in await harness.letters())
    assert letters == sorted(message.body for message in messages if not _is_sound(message))
    assert [key.video_id for key in harness.stored.rows if key.video_id == "mate"] == ["mate"]


def _text(event: dict[str, object]) -> str:
    return orjson.dumps(event).decode()
