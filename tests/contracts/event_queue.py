"""The contract of the queues: :class:`~linkhub_core.ports.EventQueue`, its publisher and its dead letters."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.memory import FakeClock
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import (
    DeadLetter,
    DeadLetterQuery,
    DeadLetters,
    Delivery,
    EventPublisher,
    EventQueue,
    OutgoingMessage,
    Rejection,
)
from tests.support.builders import an_outgoing

__all__ = ["EventQueueContract", "Queues"]

FAULTS = [Fault("price", "must be a number"), Fault("tags[3]", "zu lang – 長い"), Fault("", "too large")]


@frozen(kw_only=True)
class Queues:
    """The three ports of one technology over the same queues, on a clock that the test moves.

    Visibility is 30 seconds, a batch 100 messages, and the third delivery is the last.
    """

    queue: EventQueue
    publisher: EventPublisher
    letters: DeadLetters
    clock: FakeClock


def _bodies(deliveries: Sequence[Delivery]) -> list[str]:
    return sorted(delivery.body for delivery in deliveries)


async def _letters(queues: Queues, query: DeadLetterQuery | None = None) -> list[DeadLetter]:
    return [letter async for letter in queues.letters.browse(query or DeadLetterQuery())]


class EventQueueContract:
    """Subclass it with a fixture ``queues`` that gives empty :class:`Queues`."""

    async def test_what_is_published_is_delivered(self, queues: Queues) -> None:
        """A message comes with its kind, body, attributes, the moment of its sending and a count of 1."""
        outgoing = [an_outgoing(Kind.CAPTION, body="é 👗"), an_outgoing(Kind.THUMBNAIL, body="{}")]
        assert list(await queues.publisher.publish(outgoing)) == []
        delivered = {delivery.kind: delivery for delivery in await queues.queue.receive()}
        assert {kind: delivery.body for kind, delivery in delivered.items()} == {
            Kind.CAPTION: "é 👗",
            Kind.THUMBNAIL: "{}",
        }
        for delivery in delivered.values():
            assert dict(delivery.attributes) == {"correlationId": "c-1"}
            assert delivery.sent_at == queues.clock.now()
            assert delivery.receive_count == 1

    async def test_an_empty_queue_answers_with_nothing(self, queues: Queues) -> None:
        """When nothing comes within the waiting time, receive answers with nothing."""
        assert list(await queues.queue.receive()) == []

    async def test_a_leased_message_is_hidden_until_its_lease_runs_out(self, queues: Queues) -> None:
        """A message is not delivered twice within its lease; after it, it comes again with a higher count."""
        await queues.publisher.publish([an_outgoing(body="one")])
        (first,) = await queues.queue.receive()
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(31)
        (second,) = await queues.queue.receive()
        assert (second.body, second.receive_count, second.sent_at) == ("one", 2, first.sent_at)
        assert second.message_id == first.message_id

    async def test_an_acknowledged_message_is_gone(self, queues: Queues) -> None:
        """Acknowledging deletes; doing it again is harmless."""
        await queues.publisher.publish([an_outgoing(body="one")])
        deliveries = await queues.queue.receive()
        await queues.queue.acknowledge(deliveries)
        await queues.queue.acknowledge(deliveries)
        queues.clock.advance(3600)
        assert list(await queues.queue.receive()) == []

    async def test_a_released_message_comes_back_after_its_delay(self, queues: Queues) -> None:
        """A message that is given back is not there before its delay is over, and then it is."""
        await queues.publisher.publish([an_outgoing(body="one")])
        await queues.queue.release(await queues.queue.receive(), 5)
        queues.clock.advance(4)
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(2)
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_an_extended_lease_starts_anew(self, queues: Queues) -> None:
        """While its lease is extended, a message stays hidden."""
        await queues.publisher.publish([an_outgoing(body="one")])
        deliveries = await queues.queue.receive()
        queues.clock.advance(20)
        await queues.queue.extend(deliveries)
        queues.clock.advance(20)
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(11)
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_an_older_lease_has_no_say(self, queues: Queues) -> None:
        """Once a message was delivered anew, its earlier delivery can settle nothing."""
        await queues.publisher.publish([an_outgoing(body="one")])
        old = await queues.queue.receive()
        queues.clock.advance(31)
        new = await queues.queue.receive()
        await queues.queue.acknowledge(old)
        await queues.queue.reject([Rejection(delivery=old[0], faults=FAULTS)])
        await queues.queue.release(old, 0)
        assert list(await queues.queue.receive()) == []
        assert await _letters(queues) == []
        await queues.queue.release(new, 0)
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_a_rejected_message_is_among_the_dead_letters_with_its_faults(self, queues: Queues) -> None:
        """Rejecting moves a message, all it had, and every fault; its batch-mates stay."""
        await queues.publisher.publish([an_outgoing(body="bad"), an_outgoing(body="good")])
        deliveries = {delivery.body: delivery for delivery in await queues.queue.receive()}
        await queues.queue.reject([Rejection(delivery=deliveries["bad"], faults=FAULTS)])
        (letter,) = await _letters(queues)
        assert (letter.body, list(letter.faults), letter.kind) == ("bad", FAULTS, Kind.CAPTION)
        assert letter.message_id == deliveries["bad"].message_id
        assert (letter.receive_count, letter.sent_at) == (1, deliveries["bad"].sent_at)
        assert dict(letter.attributes) == {"correlationId": "c-1"}
        queues.clock.advance(31)
        assert _bodies(await queues.queue.receive()) == ["good"]

    async def test_a_message_that_is_never_settled_ends_among_the_dead_letters(self, queues: Queues) -> None:
        """After the last delivery allowed, a message is a dead letter that says so."""
        await queues.publisher.publish([an_outgoing(body="one")])
        for count in (1, 2, 3):
            (delivery,) = await queues.queue.receive()
            assert delivery.receive_count == count
            queues.clock.advance(31)
        assert list(await queues.queue.receive()) == []
        (letter,) = await _letters(queues)
        assert [str(fault) for fault in letter.faults] == ["was delivered 3 times and never settled"]

    async def test_a_batch_is_bounded_and_nothing_is_left_behind(self, queues: Queues) -> None:
        """250 messages come in batches of at most 100, each once."""
        await queues.publisher.publish([an_outgoing(body=f"{number:03}") for number in range(250)])
        seen: list[str] = []
        while deliveries := await queues.queue.receive():
            assert len(deliveries) <= 100
            seen += [delivery.body for delivery in deliveries]
            await queues.queue.acknowledge(deliveries)
        assert sorted(seen) == [f"{number:03}" for number in range(250)]

    async def test_letters_are_browsed_by_kind_and_by_id(self, queues: Queues) -> None:
        """Browsing gives all letters, those of a kind, or those named; unknown names give none."""
        messages = [an_outgoing(kind, body=f"{kind} {number}") for kind in Kind for number in range(3)]
        await self._bury(queues, messages)
        everything = await _letters(queues)
        assert len(everything) == 6
        captions = await _letters(queues, DeadLetterQuery(kind=Kind.CAPTION))
        assert sorted(letter.body for letter in captions) == ["caption 0", "caption 1", "caption 2"]
        named = await _letters(queues, DeadLetterQuery(letter_ids=[everything[0].letter_id, "no-such-letter"]))
        assert named == [everything[0]]

    async def test_a_redriven_letter_is_delivered_anew(self, queues: Queues) -> None:
        """Redriving puts letters back on their queue with their attributes, as new messages, and removes them."""
        await self._bury(queues, [an_outgoing(Kind.THUMBNAIL, body="bad"), an_outgoing(body="worse")])
        chosen = await _letters(queues, DeadLetterQuery(kind=Kind.THUMBNAIL))
        assert await queues.letters.redrive(chosen) == 1
        assert await queues.letters.redrive(chosen) == 0
        (delivery,) = await queues.queue.receive()
        assert (delivery.kind, delivery.body, delivery.receive_count) == (Kind.THUMBNAIL, "bad", 1)
        assert dict(delivery.attributes) == {"correlationId": "c-1"}
        assert [letter.body for letter in await _letters(queues)] == ["worse"]

    async def test_a_purged_letter_is_gone(self, queues: Queues) -> None:
        """Purging removes the chosen letters and no others, and counts those that were there."""
        await self._bury(queues, [an_outgoing(body="one"), an_outgoing(Kind.THUMBNAIL, body="two")])
        chosen = await _letters(queues, DeadLetterQuery(kind=Kind.CAPTION))
        assert await queues.letters.purge(chosen) == 1
        assert await queues.letters.purge(chosen) == 0
        assert [letter.body for letter in await _letters(queues)] == ["two"]

    async def test_empty_batches_do_nothing(self, queues: Queues) -> None:
        """Every call takes an empty batch."""
        assert list(await queues.publisher.publish([])) == []
        await queues.queue.acknowledge([])
        await queues.queue.release([], 1)
        await queues.queue.extend([])
        await queues.queue.reject([])
        assert await queues.letters.redrive([]) == 0
        assert await queues.letters.purge([]) == 0

    async def _bury(self, queues: Queues, messages: Sequence[OutgoingMessage]) -> None:
        await queues.publisher.publish(messages)
        deliveries = await queues.queue.receive()
        await queues.queue.reject([Rejection(delivery=delivery, faults=FAULTS) for delivery in deliveries])
