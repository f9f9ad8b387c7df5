"""One dead-letter queue for both queues: each letter is listed once, and goes back to the queue that it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.sqs.depths import SqsDepths
from linkhub_core.errors import Fault as Broken
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, DeadLetterQuery, Rejection
from linkhub_core.testing.builders import an_outgoing
from tests.adapters.aws.queue_fixture import QueueFixture

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture(params=[False, True], ids=["standard", "fifo"])
async def fixture(
    request: pytest.FixtureRequest, make_sqs_client: Callable[[], SQSClient]
) -> AsyncIterator[QueueFixture]:
    """Two queues that share a dead-letter queue."""
    made = QueueFixture.create(make_sqs_client(), is_fifo=request.param, shares_dead_letters=True)
    yield made
    await made.close()


async def _reject(fixture: QueueFixture, captions: int, thumbnails: int) -> None:
    """Reject as many messages of each kind."""
    for kind, count in ((Kind.CAPTION, captions), (Kind.THUMBNAIL, thumbnails)):
        await fixture.publisher.publish([an_outgoing(kind, video_id=f"v{number}") for number in range(count)])
    queue = fixture.queue(poll_wait_seconds=0)
    deliveries = await fixture.receive(queue, captions + thumbnails)
    await queue.reject([Rejection(delivery=one, faults=[Broken("title", "is missing")]) for one in deliveries])
    await queue.close()


def _depths(fixture: QueueFixture) -> dict[Kind, int]:
    return {kind: fixture.depth(queue.url)[0] for kind, queue in fixture.queues.items()}


def _dead(fixture: QueueFixture) -> str:
    (url,) = {queue.dead_letter_url for queue in fixture.queues.values()}
    return url


def _send_unknown(fixture: QueueFixture, body: str) -> None:
    place: Any = {"MessageGroupId": "g", "MessageDeduplicationId": body} if _dead(fixture).endswith(".fifo") else {}
    fixture.sqs.send_message(QueueUrl=_dead(fixture), MessageBody=body, **place)


def _kinds(letters: Sequence[DeadLetter]) -> list[str]:
    return sorted(str(letter.kind) for letter in letters)


async def test_each_letter_is_listed_once_with_its_kind(fixture: QueueFixture) -> None:
    """By the queue that linkhub wrote into it when it was rejected."""
    await _reject(fixture, 3, 2)
    letters = await fixture.letters()
    assert _kinds(letters) == ["caption"] * 3 + ["thumbnail"] * 2
    assert {letter.source_queue for letter in letters} == {queue.name for queue in fixture.queues.values()}
    assert _kinds(await fixture.letters(DeadLetterQuery(kind=Kind.THUMBNAIL))) == ["thumbnail"] * 2


async def test_a_redrive_sends_each_letter_to_its_own_queue(fixture: QueueFixture) -> None:
    """All of both kinds in one call."""
    await _reject(fixture, 3, 2)
    assert await fixture.dead_letters.redrive(await fixture.letters()) == 5
    assert _depths(fixture) == {Kind.CAPTION: 3, Kind.THUMBNAIL: 2}
    assert await fixture.letters() == []


async def test_a_purge_of_one_kind_leaves_the_other(fixture: QueueFixture) -> None:
    """Though both are in one dead-letter queue."""
    await _reject(fixture, 3, 2)
    assert await fixture.dead_letters.purge(await fixture.letters(DeadLetterQuery(kind=Kind.THUMBNAIL))) == 2
    assert _kinds(await fixture.letters()) == ["caption"] * 3


async def test_a_shared_dead_letter_queue_counts_once(fixture: QueueFixture) -> None:
    """In the figures of the operator's page."""
    await _reject(fixture, 3, 2)
    depths = SqsDepths(queues=fixture.queues, sqs=fixture.sqs, calls=fixture.calls.calls)
    assert sum((await depths.dead_letters()).values()) == 5


async def test_a_letter_of_no_known_origin_has_no_kind_and_stays(fixture: QueueFixture) -> None:
    """Another program sent it, or SQS moved it and does not say from where: nothing is guessed."""
    _send_unknown(fixture, an_outgoing(Kind.THUMBNAIL).body)
    (letter,) = await fixture.letters()
    assert (letter.kind, letter.source_queue) == (None, "")
    assert "one of the queues that share this dead-letter queue" in str(letter.faults[0])
    assert await fixture.dead_letters.redrive([letter]) == 0
    assert await fixture.letters() == [letter]


async def test_an_operator_names_the_kind(fixture: QueueFixture) -> None:
    """The letter goes to the queue of that kind; the others of the same page to their own."""
    await _reject(fixture, 2, 0)
    _send_unknown(fixture, an_outgoing(Kind.THUMBNAIL).body)
    named = [evolve(one, kind=one.kind or Kind.THUMBNAIL) for one in await fixture.letters()]
    assert await fixture.dead_letters.redrive(named) == 3
    assert _depths(fixture) == {Kind.CAPTION: 2, Kind.THUMBNAIL: 1}


async def test_the_source_that_sqs_names_counts(fixture: QueueFixture) -> None:
    """SQS says from which queue its redrive policy moved a message; a queue of another service is no kind."""
    other = fixture.queues[Kind.CAPTION].arn.replace("caption", "orders")
    sources = {"moved": fixture.queues[Kind.THUMBNAIL].arn, "foreign": other}

    def name_sources(parsed: dict[str, Any], **_: Any) -> None:
        for message in parsed.get("Messages", []):
            message["Attributes"]["DeadLetterQueueSourceArn"] = sources[message["Body"]]

    for body in sources:
        _send_unknown(fixture, body)
    fixture.sqs.meta.events.register("after-call.sqs.ReceiveMessage", name_sources)
    letters = {letter.body: letter for letter in await fixture.letters()}
    assert (letters["moved"].kind, letters["foreign"].kind) == (Kind.THUMBNAIL, None)
    assert str(letters["moved"].faults[0]) == "was delivered 20 times and never acknowledged"
    assert letters["foreign"].source_queue.startswith("orders")
    assert "none of linkhub's" in str(letters["foreign"].faults[0])
