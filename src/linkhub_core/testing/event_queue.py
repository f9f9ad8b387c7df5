"""The contract of the queues: :class:`~linkhub_core.ports.EventQueue`, its publisher and its dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings

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
from linkhub_core.testing.builders import an_outgoing
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.strategies import event_bodies

BATCH_SIZE = 100
FAULTS = [
    Fault("", "no room", of_store=True),
    Fault("price", "must be a number"),
    Fault("tags[3]", "zu lang – 長い"),
    Fault("", "too large"),
]


@frozen(kw_only=True)
class Queues:
    """The ports of one technology over the same queues. Tests that need a part that is left out are skipped.

    Args:
        queue: visibility is 30 seconds, a batch 100 messages, the third delivery is the last. ``receive`` may return an
            empty batch soon, but never while a message is available.
        publisher: publishes to ``queue``.
        letters: the dead letters of ``queue``.
        clock: the clock that decides when leases end.
        letters_are_ordered: false if the technology returns dead letters in any order.
    """

    queue: EventQueue
    publisher: EventPublisher
    _letters: DeadLetters | None = None
    _clock: FakeClock | None = None
    letters_are_ordered: bool = True

    @property
    def letters(self) -> DeadLetters:
        """The dead letters; without them the test is skipped."""
        if self._letters is None:
            pytest.skip("the adapter has no dead letters: Queues(letters=...)")
        return self._letters

    @property
    def clock(self) -> FakeClock:
        """The clock; without it the test is skipped."""
        if self._clock is None:
            pytest.skip("the test cannot move the clock of the queues: Queues(clock=...)")
        return self._clock


async def _receive(queues: Queues, count: int) -> list[Delivery]:
    """Receive ``count`` messages; one batch may have fewer than are available."""
    deliveries: list[Delivery] = []
    while len(deliveries) < count:
        batch = await queues.queue.receive()
        assert 1 <= len(batch) <= BATCH_SIZE, f"{len(batch)} came after {len(deliveries)} of {count}"
        deliveries += batch
    return deliveries


def _bodies(deliveries: Sequence[Delivery]) -> list[str]:
    return sorted(delivery.body for delivery in deliveries)


async def _letters(queues: Queues, query: DeadLetterQuery | None = None) -> list[DeadLetter]:
    return [letter async for letter in queues.letters.browse(query or DeadLetterQuery())]


class EventQueueContract:
    """Subclass it with a fixture ``queues`` that gives empty :class:`Queues`."""

    pytestmark = pytest.mark.asyncio

    async def test_a_published_message_is_delivered(self, queues: Queues) -> None:
        """A delivery has the kind, body and attributes of its message, and a receive count of 1."""
        outgoing = [an_outgoing(Kind.CAPTION, body="é 👗"), an_outgoing(Kind.THUMBNAIL, body="{}")]
        assert list(await queues.publisher.publish(outgoing)) == []
        delivered = {delivery.kind: delivery for delivery in await _receive(queues, 2)}
        assert {kind: delivery.body for kind, delivery in delivered.items()} == {
            Kind.CAPTION: "é 👗",
            Kind.THUMBNAIL: "{}",
        }
        for delivery in delivered.values():
            assert dict(delivery.attributes) == {"correlationId": "c-1"}
            assert delivery.receive_count == 1

    async def test_a_message_carries_the_time_at_which_it_was_sent(self, queues: Queues) -> None:
        """``sent_at`` is the time of publishing, by the clock of the queues."""
        sent_at = queues.clock.now()
        await queues.publisher.publish([an_outgoing()])
        (delivery,) = await _receive(queues, 1)
        assert delivery.sent_at == sent_at

    async def test_an_empty_queue_gives_an_empty_batch(self, queues: Queues) -> None:
        """Without a message within its waiting time, ``receive`` returns an empty batch."""
        assert list(await queues.queue.receive()) == []

    async def test_a_leased_message_is_hidden_until_its_lease_expires(self, queues: Queues) -> None:
        """A message is not delivered again within its lease. Then it is, with a higher receive count."""
        await queues.publisher.publish([an_outgoing(body="one")])
        (first,) = await queues.queue.receive()
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(31)
        (second,) = await queues.queue.receive()
        assert (second.body, second.receive_count, second.sent_at) == ("one", 2, first.sent_at)
        assert second.message_id == first.message_id

    async def test_an_acknowledged_message_is_deleted(self, queues: Queues) -> None:
        """``acknowledge`` deletes the message; a second call changes nothing."""
        await queues.publisher.publish([an_outgoing(body="one")])
        deliveries = await queues.queue.receive()
        await queues.queue.acknowledge(deliveries)
        await queues.queue.acknowledge(deliveries)
        queues.clock.advance(3600)
        assert list(await queues.queue.receive()) == []

    async def test_a_released_message_comes_back_after_its_delay(self, queues: Queues) -> None:
        """A released message is delivered again after its delay, and not before."""
        await queues.publisher.publish([an_outgoing(body="one")])
        await queues.queue.release(await queues.queue.receive(), 5)
        queues.clock.advance(4)
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(2)
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_an_extended_lease_starts_again(self, queues: Queues) -> None:
        """``extend`` starts the lease again; the message stays hidden."""
        await queues.publisher.publish([an_outgoing(body="one")])
        deliveries = await queues.queue.receive()
        queues.clock.advance(20)
        await queues.queue.extend(deliveries)
        queues.clock.advance(20)
        assert list(await queues.queue.receive()) == []
        queues.clock.advance(11)
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_an_expired_lease_changes_nothing(self, queues: Queues) -> None:
        """After a second delivery, calls with the first one change nothing."""
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
        """``reject`` moves the message with its attributes and faults; the rest of the batch stays."""
        await queues.publisher.publish([an_outgoing(body="bad"), an_outgoing(body="good")])
        deliveries = {delivery.body: delivery for delivery in await _receive(queues, 2)}
        await queues.queue.reject([Rejection(delivery=deliveries["bad"], faults=FAULTS)])
        (letter,) = await _letters(queues)
        assert (letter.body, list(letter.faults), letter.kind) == ("bad", FAULTS, Kind.CAPTION)
        assert [fault.of_store for fault in letter.faults] == [fault.of_store for fault in FAULTS]
        assert letter.message_id == deliveries["bad"].message_id
        assert (letter.receive_count, letter.sent_at) == (1, deliveries["bad"].sent_at)
        assert dict(letter.attributes) == {"correlationId": "c-1"}
        queues.clock.advance(31)
        assert _bodies(await queues.queue.receive()) == ["good"]

    async def test_a_message_that_is_delivered_too_often_becomes_a_dead_letter(self, queues: Queues) -> None:
        """After its last delivery a message becomes a dead letter with that reason."""
        await queues.publisher.publish([an_outgoing(body="one")])
        for count in (1, 2, 3):
            (delivery,) = await queues.queue.receive()
            assert delivery.receive_count == count
            queues.clock.advance(31)
        assert list(await queues.queue.receive()) == []
        (letter,) = await _letters(queues)
        assert [str(fault) for fault in letter.faults] == ["was delivered 3 times and never acknowledged"]

    async def test_a_batch_is_bounded_and_no_message_is_lost(self, queues: Queues) -> None:
        """250 messages are received once each, in batches of at most 100."""
        await queues.publisher.publish([an_outgoing(body=f"{number:03}") for number in range(250)])
        seen: list[str] = []
        while deliveries := await queues.queue.receive():
            assert len(deliveries) <= 100
            seen += [delivery.body for delivery in deliveries]
            await queues.queue.acknowledge(deliveries)
        assert sorted(seen) == [f"{number:03}" for number in range(250)]

    async def test_letters_are_browsed_by_kind_and_by_id(self, queues: Queues) -> None:
        """``browse`` returns all letters, those of a kind, or those with the given ids."""
        messages = [an_outgoing(kind, body=f"{kind} {number}") for kind in Kind for number in range(3)]
        await self._reject_all(queues, messages)
        everything = await _letters(queues)
        assert len(everything) == 6
        captions = await _letters(queues, DeadLetterQuery(kind=Kind.CAPTION))
        assert sorted(letter.body for letter in captions) == ["caption 0", "caption 1", "caption 2"]
        named = await _letters(queues, DeadLetterQuery(letter_ids=[everything[0].letter_id, "no-such-letter"]))
        assert named == [everything[0]]

    async def test_a_redriven_letter_is_delivered_again(self, queues: Queues) -> None:
        """``redrive`` moves letters back to their queue as new messages with their attributes."""
        await self._reject_all(queues, [an_outgoing(Kind.THUMBNAIL, body="bad"), an_outgoing(body="worse")])
        chosen = await _letters(queues, DeadLetterQuery(kind=Kind.THUMBNAIL))
        assert await queues.letters.redrive(chosen) == 1
        assert await queues.letters.redrive(chosen) == 0
        (delivery,) = await queues.queue.receive()
        assert (delivery.kind, delivery.body, delivery.receive_count) == (Kind.THUMBNAIL, "bad", 1)
        assert delivery.attributes["correlationId"] == "c-1"
        assert [letter.body for letter in await _letters(queues)] == ["worse"]

    async def test_a_redriven_message_carries_the_time_at_which_it_was_first_sent(self, queues: Queues) -> None:
        """``first_sent_at`` stays the same after any number of redrives."""
        await self._reject_all(queues, [an_outgoing(Kind.THUMBNAIL, body="bad")])
        (letter,) = await _letters(queues)
        first_sent_at = letter.first_sent_at
        assert first_sent_at == letter.sent_at
        for _ in range(2):
            queues.clock.advance(3600)
            assert await queues.letters.redrive(await _letters(queues)) == 1
            (delivery,) = await queues.queue.receive()
            assert abs(delivery.first_sent_at - first_sent_at) < timedelta(milliseconds=1)
            await queues.queue.reject([Rejection(delivery=delivery, faults=[Fault("", "no")])])

    async def test_a_purged_letter_is_deleted(self, queues: Queues) -> None:
        """``purge`` deletes the given letters only, and returns how many existed."""
        await self._reject_all(queues, [an_outgoing(body="one"), an_outgoing(Kind.THUMBNAIL, body="two")])
        chosen = await _letters(queues, DeadLetterQuery(kind=Kind.CAPTION))
        assert await queues.letters.purge(chosen) == 1
        assert await queues.letters.purge(chosen) == 0
        assert [letter.body for letter in await _letters(queues)] == ["two"]

    async def test_a_released_lease_changes_nothing(self, queues: Queues) -> None:
        """After ``release``, calls with that delivery change nothing."""
        await queues.publisher.publish([an_outgoing(body="one")])
        deliveries = await queues.queue.receive()
        await queues.queue.release(deliveries, 0)
        await queues.queue.acknowledge(deliveries)
        await queues.queue.extend(deliveries)
        await queues.queue.release(deliveries, 900)
        await queues.queue.reject([Rejection(delivery=deliveries[0], faults=FAULTS)])
        assert await _letters(queues) == []
        assert _bodies(await queues.queue.receive()) == ["one"]

    async def test_an_acknowledged_or_rejected_lease_changes_nothing(self, queues: Queues) -> None:
        """After ``acknowledge`` or ``reject``, later calls with that delivery change nothing."""
        await queues.publisher.publish([an_outgoing(body="done"), an_outgoing(body="bad")])
        deliveries = {delivery.body: delivery for delivery in await _receive(queues, 2)}
        rejections = [Rejection(delivery=deliveries["bad"], faults=FAULTS)]
        await queues.queue.acknowledge([deliveries["done"]])
        await queues.queue.reject(rejections)
        await queues.queue.reject([*rejections, Rejection(delivery=deliveries["done"], faults=FAULTS)])
        await queues.queue.release(list(deliveries.values()), 0)
        await queues.queue.extend(list(deliveries.values()))
        assert [letter.body for letter in await _letters(queues)] == ["bad"]
        queues.clock.advance(3600)
        assert list(await queues.queue.receive()) == []

    async def test_a_delivery_may_be_twice_in_a_batch(self, queues: Queues) -> None:
        """A repeated delivery in a batch counts once, and so does a repeated letter."""
        await queues.publisher.publish([an_outgoing(body="done"), an_outgoing(body="bad")])
        deliveries = {delivery.body: delivery for delivery in await _receive(queues, 2)}
        await queues.queue.acknowledge([deliveries["done"]] * 2)
        await queues.queue.reject([Rejection(delivery=deliveries["bad"], faults=FAULTS)] * 2)
        letters = await _letters(queues)
        assert [letter.body for letter in letters] == ["bad"]
        assert await queues.letters.redrive(letters * 2) == 1
        assert _bodies(await queues.queue.receive()) == ["bad"]
        assert list(await queues.queue.receive()) == []

    async def test_neither_kind_waits_for_the_other(self, queues: Queues) -> None:
        """A message of one kind is in the first batches, whatever the backlog of the other kind is."""
        for kind in Kind:
            await queues.publisher.publish([an_outgoing(kind, body=f"many {number}") for number in range(450)])
            await queues.publisher.publish([an_outgoing(kind.partner, body=f"one {kind}")])
            first = await _receive(queues, BATCH_SIZE)
            assert f"one {kind}" in _bodies(first)
            await queues.queue.acknowledge(first)
            while deliveries := await queues.queue.receive():
                await queues.queue.acknowledge(deliveries)

    async def test_a_call_may_have_many_messages(self, queues: Queues) -> None:
        """``acknowledge``, ``release`` and ``reject`` accept batches larger than one call of a service."""
        await queues.publisher.publish([an_outgoing(body=f"{number:03}") for number in range(100)])
        deliveries = sorted(await _receive(queues, 100), key=lambda delivery: delivery.body)
        await queues.queue.acknowledge(deliveries[:30])
        await queues.queue.release(deliveries[30:60], 0)
        await queues.queue.reject([Rejection(delivery=delivery, faults=FAULTS) for delivery in deliveries[60:]])
        again = await _receive(queues, 30)
        assert _bodies(again) == [f"{number:03}" for number in range(30, 60)]
        assert {delivery.receive_count for delivery in again} == {2}
        assert sorted(letter.body for letter in await _letters(queues)) == [f"{number:03}" for number in range(60, 100)]

    async def test_receivers_share_the_messages(self, queues: Queues) -> None:
        """Several receivers at once get each message once."""
        await queues.publisher.publish([an_outgoing(body=f"{number:03}") for number in range(250)])
        seen: list[str] = []

        async def take_all() -> None:
            while batch := await queues.queue.receive():
                seen.extend(delivery.body for delivery in batch)

        await asyncio.gather(*(take_all() for _ in range(5)))
        assert sorted(seen) == [f"{number:03}" for number in range(250)]

    async def test_letters_come_oldest_first(self, queues: Queues) -> None:
        """Letters are ordered by the time of rejection if the technology has an order; each has that time."""
        await queues.publisher.publish([an_outgoing(body=body) for body in "abc"])
        deliveries = {delivery.body: delivery for delivery in await _receive(queues, 3)}
        for body in "cab":
            queues.clock.advance(1)
            await queues.queue.reject([Rejection(delivery=deliveries[body], faults=FAULTS)])
        letters = await _letters(queues)
        if not queues.letters_are_ordered:
            letters.sort(key=lambda letter: letter.rejected_at)
        assert [letter.body for letter in letters] == ["c", "a", "b"]
        assert [letter.rejected_at for letter in letters] == sorted({letter.rejected_at for letter in letters})

    async def test_every_body_is_delivered_unchanged_or_refused(self, queues: Queues) -> None:
        """A body is delivered and dead-lettered unchanged, or the publisher refuses it."""
        samples: list[OutgoingMessage] = []

        @settings(max_examples=60, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(event_bodies())
        def collect(event: tuple[Kind, str]) -> None:
            samples.append(OutgoingMessage(kind=event[0], body=event[1]))

        collect()
        different = list({(one.kind, one.body): one for one in samples}.values())  # a FIFO queue drops copies
        refused = {id(refusal.message) for refusal in await queues.publisher.publish(different)}
        carried = sorted((one.kind, one.body) for one in different if id(one) not in refused)
        seen: list[tuple[Kind, str]] = []
        while batch := await queues.queue.receive():
            seen += [(one.kind, one.body) for one in batch]
            # Soon: a FIFO queue keeps back the others of a video until then.
            await queues.queue.reject([Rejection(delivery=one, faults=FAULTS) for one in batch])
        assert sorted(seen) == carried
        assert sorted((one.kind, one.body) for one in await _letters(queues)) == carried

    async def test_empty_batches_do_nothing(self, queues: Queues) -> None:
        """Every call accepts an empty batch."""
        assert list(await queues.publisher.publish([])) == []
        await queues.queue.acknowledge([])
        await queues.queue.release([], 1)
        await queues.queue.extend([])
        await queues.queue.reject([])
        assert await queues.letters.redrive([]) == 0
        assert await queues.letters.purge([]) == 0

    async def _reject_all(self, queues: Queues, messages: Sequence[OutgoingMessage]) -> None:
        await queues.publisher.publish(messages)
        deliveries = await _receive(queues, len(messages))
        await queues.queue.reject([Rejection(delivery=delivery, faults=FAULTS) for delivery in deliveries])
