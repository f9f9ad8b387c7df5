"""Examining dead letters: what is wrong with each today, and whose it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime

import pytest
from attrs import define

from linkhub_adapters.memory import MemoryEventQueue
from linkhub_core.application import Examined, ExamineDeadLetters, MendDeadLetter, RedrivePlan, plan_redrive
from linkhub_core.errors import CollectionFull, Fault, MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.ports import AddOutcome, DeadLetter, DeadLetterQuery, OutgoingMessage, Refusal
from linkhub_core.testing.builders import KEY, NOON, an_outgoing
from linkhub_core.testing.flaky import FlakyStagingStore, Strike
from tests.core.application.assembly_harness import AssemblyHarness


async def examined(harness: AssemblyHarness, query: DeadLetterQuery | None = None) -> list[Examined]:
    """All that match, examined."""
    examine = ExamineDeadLetters(letters=harness.messages)
    return [one async for one in examine(query or DeadLetterQuery())]


async def test_a_dead_letter_that_is_still_malformed_has_its_faults() -> None:
    """It would not pass."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(Kind.CAPTION, title=5))
    await harness.turn()
    (one,) = await examined(harness)
    assert (one.would_pass, one.key, [fault.field for fault in one.faults]) == (False, None, ["title"])


async def test_a_dead_letter_that_would_pass_now_has_its_key() -> None:
    """A message that came too often was sound all along."""
    harness = AssemblyHarness()
    harness.messages.max_receive_count = 1
    await harness.post(an_outgoing(Kind.CAPTION))
    for _ in range(2):
        await harness.messages.receive()
        harness.clock.advance(60)
    (one,) = await examined(harness)
    assert (one.would_pass, one.key, one.letter.receive_count) == (True, KEY, 1)


async def test_only_letters_that_match_are_examined() -> None:
    """By kind, and by name."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(Kind.CAPTION, body="{"), an_outgoing(Kind.THUMBNAIL, body="{"))
    await harness.turn()
    kinds = [one.letter.kind for one in await examined(harness, DeadLetterQuery(kind=Kind.THUMBNAIL))]
    first = (await examined(harness))[0].letter.letter_id
    named = await examined(harness, DeadLetterQuery(letter_ids=[first]))
    assert (kinds, [one.letter.letter_id for one in named]) == ([Kind.THUMBNAIL], [first])


async def test_what_was_mended_and_redriven_is_assembled() -> None:
    """A letter goes back on its queue as a new message."""
    harness = AssemblyHarness()
    harness.messages.max_receive_count = 1
    await harness.post(an_outgoing(Kind.CAPTION))
    for _ in range(2):
        await harness.messages.receive()
        harness.clock.advance(60)
    assert await harness.messages.redrive(await harness.letters()) == 1
    await harness.turn()
    assert (KEY in harness.rows.rows, await harness.letters()) == (True, [])


# --- what a redrive does, and what is left when it is killed


class Killed(BaseException):
    """The process is gone: nothing after this line of it happens."""


@define
class Steps:
    """Lets ``left`` steps happen, then kills."""

    left: int

    def step(self) -> None:
        """One more."""
        if not self.left:
            raise Killed
        self.left -= 1


@define
class KilledPublisher:
    """A publisher in a process that may be killed before a call and after it."""

    inner: MemoryEventQueue
    steps: Steps

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        self.steps.step()
        refusals = await self.inner.publish(messages)
        self.steps.step()
        return refusals


@define
class KilledLetters:
    """Dead letters in a process that may be killed before a call and after it."""

    inner: MemoryEventQueue
    steps: Steps

    def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See the port."""
        return self.inner.browse(query)

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        self.steps.step()
        count = await self.inner.redrive(letters)
        self.steps.step()
        return count

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        return await self.inner.add(letters, dry_run=dry_run)

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        self.steps.step()
        count = await self.inner.purge(letters)
        self.steps.step()
        return count


@define
class KillingClock:
    """A clock at whose reading the process may be killed: a redrive in memory reads it for each message."""

    steps: Steps

    def now(self) -> datetime:
        """See the port."""
        self.steps.step()
        return NOON

    async def sleep(self, seconds: float) -> None:
        """See the port."""


async def _rejected(*outgoing: OutgoingMessage) -> AssemblyHarness:
    harness = AssemblyHarness()
    await harness.post(*outgoing)
    await harness.turn()
    return harness


def _mended() -> str:
    return an_outgoing(Kind.CAPTION, title="Mended").body


def test_a_plan_leaves_what_would_come_again() -> None:
    """Unless it is forced."""
    letter = DeadLetter(
        letter_id="1",
        kind=Kind.CAPTION,
        body="",
        faults=(),
        message_id="1",
        receive_count=1,
        sent_at=NOON,
        rejected_at=NOON,
    )
    sound = Examined(letter=letter, faults=(), key=KEY)
    broken = Examined(letter=letter, faults=[Fault("title", "is missing")], key=None)
    assert plan_redrive([sound, broken]) == RedrivePlan(going=[sound], staying=[broken])
    assert plan_redrive([sound, broken], force=True) == RedrivePlan(going=[sound, broken], staying=[])


@pytest.mark.parametrize("steps", range(5))
async def test_mending_that_is_killed_loses_nothing(steps: int) -> None:
    """Killed at any step, the letter is still there or its mended message is queued; done again, the video waits."""
    harness = await _rejected(an_outgoing(Kind.CAPTION, title=5))
    (letter,) = await harness.letters()
    counted = Steps(steps)
    killed = MendDeadLetter(
        letters=KilledLetters(harness.messages, counted),
        publisher=KilledPublisher(harness.messages, counted),
    )
    try:
        await killed(letter, _mended())
    except Killed:
        assert steps < 4
    assert len(await harness.letters()) + harness.left >= 1
    for still in await harness.letters():
        await MendDeadLetter(letters=harness.messages, publisher=harness.messages)(still, _mended())
    await harness.turn()
    assert (list(harness.rows.rows), await harness.letters(), harness.left) == ([KEY], [], 0)


@pytest.mark.parametrize("steps", range(4))
async def test_a_redrive_in_memory_that_is_killed_loses_nothing(steps: int) -> None:
    """Each of three letters is still there, or on its queue."""
    harness = await _rejected(*(an_outgoing(Kind.CAPTION, video_id=f"v{number}", title=5) for number in range(3)))
    bodies = {letter.body for letter in await harness.letters()}
    harness.messages.clock = KillingClock(Steps(steps))
    with suppress(Killed):
        await harness.messages.redrive(await harness.letters())
    harness.messages.clock = harness.clock
    queued = {delivery.body for delivery in await harness.messages.receive()}
    assert queued | {letter.body for letter in await harness.letters()} == bodies
    assert len(queued) == steps


async def test_a_mended_message_keeps_its_correlation_id() -> None:
    """Also where it stood on the SNS notification around the event, or was the message's own id."""
    sns_attributes = {"correlationId": {"Type": "String", "Value": "c-9"}}
    envelope = json.dumps({"Type": "Notification", "Message": '{"title": 5}', "MessageAttributes": sns_attributes})
    for body, attributes, kept in (
        ("{", {"correlationId": "c-1", "traceparent": "t"}, {"correlationId": "c-1", "traceparent": "t"}),
        (envelope, {}, {"correlationId": "c-9"}),
        ("{", {}, {"correlationId": "m1"}),
    ):
        harness = await _rejected(OutgoingMessage(kind=Kind.CAPTION, body=body, attributes=attributes))
        (letter,) = await harness.letters()
        await MendDeadLetter(letters=harness.messages, publisher=harness.messages)(letter, _mended())
        (delivery,) = await harness.messages.receive()
        assert delivery.attributes == {**kept, "linkhubFirstSentAt": "2026-01-15T12:00:00.000+00:00"}
        assert delivery.first_sent_at == letter.sent_at


async def test_a_body_that_would_be_rejected_again_changes_nothing() -> None:
    """Unless it is forced: then it goes, and the same body is a plain redrive."""
    harness = await _rejected(an_outgoing(Kind.CAPTION, title=5))
    (letter,) = await harness.letters()
    mend = MendDeadLetter(letters=harness.messages, publisher=harness.messages)
    with pytest.raises(MalformedEvent):
        await mend(letter, letter.body)
    assert (await harness.letters(), harness.left) == ([letter], 0)
    await mend(letter, letter.body, force=True)
    assert (await harness.letters(), harness.left) == ([], 1)


async def test_a_body_that_the_queue_refuses_changes_nothing() -> None:
    """The letter stays."""
    harness = await _rejected(an_outgoing(Kind.CAPTION, title=5))
    (letter,) = await harness.letters()
    with pytest.raises(MalformedEvent, match="the queue refuses it: too long"):
        await MendDeadLetter(letters=harness.messages, publisher=RefusingPublisher())(letter, _mended())
    assert await harness.letters() == [letter]


class RefusingPublisher:
    """A queue that carries nothing."""

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        return [Refusal(message=message, problem="too long") for message in messages]


async def test_a_letter_that_a_store_refused_promises_nothing() -> None:
    """Its body breaks no rule, and only the store knows whether it would pass: it goes back by force alone."""
    harness = AssemblyHarness()
    full = Strike("stage", CollectionFull("DynamoDB", "10 GB"), None)
    harness.staging = FlakyStagingStore(harness.rows, strikes=[full])
    await harness.post(an_outgoing())
    await harness.turn()
    (letter,) = await harness.letters()
    assert [(fault.of_store, "no room for more products" in fault.problem) for fault in letter.faults] == [(True, True)]
    (one,) = await examined(harness)
    assert (one.would_pass, one.key) == (None, KEY)
    assert plan_redrive([one]).staying == [one]
    assert plan_redrive([one], force=True).going == [one]
