"""The dead letters of SQS: browse, redrive, purge."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from linkhub_core.application import MendDeadLetter
from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, DeadLetterQuery, Rejection
from linkhub_core.ports.event_queue import FIRST_SENT_AT, carry_first_sent
from linkhub_core.testing.builders import an_outgoing
from tests.adapters.aws.queue_fixture import QueueFixture, eventually
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def fixture(make_sqs_client: Callable[[], "SQSClient"]) -> AsyncIterator[QueueFixture]:
    """Two queues, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client(), max_receive_count=2)
    yield made
    await made.close()


async def _bury(fixture: QueueFixture, count: int, kind: Kind = Kind.CAPTION) -> list[DeadLetter]:
    """As many rejected messages of one kind."""
    await fixture.publisher.publish([an_outgoing(kind, video_id=f"v{number}") for number in range(count)])
    queue = fixture.queue(poll_wait_seconds=0)  # no poll is left behind that could hold what a test looks for
    deliveries = await fixture.receive(queue, count)
    await queue.reject([Rejection(delivery=one, faults=[Broken("title", "is missing")]) for one in deliveries])
    await queue.close()
    return await fixture.letters(DeadLetterQuery(kind=kind))


def _dead(fixture: QueueFixture, kind: Kind = Kind.CAPTION) -> str:
    return fixture.queues[kind].dead_letter_url


async def test_browsing_shows_each_letter_once_and_gives_it_back(fixture: QueueFixture) -> None:
    """More than one reply holds, of both kinds; afterwards all are visible again."""
    await _bury(fixture, 23)
    await _bury(fixture, 4, Kind.THUMBNAIL)
    letters = await fixture.letters()
    assert len({letter.letter_id for letter in letters}) == len(letters) == 27
    assert (fixture.depth(_dead(fixture)), fixture.depth(_dead(fixture, Kind.THUMBNAIL))) == ((23, 0), (4, 0))


async def test_browsing_asks_only_where_the_query_points(fixture: QueueFixture) -> None:
    """By kind, and by name."""
    captions, thumbnails = await _bury(fixture, 3), await _bury(fixture, 2, Kind.THUMBNAIL)
    assert {letter.kind for letter in await fixture.letters(DeadLetterQuery(kind=Kind.CAPTION))} == {Kind.CAPTION}
    named = [captions[1].letter_id, thumbnails[0].letter_id, "unknown"]
    assert {one.letter_id for one in await fixture.letters(DeadLetterQuery(letter_ids=named))} == set(named[:2])
    assert await fixture.letters(DeadLetterQuery(letter_ids=[])) == []


async def test_leaving_early_gives_back_what_was_leased(fixture: QueueFixture) -> None:
    """Somebody who has seen enough hides nothing."""
    await _bury(fixture, 5)
    browsing = fixture.dead_letters.browse(DeadLetterQuery())
    await anext(browsing)
    await browsing.aclose()  # type: ignore[attr-defined]  # it is a generator, the port says iterator
    assert fixture.depth(_dead(fixture)) == (5, 0)


async def test_a_dead_letter_that_sqs_moved_is_shown(fixture: QueueFixture) -> None:
    """Delivered as often as the redrive policy allows, and never acknowledged: that is its reason."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    for _ in range(2):
        await queue.release(await fixture.receive(queue, 1), 0)

    async def moved() -> Sequence[DeadLetter]:
        await queue.receive()
        return await fixture.letters()

    [letter] = await eventually(moved)
    assert letter.faults == (Broken("", "was delivered 2 times and never acknowledged"),)
    assert letter.attributes == {"correlationId": "c-1"}


async def test_a_redriven_letter_is_back_without_its_reason(fixture: QueueFixture) -> None:
    """Body and attributes are those of the first time, and it is a letter no more."""
    letters = await _bury(fixture, 12)
    assert await fixture.dead_letters.redrive(letters[:11]) == 11
    deliveries = await fixture.receive(fixture.queue(), 11)
    assert sorted(one.body for one in deliveries) == sorted(letter.body for letter in letters[:11])
    assert {delivery.attributes["correlationId"] for delivery in deliveries} == {"c-1"}
    assert {frozenset(delivery.attributes) for delivery in deliveries} == {frozenset({"correlationId", FIRST_SENT_AT})}
    assert sorted(one.first_sent_at for one in deliveries) == sorted(one.first_sent_at for one in letters[:11])
    assert await fixture.letters() == letters[11:]


async def test_letters_that_are_gone_do_not_count(fixture: QueueFixture) -> None:
    """Redriving or purging twice does nothing the second time."""
    letters = await _bury(fixture, 2)
    assert [await fixture.dead_letters.purge(letters[:1]), await fixture.dead_letters.redrive(letters)] == [1, 1]
    assert [await fixture.dead_letters.purge(letters), await fixture.dead_letters.redrive(letters)] == [0, 0]
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (1, 0)


async def test_purging_leaves_the_others(fixture: QueueFixture) -> None:
    """Only the chosen letters go, and the others are visible."""
    letters = await _bury(fixture, 3)
    assert await fixture.dead_letters.purge(letters[:2]) == 2
    assert fixture.depth(_dead(fixture)) == (1, 0)


async def test_a_letter_that_could_not_be_sent_back_stays(fixture: QueueFixture) -> None:
    """One of three is not taken by its queue: two are back, one is still among the dead letters."""
    letters = await _bury(fixture, 3)
    with (
        inject(fixture.sqs, Fault.unserved(operation="SendMessageBatch", parts=(0,), times=5)),
        pytest.raises(ServiceUnavailable),
    ):
        await fixture.dead_letters.redrive(letters)
    assert (fixture.depth(fixture.queues[Kind.CAPTION].url), fixture.depth(_dead(fixture))) == ((2, 0), (1, 0))


async def test_a_letter_that_its_queue_refuses_stays(fixture: QueueFixture) -> None:
    """The queue now takes smaller messages only: that is an error, and the dead letter is kept."""
    letters = await _bury(fixture, 1)
    large = await _bury_large(fixture)
    fixture.sqs.set_queue_attributes(
        QueueUrl=fixture.queues[Kind.CAPTION].url, Attributes={"MaximumMessageSize": "1024"}
    )
    with pytest.raises(ServiceUnavailable, match="a dead letter was refused: InvalidParameterValue"):
        await fixture.dead_letters.redrive([*letters, large])
    assert [letter.letter_id for letter in await fixture.letters()] == [large.letter_id]


async def _bury_large(fixture: QueueFixture) -> DeadLetter:
    """A rejected message of 5 kB."""
    await fixture.publisher.publish([an_outgoing(raw_caption="x" * 5_000)])
    queue = fixture.queue(poll_wait_seconds=0)
    [delivery] = await fixture.receive(queue, 1)
    await queue.reject([Rejection(delivery=delivery, faults=[Broken("title", "is missing")])])
    await queue.close()
    [letter] = [letter for letter in await fixture.letters() if len(letter.body) > 5_000]
    return letter


async def test_a_crash_between_sending_back_and_deleting_leaves_both(fixture: QueueFixture) -> None:
    """A letter may be in both queues, never in neither."""
    letters = await _bury(fixture, 1)
    with (
        inject(fixture.sqs, Fault.time_out(operation="DeleteMessageBatch")),
        pytest.raises(ServiceUnavailable),
    ):
        await fixture.dead_letters.redrive(letters)
    assert (fixture.depth(fixture.queues[Kind.CAPTION].url), fixture.depth(_dead(fixture))) == ((1, 0), (1, 0))


async def test_mending_that_is_killed_before_the_letter_is_gone_leaves_both(fixture: QueueFixture) -> None:
    """The mended message is queued and the letter is still there; mending again ends it."""
    (letter,) = await _bury(fixture, 1)
    mend = MendDeadLetter(letters=fixture.dead_letters, publisher=fixture.publisher)
    body = an_outgoing(title="Mended").body
    with (
        inject(fixture.sqs, Fault.time_out(operation="DeleteMessageBatch")),
        pytest.raises(ServiceUnavailable),
    ):
        await mend(letter, body)
    assert (fixture.depth(fixture.queues[Kind.CAPTION].url), fixture.depth(_dead(fixture))) == ((1, 0), (1, 0))
    await mend(letter, body)
    deliveries = await fixture.receive(fixture.queue(), 2)
    assert [(one.body, one.attributes) for one in deliveries] == [
        (body, carry_first_sent({"correlationId": "c-1"}, letter.sent_at))
    ] * 2
    assert await fixture.letters() == []


async def test_a_fifo_letter_goes_back_though_its_body_was_sent_before(
    make_sqs_client: Callable[[], "SQSClient"],
) -> None:
    """By its content the queue would drop it as a copy, and it would be lost."""
    fixture = QueueFixture.create(make_sqs_client(), is_fifo=True)
    letters = await _bury(fixture, 3)
    assert await fixture.dead_letters.redrive(letters) == 3
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (3, 0)


@pytest.mark.parametrize("operation", ["ReceiveMessage", "ChangeMessageVisibilityBatch"])
async def test_unreachable_dead_letters_are_an_error(fixture: QueueFixture, operation: str) -> None:
    """Whether it is the reading or the giving back that fails."""
    await _bury(fixture, 1)
    with inject(fixture.sqs, Fault.server_error(operation=operation)), pytest.raises(ServiceUnavailable):
        await fixture.letters()
