"""The messages of one subscriber, and their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.application.subscriber_session import (
    GET_STATUS,
    SUBSCRIBE,
    UNSUBSCRIBE,
    ErrorCode,
    Join,
    Leave,
    Outcome,
    Reply,
    SessionLimits,
    SubscriberSession,
    subscribed,
)
from linkhub_core.testing.builders import NOON
from linkhub_core.wire.cursor import Cursor, encode_cursor

NOON_TEXT = "2026-01-15T12:00:00.000Z"


def a_session(**limits: int) -> SubscriberSession:
    """A new session."""
    return SubscriberSession(client_id="c1", limits=SessionLimits(**limits))


def say(session: SubscriberSession, event: str, data: object = None, *, monotonic: float = 0.0) -> Sequence[Outcome]:
    """Let it receive a message at noon."""
    return session.receive(event, data, monotonic=monotonic, now=NOON)


def code_of(outcomes: Sequence[Outcome]) -> str:
    """The code of the one error that came of a message."""
    (outcome,) = outcomes
    assert isinstance(outcome, Reply)
    assert outcome.event == "error"
    assert outcome.data.keys() == {"code", "message", "timestamp"}
    assert outcome.data["timestamp"] == NOON_TEXT
    code: str = outcome.data["code"]
    return code


def test_a_new_connection_is_greeted_with_its_id() -> None:
    """``connected`` has a message, the client's id and the time."""
    greeting = a_session().connected(NOON)
    assert greeting.event == "connected"
    assert greeting.data == {"message": "Connected to linkhub", "clientId": "c1", "timestamp": NOON_TEXT}


def test_subscribing_joins_the_shop() -> None:
    """A handle alone joins from now on; with ``since`` or ``cursor``, from there."""
    session = a_session()
    assert say(session, SUBSCRIBE, {"seller_handle": "nalu"}) == [Join(seller_handle="nalu", after=None)]
    since = {"seller_handle": "kala", "since": "2026-01-01T00:00:00Z"}
    assert say(session, SUBSCRIBE, since) == [Join(seller_handle="kala", after=datetime(2026, 1, 1, tzinfo=UTC))]
    cursor = Cursor(store="s", seller_handle="nalu", position="7")
    again = {"seller_handle": "nalu", "cursor": encode_cursor(cursor)}
    assert say(session, SUBSCRIBE, again) == [Join(seller_handle="nalu", after=cursor)]
    assert session.seller_handles == ("nalu", "kala")


@pytest.mark.parametrize(
    "more",
    [
        {"cursor": "garbage"},
        {"cursor": 7},
        {"cursor": encode_cursor(Cursor(store="s", seller_handle="kala", position="7"))},
        {"cursor": encode_cursor(Cursor(store="s", seller_handle="nalu", position="7")), "since": "2026-01-01"},
    ],
    ids=["garbage", "no text", "another shop's", "with since"],
)
def test_a_wrong_cursor_is_named(more: dict[str, object]) -> None:
    """It has an error code of its own."""
    session = a_session()
    assert code_of(say(session, SUBSCRIBE, {"seller_handle": "nalu", **more})) == "invalid_cursor"
    assert session.seller_handles == ()


@pytest.mark.parametrize("recovered", [True, False])
def test_the_answer_to_a_join_says_whether_all_that_was_missed_follows(recovered: bool) -> None:
    """``subscribed`` has exactly the documented fields."""
    reply = subscribed("nalu", recovered=recovered, now=NOON)
    assert reply.event == "subscribed"
    assert reply.data.keys() == {"seller_handle", "message", "timestamp", "recovered", "cursor"}
    assert (reply.data["seller_handle"], reply.data["timestamp"]) == ("nalu", NOON_TEXT)
    assert reply.data["recovered"] is recovered


def test_subscribing_twice_is_answered_twice_and_counts_once() -> None:
    """The second time joins again, and is still one subscription of the limit."""
    session = a_session(max_subscriptions=1)
    first = say(session, SUBSCRIBE, {"seller_handle": "nalu"})
    assert say(session, SUBSCRIBE, {"seller_handle": "nalu"}) == first
    assert session.seller_handles == ("nalu",)


def test_unsubscribing_leaves_one_shop_or_all() -> None:
    """With a handle that shop is left, without one every shop."""
    session = a_session()
    for handle in ("a", "b", "c"):
        say(session, SUBSCRIBE, {"seller_handle": handle})
    left, reply = say(session, UNSUBSCRIBE, {"seller_handle": "b"})
    assert left == Leave(seller_handles=("b",))
    assert isinstance(reply, Reply)
    assert (reply.event, reply.data["seller_handle"], reply.data["timestamp"]) == ("unsubscribed", "b", NOON_TEXT)
    left, reply = say(session, UNSUBSCRIBE)
    assert left == Leave(seller_handles=("a", "c"))
    assert isinstance(reply, Reply)
    assert reply.data["seller_handle"] is None
    assert session.seller_handles == ()


def test_the_status_lists_the_shops() -> None:
    """``subscription_status`` has the handles in order of subscription, and the time."""
    session = a_session()
    say(session, SUBSCRIBE, {"seller_handle": "b"})
    say(session, SUBSCRIBE, {"seller_handle": "a"})
    (reply,) = say(session, GET_STATUS)
    assert reply == Reply(event="subscription_status", data={"subscriptions": ["b", "a"], "timestamp": NOON_TEXT})


@pytest.mark.parametrize(
    ("event", "data", "code"),
    [
        ("subscribe", {"seller_handle": "nalu"}, ErrorCode.UNKNOWN_EVENT),
        ("", None, ErrorCode.UNKNOWN_EVENT),
        ("x" * 10_000, None, ErrorCode.UNKNOWN_EVENT),
        (SUBSCRIBE, None, ErrorCode.INVALID_DATA),
        (SUBSCRIBE, "nalu", ErrorCode.INVALID_DATA),
        (SUBSCRIBE, ["nalu"], ErrorCode.INVALID_DATA),
        (SUBSCRIBE, {}, ErrorCode.INVALID_SELLER_HANDLE),
        (SUBSCRIBE, {"seller_handle": 7}, ErrorCode.INVALID_SELLER_HANDLE),
        (SUBSCRIBE, {"seller_handle": "nalu fashion"}, ErrorCode.INVALID_SELLER_HANDLE),
        (SUBSCRIBE, {"seller_handle": "x" * 65}, ErrorCode.INVALID_SELLER_HANDLE),
        (SUBSCRIBE, {"seller_handle": {"seller_handle": "nalu"}}, ErrorCode.INVALID_SELLER_HANDLE),
        (SUBSCRIBE, {"seller_handle": "nalu", "since": "yesterday"}, ErrorCode.INVALID_SINCE),
        (SUBSCRIBE, {"seller_handle": "nalu", "since": 7}, ErrorCode.INVALID_SINCE),
        (UNSUBSCRIBE, "nalu", ErrorCode.INVALID_DATA),
        (UNSUBSCRIBE, {"seller_handle": ""}, ErrorCode.INVALID_SELLER_HANDLE),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(event: str, data: object, code: ErrorCode) -> None:
    """Each fault has its own stable code, in a short message, and the subscriptions stay."""
    session = a_session()
    say(session, SUBSCRIBE, {"seller_handle": "kept"})
    outcomes = say(session, event, data)
    assert code_of(outcomes) == code.value
    assert isinstance(outcomes[0], Reply)
    assert len(outcomes[0].data["message"]) < 300
    assert session.seller_handles == ("kept",)


def test_a_message_without_an_event_is_an_error() -> None:
    """The answer names the problem in one sentence."""
    outcomes = a_session().receive_malformed("This is not JSON", monotonic=0.0, now=NOON)
    assert code_of(outcomes) == "invalid_message"
    assert isinstance(outcomes[0], Reply)
    assert outcomes[0].data["message"] == "This is not JSON"


def test_more_subscriptions_than_allowed_are_refused_until_one_is_given_up() -> None:
    """The limit counts shops that are watched now."""
    session = a_session(max_subscriptions=2)
    for handle in ("a", "b"):
        assert say(session, SUBSCRIBE, {"seller_handle": handle}) == [Join(seller_handle=handle, after=None)]
    assert code_of(say(session, SUBSCRIBE, {"seller_handle": "c"})) == "too_many_subscriptions"
    say(session, UNSUBSCRIBE, {"seller_handle": "a"})
    assert say(session, SUBSCRIBE, {"seller_handle": "c"}) == [Join(seller_handle="c", after=None)]


def test_by_default_fifty_shops_a_hundred_messages_a_minute_and_64_kib() -> None:
    """The documented limits."""
    limits = SessionLimits()
    assert (limits.max_subscriptions, limits.messages_per_minute, limits.max_frame_bytes) == (50, 100, 65_536)


def test_a_minutes_messages_may_come_at_once_and_no_more() -> None:
    """The message after the last allowed one is refused, unread; a pace later one more is taken."""
    session = a_session(messages_per_minute=10)
    for _ in range(10):
        assert isinstance(say(session, GET_STATUS)[0], Reply)
    assert code_of(say(session, SUBSCRIBE, {"seller_handle": "nalu"})) == "rate_limited"
    assert session.seller_handles == ()
    assert say(session, SUBSCRIBE, {"seller_handle": "nalu"}, monotonic=6.0)[0] == Join(
        seller_handle="nalu", after=None
    )
    assert code_of(say(session, GET_STATUS, monotonic=6.0)) == "rate_limited"


def test_malformed_messages_count_too() -> None:
    """Garbage is no way around the limit."""
    session = a_session(messages_per_minute=1)
    assert code_of(session.receive_malformed("?", monotonic=0.0, now=NOON)) == "invalid_message"
    assert code_of(session.receive_malformed("?", monotonic=0.0, now=NOON)) == "rate_limited"


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=200), st.integers(min_value=1, max_value=20))
def test_no_more_than_the_limit_and_a_refill_pass_in_any_window(gaps: list[float], limit: int) -> None:
    """In a stretch of time at most ``limit`` messages pass, and one more for each pace that went by."""
    session, now, passed = a_session(messages_per_minute=limit), 0.0, list[float]()
    for gap in gaps:
        now += gap
        (outcome,) = say(session, GET_STATUS, monotonic=now)
        if isinstance(outcome, Reply) and outcome.event != "error":
            passed.append(now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            elapsed = passed[last] - start
            assert last - first + 1 <= limit + elapsed * limit / 60 + 1e-3


@given(
    st.text(max_size=20) | st.sampled_from([SUBSCRIBE, UNSUBSCRIBE, GET_STATUS]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("seller_handle") | st.just("since"), inner),
    ),
)
def test_whatever_comes_in_something_comes_out(event: str, data: object) -> None:
    """No event and no data raise; each has at least one outcome."""
    assert say(a_session(), event, data)
