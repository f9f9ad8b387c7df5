"""Messages and dead letters of other stores on SQS: its own contract is in ``test_contracts``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from linkhub_adapters.aws.sqs.queue_contents import SqsQueueContents
from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Added, Known, Refused
from linkhub_core.ports.event_queue import FIRST_SENT_AT
from linkhub_core.testing.queue_contents import a_letter, a_queued
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def fixture(make_sqs_client: Callable[[], SQSClient]) -> AsyncIterator[QueueFixture]:
    """Two queues, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client())
    yield made
    await made.close()


def _contents(fixture: QueueFixture) -> SqsQueueContents:
    return SqsQueueContents(queues=fixture.queues, sqs=fixture.calls)


async def test_a_message_that_sqs_cannot_hold_is_refused(fixture: QueueFixture) -> None:
    """A dry run says so, too; the others of the batch are added."""
    messages = [a_queued(1, body=""), a_queued(2), a_queued(3, body="\uffff"), a_queued(4, body="x" * 300_000)]
    expected = [
        Refused("an empty message cannot be sent"),
        Added(),
        Refused("character U+FFFF at position 0 cannot be sent"),
        Refused("it has 300,075 bytes, the queue takes 262,144"),
    ]
    assert await _contents(fixture).add(messages, dry_run=True) == expected
    assert await _contents(fixture).add(messages) == expected
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (1, 0)


async def test_attributes_that_sqs_cannot_hold_are_left_out(fixture: QueueFixture) -> None:
    """Of eleven and some impossible ones, ten are kept: those that linkhub reads among them."""
    attributes = {f"a{number}": "1" for number in range(11)} | {"": "x", "empty": "", "correlationId": "c"}
    await _contents(fixture).add([a_queued(attributes=attributes)])
    [delivery] = await fixture.receive(fixture.queue(), 1)
    assert len(delivery.attributes) == 10
    assert {"correlationId", FIRST_SENT_AT} < delivery.attributes.keys()


async def test_a_fifo_queue_knows_a_message_for_some_minutes(make_sqs_client: Callable[[], SQSClient]) -> None:
    """Added twice by two imports, it is there once; a copy with another id is another message."""
    fixture = QueueFixture.create(make_sqs_client(), is_fifo=True)
    for _ in range(2):
        assert await _contents(fixture).add([a_queued(1), a_queued(1, message_id="other")]) == [Added(), Added()]
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (2, 0)


async def test_letters_are_known_to_another_import(fixture: QueueFixture) -> None:
    """Also those that linkhub itself wrote, and those whose attributes do not fit."""
    letters = [
        a_letter(1),
        a_letter(2, Kind.THUMBNAIL, attributes={f"a{number}": str(number) for number in range(10)}),
        a_letter(3, sent_at=a_letter().sent_at + timedelta(microseconds=1)),
    ]
    assert await fixture.dead_letters.add(letters) == [Added()] * 3
    assert await fixture.dead_letters.add(letters) == [Known()] * 3
    found = sorted(await fixture.letters(), key=lambda letter: letter.message_id)
    assert [evolve(letter, letter_id="", held_in="") for letter in found] == [
        evolve(letter, letter_id="", held_in="") for letter in letters
    ]


async def test_one_import_scans_once(fixture: QueueFixture) -> None:
    """The next batches cost their own calls only; a letter that was purged here is not known any more."""
    adding = fixture.dead_letters
    await adding.add([a_letter(1)])
    before = fixture.calls.calls.counts["receive_message"]
    assert await adding.add([a_letter(2), a_letter(1)]) == [Added(), Known()]
    assert fixture.calls.calls.counts["receive_message"] == before
    assert await adding.purge(await fixture.letters()) == 2
    assert await adding.add([a_letter(1)]) == [Added()]


async def test_a_letter_that_sqs_cannot_hold_is_refused(fixture: QueueFixture) -> None:
    """By its reason, and the others are added."""
    outcomes = await fixture.dead_letters.add([a_letter(1, body=""), a_letter(2)])
    assert outcomes == [Refused("an empty message cannot be sent"), Added()]
    assert [letter.message_id for letter in await fixture.letters()] == ["elsewhere-2"]


async def test_a_letter_may_have_any_faults(fixture: QueueFixture) -> None:
    """None, too."""
    letters = [a_letter(1, faults=()), a_letter(2, faults=(Broken("", "lone \ud800 surrogate"),))]
    await fixture.dead_letters.add(letters)
    found = sorted(await fixture.letters(), key=lambda letter: letter.message_id)
    assert [letter.faults for letter in found] == [letter.faults for letter in letters]


async def test_unreachable_queues_are_an_error(fixture: QueueFixture) -> None:
    """Nothing is reported as added."""
    for add in (_contents(fixture).add([a_queued()]), fixture.dead_letters.add([a_letter()])):
        with inject(fixture.sqs, Fault.server_error(operation="SendMessageBatch")), pytest.raises(ServiceUnavailable):
            await add
