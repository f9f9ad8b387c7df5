"""Long polls: how many, what becomes of what they bring, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from linkhub_adapters.aws.sqs.long_polls import LongPolls, next_width
from linkhub_core.errors import LinkhubError, ServiceUnavailable

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_SAFETY_SECONDS = 30


@define(eq=False)
class _Server:
    """A queue that answers a poll when the test says so, with messages or with an error."""

    answers: SimpleQueue[int | Exception] = field(factory=SimpleQueue)
    given_back: SimpleQueue[int] = field(factory=SimpleQueue)
    arrivals: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    now: float = 0.0
    gives_back_badly: bool = False

    def receive(self) -> Sequence[MessageTypeDef]:
        answer = self.answers.get(timeout=_SAFETY_SECONDS)
        if isinstance(answer, Exception):
            raise answer
        return [{"MessageId": str(number)} for number in range(answer)]

    def give_back(self, messages: Sequence[MessageTypeDef]) -> None:
        self.given_back.put(len(messages))
        if self.gives_back_badly:
            raise ServiceUnavailable("SQS", "down")

    def answer(self, *answers: int | Exception) -> None:
        """Answer as many polls, and wait until they have landed."""
        for answer in answers:
            self.answers.put(answer)
        for _ in answers:
            assert self.arrivals.acquire(timeout=_SAFETY_SECONDS)


@pytest.fixture
def server() -> _Server:
    """The other side."""
    return _Server()


@pytest.fixture
def polls(server: _Server) -> Iterator[LongPolls]:
    """Polls of it, four at once."""
    made = LongPolls(
        receive=server.receive,
        give_back=server.give_back,
        arrived=server.arrivals.release,
        most=4,
        name="test",
        seconds=lambda: server.now,
    )
    yield made
    made.close()
    for _ in range(made.running):
        server.answers.put(0)


@pytest.mark.parametrize(
    ("width", "received", "expected"), [(1, 10, 2), (2, 10, 4), (4, 10, 4), (4, 9, 2), (1, 1, 1), (4, 0, 1)]
)
def test_the_width_follows_the_replies(width: int, received: int, expected: int) -> None:
    """A full reply doubles it, one that is not full halves it, an empty one leaves a single poll."""
    assert next_width(width, received, most=4) == expected


def test_an_idle_queue_has_one_poll_and_a_full_one_has_several(server: _Server, polls: LongPolls) -> None:
    """More polls are started as long as replies are full."""
    polls.start(1000)
    polls.start(1000)
    assert (polls.running, polls.has_more) == (1, False)
    server.answer(10)
    polls.start(1000)
    assert (polls.running, polls.has_more) == (2, True)
    server.answer(10)
    polls.start(1000)
    assert polls.running == 4


def test_no_poll_is_started_that_there_is_no_room_for(server: _Server, polls: LongPolls) -> None:
    """Each poll may bring ten messages."""
    polls.start(9)
    assert polls.running == 0
    polls.start(10)
    server.answer(10)
    polls.start(19)
    assert polls.running == 0  # what landed takes up room until it is taken
    polls.take()
    polls.start(19)
    polls.start(19)
    assert polls.running == 1


def test_what_landed_is_taken_once(server: _Server, polls: LongPolls) -> None:
    """Messages wait until they are taken, and are not handed out twice."""
    polls.start(10)
    server.answer(3)
    messages, error = polls.take()
    assert (len(messages), error, polls.take()) == (3, None, ([], None))


def test_a_failed_poll_is_raised_once_and_the_next_one_waits(server: _Server, polls: LongPolls) -> None:
    """The pauses grow with each failure, up to three seconds, and a success ends them."""
    for pause in (0.2, 0.4, 0.8, 1.6, 3, 3):
        polls.start(10)
        assert polls.running == 1
        server.answer(ServiceUnavailable("SQS", "down"))
        assert [str(error) for error in polls.take() if error] == ["SQS is unavailable: down"]
        server.now += pause * 0.99
        polls.start(10)
        assert polls.running == 0
        server.now += pause * 0.02
    polls.start(10)
    server.answer(0)
    polls.start(10)
    assert polls.running == 1


def test_an_unexpected_error_of_a_poll_is_raised_too(server: _Server, polls: LongPolls) -> None:
    """After any error of a poll its thread is free again, and the receiver gets the error."""
    polls.start(10)
    server.answer(KeyError("Messages"))
    _, error = polls.take()
    assert isinstance(error, LinkhubError)
    assert str(error) == "a poll of test failed: KeyError('Messages')"
    assert polls.running == 0


@pytest.mark.parametrize("gives_back_badly", [False, True])
def test_what_comes_after_the_end_is_given_back(server: _Server, polls: LongPolls, gives_back_badly: bool) -> None:
    """Closing waits for no poll; what one still brings goes back by its own thread, as far as that is possible."""
    server.gives_back_badly = gives_back_badly
    polls.start(10)
    server.answer(10)
    polls.start(30)
    assert (polls.running, len(polls.close())) == (2, 10)
    server.answers.put(7)
    server.answers.put(0)
    assert server.given_back.get(timeout=_SAFETY_SECONDS) == 7
    polls.start(10)
    assert polls.take() == ([], None)


def test_a_failure_lasts_until_the_next_accepted_poll(server: _Server, polls: LongPolls) -> None:
    """A poll that was refused ended at once: one that is still under way a second later was not refused."""
    assert polls.current_error is None
    polls.start(10)
    server.answer(ServiceUnavailable("SQS", "denied"))
    assert str(polls.current_error) == "SQS is unavailable: denied"
    server.now += 1
    polls.start(10)
    assert str(polls.current_error) == "SQS is unavailable: denied"
    server.now += 1
    assert polls.current_error is None
    server.answer(0)
    assert polls.current_error is None
