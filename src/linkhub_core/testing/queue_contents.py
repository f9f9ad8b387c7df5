"""The contract of what exports show and imports add: :class:`~linkhub_core.ports.QueueContents`, and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import Added, DeadLetter, DeadLetterQuery, Known, QueueContents, QueuedMessage, Rejection
from linkhub_core.testing.builders import NOON, an_outgoing
from linkhub_core.testing.event_queue import Queues

YESTERDAY = NOON - timedelta(days=1)


def a_queued(number: int = 1, kind: Kind = Kind.CAPTION, **fields: Any) -> QueuedMessage:
    """A message that another queue held since yesterday."""
    outgoing = an_outgoing(kind, video_id=f"v{number}")
    message = QueuedMessage(
        kind=kind,
        body=outgoing.body,
        message_id=f"elsewhere-{number}",
        receive_count=0,
        sent_at=YESTERDAY,
        visible_at=YESTERDAY,
        attributes=outgoing.attributes,
    )
    return evolve(message, **fields)


def a_letter(number: int = 1, kind: Kind | None = Kind.CAPTION, **fields: Any) -> DeadLetter:
    """A dead letter that another queue held since yesterday."""
    message = a_queued(number)
    letter = DeadLetter(
        letter_id="of another queue",
        kind=kind,
        body=message.body,
        faults=(Fault("price", "must be a number"), Fault("", "no room", of_store=True)),
        message_id=message.message_id,
        receive_count=2,
        sent_at=YESTERDAY,
        rejected_at=YESTERDAY + timedelta(seconds=1),
        attributes=message.attributes,
        source_queue="captions",
    )
    return evolve(letter, **fields)


async def _browsed(contents: QueueContents) -> Sequence[QueuedMessage]:
    if not contents.can_browse:
        assert [message async for message in contents.browse()] == []
        pytest.skip("the technology cannot show messages without leasing them")
    return [message async for message in contents.browse()]


async def _letters(queues: Queues) -> Sequence[DeadLetter]:
    return [letter async for letter in queues.letters.browse(DeadLetterQuery())]


def _unplaced(letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
    """Letters without what each technology gives them."""
    return sorted((evolve(one, letter_id="", held_in="") for one in letters), key=lambda one: one.message_id)


class QueueContentsContract:
    """Subclass it with fixtures: ``queues`` gives empty :class:`Queues`, ``contents`` the contents of these queues."""

    pytestmark = pytest.mark.asyncio

    async def test_messages_are_shown_without_a_lease(self, queues: Queues, contents: QueueContents) -> None:
        """All messages of both kinds are shown, leased ones too, and none is delivered later for it."""
        await queues.publisher.publish([an_outgoing(body="first")])
        (leased,) = await queues.queue.receive()
        bodies = [f"{number:03}" for number in range(450)]
        await queues.publisher.publish([an_outgoing(Kind.THUMBNAIL, body=body) for body in bodies])
        for _ in range(2):
            shown = await _browsed(contents)
            assert sorted(message.body for message in shown) == [*bodies, "first"]
        (one,) = (message for message in shown if message.body == "first")
        assert (one.kind, one.message_id, one.sent_at) == (Kind.CAPTION, leased.message_id, leased.sent_at)
        assert (one.receive_count, dict(one.attributes)) == (1, dict(leased.attributes))
        assert [message.body for message in await queues.queue.receive()] == bodies[:100]

    async def test_an_added_message_is_delivered(self, queues: Queues, contents: QueueContents) -> None:
        """It has its kind, body and attributes, and the time at which it was first sent."""
        messages = [a_queued(1), a_queued(2, Kind.THUMBNAIL)]
        assert await contents.add(messages) == [Added(), Added()]
        deliveries = [*await queues.queue.receive(), *await queues.queue.receive()]
        assert {(one.kind, one.body) for one in deliveries} == {(one.kind, one.body) for one in messages}
        for one in deliveries:
            assert one.attributes["correlationId"] == "c-1"
            assert one.first_sent_at == YESTERDAY

    async def test_a_message_is_added_once(self, queues: Queues, contents: QueueContents) -> None:
        """A message that is there is known, in the same call too; so it is while it is leased."""
        assert await contents.add([a_queued(), a_queued()]) == [Added(), Known()]
        shown = await _browsed(contents)
        await queues.queue.receive()
        assert await contents.add([a_queued()]) == [Known()]
        assert [evolve(one, receive_count=0, visible_at=one.sent_at) for one in await _browsed(contents)] == [
            evolve(one, visible_at=one.sent_at) for one in shown
        ]

    async def test_an_added_message_is_shown_as_it_was(self, contents: QueueContents) -> None:
        """What one export showed, the next one shows: ids, times and counts included."""
        messages = [a_queued(1, receive_count=7), a_queued(2, sent_at=YESTERDAY + timedelta(microseconds=1))]
        await contents.add(messages)
        shown = sorted(await _browsed(contents), key=lambda one: one.message_id)
        assert [evolve(one, visible_at=YESTERDAY) for one in shown] == messages

    async def test_a_message_of_this_queue_is_known(self, queues: Queues, contents: QueueContents) -> None:
        """What was exported here is not doubled when it comes back."""
        await queues.publisher.publish([an_outgoing(body=body) for body in "ab"])
        shown = await _browsed(contents)
        assert await contents.add(shown) == [Known(), Known()]
        assert len(await _browsed(contents)) == 2

    async def test_other_queues_use_the_same_ids(self, queues: Queues, contents: QueueContents) -> None:
        """A message with the id of one that is there, and another body or time, is another message."""
        await queues.publisher.publish([an_outgoing(body="ours")])
        (ours,) = await _browsed(contents)
        theirs = [evolve(ours, body="theirs"), evolve(ours, sent_at=YESTERDAY)]
        assert await contents.add(theirs) == [Added(), Added()]
        assert await contents.add([*theirs, ours]) == [Known()] * 3
        assert sorted(one.body for one in await _browsed(contents)) == ["ours", "ours", "theirs"]
        deliveries = await queues.queue.receive()
        await queues.queue.acknowledge([one for one in deliveries if one.body == "theirs"])
        assert [one.body for one in await _browsed(contents)] == ["ours", "ours"]

    async def test_a_message_that_was_rejected_is_known(self, queues: Queues, contents: QueueContents) -> None:
        """Its dead letter shows that it was here."""
        await contents.add([a_queued()])
        await _browsed(contents)
        (delivery,) = await queues.queue.receive()
        await queues.queue.reject([Rejection(delivery=delivery, faults=[Fault("", "no")])])
        assert [letter.message_id for letter in await _letters(queues)] == ["elsewhere-1"]
        assert await contents.add([a_queued()]) == [Known()]

    async def test_a_dry_run_adds_nothing(self, queues: Queues, contents: QueueContents) -> None:
        """The outcomes are those of a call that adds."""
        assert await contents.add([a_queued()], dry_run=True) == [Added()]
        assert await queues.letters.add([a_letter()], dry_run=True) == [Added()]
        assert list(await queues.queue.receive()) == []
        assert await _letters(queues) == []

    async def test_an_added_letter_is_stored(self, queues: Queues) -> None:
        """It keeps what a letter has; a letter of an unknown queue keeps the name of that queue."""
        letters = [a_letter(1), a_letter(2, Kind.THUMBNAIL), a_letter(3, None, source_queue="of another service")]
        assert await queues.letters.add(letters) == [Added()] * 3
        assert _unplaced(await _letters(queues)) == _unplaced(letters)

    async def test_a_letter_is_added_once(self, queues: Queues) -> None:
        """A letter that is there is known, in the same call too. A second rejection of a message is another letter."""
        later = a_letter(rejected_at=NOON)
        assert await queues.letters.add([a_letter(), later, a_letter()]) == [Added(), Added(), Known()]
        assert await queues.letters.add([later, a_letter()]) == [Known(), Known()]
        assert await queues.letters.add(await _letters(queues)) == [Known(), Known()]
        assert len(await _letters(queues)) == 2

    async def test_an_added_letter_is_redriven(self, queues: Queues) -> None:
        """Its message has the time at which it was first sent. A letter of unknown kind needs one from the caller."""
        await queues.letters.add([a_letter(1), a_letter(2, None)])
        letters = {letter.message_id: letter for letter in await _letters(queues)}
        assert await queues.letters.redrive(list(letters.values())) == 1
        named = evolve(letters["elsewhere-2"], kind=Kind.THUMBNAIL)
        assert await queues.letters.redrive([named]) == 1
        assert await _letters(queues) == []
        deliveries = [*await queues.queue.receive(), *await queues.queue.receive()]
        assert {one.kind for one in deliveries} == {Kind.CAPTION, Kind.THUMBNAIL}
        assert {one.first_sent_at for one in deliveries} == {YESTERDAY}

    async def test_empty_batches_add_nothing(self, queues: Queues, contents: QueueContents) -> None:
        """Both calls accept an empty batch."""
        assert list(await contents.add([])) == []
        assert list(await queues.letters.add([])) == []
