"""A session beyond the published cases: what waits, upgrades that fail, ends, and clients that misbehave."""

import pytest

from linkhub_adapters.realtime.engineio import (
    Closed,
    CloseReason,
    EngineSession,
    EngineSettings,
    Handled,
    MessageReceived,
    Transport,
    Upgraded,
    UpgradeFailed,
    encode_binary_message,
    encode_text_message,
)
from linkhub_adapters.realtime.engineio.events import BAD_REQUEST, PAYLOAD_TOO_LARGE, UNKNOWN_SID

NEWS = encode_text_message(b"news")
SETTINGS = EngineSettings(max_unsent_bytes=200)


def closed(reason: CloseReason) -> tuple[Closed]:
    return (Closed(reason=reason),)


@pytest.fixture
def polling() -> EngineSession:
    """A session at second 0 whose handshake was polled."""
    session = EngineSession(sid="s", transport=Transport.POLLING, now=0.0, settings=SETTINGS)
    session.open_poll()
    assert session.poll_response() is not None
    return session


@pytest.fixture
def websocket() -> EngineSession:
    """A session at second 0 whose handshake was sent."""
    session = EngineSession(sid="s", transport=Transport.WEBSOCKET, now=0.0, settings=SETTINGS)
    assert len(session.frames_to_send()) == 1
    return session


def frames(session: EngineSession) -> list[bytes]:
    return [packet.frame for packet in session.frames_to_send()]


class TestSending:
    def test_a_hanging_poll_is_answered_by_the_next_packet(self, polling: EngineSession) -> None:
        """And by that alone; the one after it waits for the next poll."""
        assert polling.open_poll() == Handled()
        assert polling.poll_response() is None
        polling.send(NEWS)
        assert polling.poll_response() == b"4news"
        polling.send(NEWS)
        assert polling.poll_response() is None
        polling.open_poll()
        assert polling.poll_response() == b"4news"

    def test_what_waited_between_polls_comes_together(self, polling: EngineSession) -> None:
        """In order, in one payload, binary in base64."""
        polling.send(NEWS)
        polling.send(encode_binary_message(b"\x01"))
        polling.open_poll()
        assert polling.poll_response() == b"4news\x1ebAQ=="

    def test_polling_has_no_frames(self, polling: EngineSession) -> None:
        """Packets that wait for a poll are not written to a WebSocket."""
        polling.send(NEWS)
        assert frames(polling) == []

    def test_frames_are_taken_once(self, websocket: EngineSession) -> None:
        """Each packet is a frame of its own, shared and not copied."""
        websocket.send(NEWS)
        assert websocket.frames_to_send()[0] is NEWS
        assert frames(websocket) == []

    def test_a_slow_poller_is_closed(self, polling: EngineSession) -> None:
        """When more waits than may; what waited is forgotten."""
        packet = encode_text_message(b"x" * 98)
        assert [polling.send(packet) for _ in range(3)] == [(), (), closed(CloseReason.SLOW_READER)]
        assert polling.is_finished
        assert polling.open_poll().refusal is UNKNOWN_SID

    def test_a_closed_session_takes_no_packets(self, websocket: EngineSession) -> None:
        """They are dropped."""
        websocket.lose_websocket()
        assert websocket.send(NEWS) == ()
        assert frames(websocket) == []


class TestReceiving:
    def test_messages_before_a_malformed_packet_count(self, polling: EngineSession) -> None:
        """They come first, then the end, and the POST is refused."""
        polling.open_post()
        handled = polling.receive_payload(b"4one\x1eabc\x1e4two", now=1.0)
        assert handled.refusal is BAD_REQUEST
        assert handled.events == (MessageReceived(data="one"), *closed(CloseReason.PARSE_ERROR))

    def test_nothing_after_a_close_packet_counts(self, polling: EngineSession) -> None:
        """The client has left."""
        polling.open_post()
        handled = polling.receive_payload(b"4one\x1e1\x1e4two", now=1.0)
        assert handled == Handled(events=(MessageReceived(data="one"), *closed(CloseReason.CLIENT_CLOSE)))

    def test_a_payload_that_is_too_large_closes(self, polling: EngineSession) -> None:
        """With a 413."""
        polling.open_post()
        handled = polling.receive_payload(b"4" * (SETTINGS.max_payload_bytes + 1), now=1.0)
        assert handled == Handled(events=closed(CloseReason.PARSE_ERROR), refusal=PAYLOAD_TOO_LARGE)

    def test_a_second_post_closes(self, polling: EngineSession) -> None:
        """The order of their packets would be anyone's guess; the hanging poll ends with a close packet."""
        polling.open_poll()
        polling.open_post()
        assert polling.open_post() == Handled(events=closed(CloseReason.REQUEST_OVERLAP), refusal=BAD_REQUEST)
        assert polling.poll_response() == b"1"
        assert polling.receive_payload(b"4late", now=1.0) == Handled(refusal=UNKNOWN_SID)

    def test_posts_may_follow_each_other(self, polling: EngineSession) -> None:
        """A POST ends with its body."""
        for _ in range(2):
            assert polling.open_post() == Handled()
            assert polling.receive_payload(b"6", now=1.0) == Handled()

    @pytest.mark.parametrize("frame", ["0{}", "2", "2probe", "5", "", "abc"])
    def test_packets_that_a_client_may_not_send_close(self, websocket: EngineSession, frame: str) -> None:
        """A server's packets, and what is none, end the session."""
        assert websocket.receive_frame(frame, now=1.0) == closed(CloseReason.PARSE_ERROR)

    @pytest.mark.parametrize("frame", ["3", "3probe", "6"])
    def test_packets_without_effect(self, websocket: EngineSession, frame: str) -> None:
        """An unasked pong and a noop are nothing."""
        assert websocket.receive_frame(frame, now=1.0) == ()
        assert websocket.deadline == SETTINGS.ping_interval_seconds

    def test_nothing_follows_the_end(self, websocket: EngineSession) -> None:
        """Whatever comes after `Closed` is ignored."""
        assert websocket.receive_frame("1", now=1.0) == closed(CloseReason.CLIENT_CLOSE)
        assert websocket.receive_frame("4late", now=1.0) == ()
        assert websocket.lose_websocket() == ()
        assert websocket.close(now=1.0) == ()
        assert websocket.tick(now=1e9) == ()
        assert websocket.deadline is None


class TestHeartbeat:
    def test_a_ping_waits_for_a_poll(self, polling: EngineSession) -> None:
        """Its time-out counts all the same."""
        assert polling.tick(now=25.0) == ()
        assert polling.deadline == 45.0
        polling.open_poll()
        assert polling.poll_response() == b"2"
        assert polling.tick(now=45.0) == closed(CloseReason.PING_TIMEOUT)

    def test_a_hanging_poll_hears_of_the_timeout(self, polling: EngineSession) -> None:
        """It ends with a close packet."""
        polling.tick(now=25.0)
        polling.open_poll()
        polling.poll_response()
        polling.open_poll()
        polling.tick(now=45.0)
        assert not polling.is_finished
        assert polling.poll_response() == b"1"
        assert polling.is_finished

    def test_each_wait_has_its_deadline(self, websocket: EngineSession) -> None:
        """A ping is due an interval after an awaited pong, a pong a time-out after its ping."""
        websocket.receive_frame("3", now=24.0)
        assert websocket.deadline == 25.0
        websocket.tick(26.0)
        assert (frames(websocket), websocket.deadline) == ([b"2"], 46.0)
        assert websocket.tick(45.9) == ()
        websocket.receive_frame("3", now=30.0)
        assert websocket.deadline == 55.0

    def test_without_a_pong_a_session_ends(self, websocket: EngineSession) -> None:
        """The time-out counts from the ping."""
        websocket.tick(26.0)
        assert (websocket.tick(45.9), websocket.tick(46.0)) == ((), closed(CloseReason.PING_TIMEOUT))

    def test_an_early_tick_does_nothing(self, websocket: EngineSession) -> None:
        """A shell may tick as often as it likes."""
        assert websocket.tick(now=24.9) == ()
        assert frames(websocket) == []


class TestUpgrade:
    def test_a_hanging_poll_is_released_by_the_probe(self, polling: EngineSession) -> None:
        """With a noop, since the client waits for its end; the next one only when the shell releases it."""
        polling.open_poll()
        assert polling.open_upgrade(now=1.0) == Handled()
        assert polling.poll_response() is None
        assert polling.receive_frame("2probe", now=1.0) == ()
        assert polling.poll_response() == b"6"
        polling.open_poll()
        assert polling.poll_delays_upgrade
        assert polling.poll_response() is None
        polling.release_poll()
        assert polling.poll_response() == b"6"
        assert not polling.poll_delays_upgrade

    def test_a_poll_outside_an_upgrade_is_not_released(self, polling: EngineSession) -> None:
        """Neither before the probe nor after a failed upgrade."""
        polling.open_poll()
        polling.open_upgrade(now=1.0)
        polling.release_poll()
        assert polling.poll_response() is None
        polling.lose_websocket()
        polling.release_poll()
        assert polling.poll_response() is None

    def test_a_poll_during_an_upgrade_still_carries_messages(self, polling: EngineSession) -> None:
        """It waits for its release only while there is nothing to carry."""
        polling.open_upgrade(now=1.0)
        polling.receive_frame("2probe", now=1.0)
        polling.open_poll()
        polling.send(encode_text_message(b"news"))
        assert polling.poll_response() == b"4news"

    def test_packets_during_the_upgrade_lose_nothing(self, polling: EngineSession) -> None:
        """Polls carry what they can, the WebSocket the rest, in order, after the probe's answer."""
        polling.open_upgrade(now=1.0)
        polling.send(encode_text_message(b"1"))
        polling.receive_frame("2probe", now=1.0)
        assert frames(polling) == [b"3probe"]
        polling.open_poll()
        assert polling.poll_response() == b"41"
        polling.send(encode_text_message(b"2"))
        assert polling.receive_frame("5", now=1.0) == (Upgraded(),)
        polling.send(encode_text_message(b"3"))
        assert frames(polling) == [b"42", b"43"]

    def test_a_poll_that_hangs_at_the_upgrade_is_released(self, polling: EngineSession) -> None:
        """A client that does not wait for its end gets its noop too, and its break is of no account."""
        polling.open_upgrade(now=1.0)
        polling.receive_frame("2probe", now=1.0)
        polling.open_poll()
        polling.receive_frame("5", now=1.0)
        polling.send(NEWS)
        assert polling.poll_response() == b"6"
        assert polling.lose_request() == ()
        assert frames(polling) == [b"3probe", b"4news"]

    def test_an_end_right_after_the_upgrade_ends_both(self, polling: EngineSession) -> None:
        """The poll of before gets its noop, and the WebSocket gets no packet that is meant for polls."""
        polling.open_poll()
        polling.open_upgrade(now=1.0)
        for frame in ("2probe", "5", "1"):
            polling.receive_frame(frame, now=1.0)
        assert frames(polling) == []
        assert not polling.is_finished
        assert polling.poll_response() == b"6"
        assert polling.is_finished

    @pytest.mark.parametrize("frame", ["5", "4hello", "2", "3probe", "1", "abc", "", b"\x01", "x" * 70_000])
    def test_an_upgrade_that_begins_otherwise_fails(self, polling: EngineSession, frame: str | bytes) -> None:
        """Its WebSocket has to be closed; polling goes on, and another upgrade may be tried."""
        polling.open_upgrade(now=1.0)
        (event,) = polling.receive_frame(frame, now=1.0)
        assert isinstance(event, UpgradeFailed)
        assert polling.receive_frame("4late", now=1.0) == ()
        assert polling.is_open
        polling.send(NEWS)
        polling.open_poll()
        assert polling.poll_response() == b"4news"
        assert polling.open_upgrade(now=2.0) == Handled()

    def test_an_upgrade_times_out(self, polling: EngineSession) -> None:
        """After its own time, and not the session with it."""
        polling.open_upgrade(now=1.0)
        assert polling.deadline == 11.0
        assert polling.tick(now=11.0) == (UpgradeFailed(reason="time-out"),)
        assert polling.deadline == 25.0

    def test_an_upgrade_whose_websocket_breaks_fails(self, polling: EngineSession) -> None:
        """Once."""
        polling.open_upgrade(now=1.0)
        assert polling.lose_websocket() == (UpgradeFailed(reason="transport close"),)
        assert polling.lose_websocket() == ()

    def test_one_upgrade_at_a_time(self, polling: EngineSession) -> None:
        """A second WebSocket is refused, the first goes on."""
        polling.open_upgrade(now=1.0)
        assert polling.open_upgrade(now=1.0) == Handled(refusal=BAD_REQUEST)
        polling.receive_frame("2probe", now=1.0)
        assert polling.receive_frame("5", now=1.0) == (Upgraded(),)

    def test_a_websocket_has_nothing_to_upgrade_to(self, websocket: EngineSession) -> None:
        """A second WebSocket with its sid is refused."""
        assert websocket.open_upgrade(now=1.0) == Handled(refusal=BAD_REQUEST)


class TestEnd:
    def test_the_server_closes_a_websocket(self, websocket: EngineSession) -> None:
        """Waiting packets are still sent."""
        websocket.send(NEWS)
        assert websocket.close(now=1.0) == closed(CloseReason.SERVER_CLOSE)
        assert frames(websocket) == [b"4news"]
        assert websocket.is_finished

    def test_the_server_closes_a_hanging_poll(self, polling: EngineSession) -> None:
        """At once, what waits first, a close packet last."""
        polling.open_poll()
        polling.send(NEWS)
        assert polling.close(now=1.0) == closed(CloseReason.SERVER_CLOSE)
        assert polling.poll_response() == b"4news\x1e1"
        assert polling.is_finished

    def test_a_session_lingers_for_its_last_poll(self, polling: EngineSession) -> None:
        """Nothing else is taken meanwhile."""
        polling.send(NEWS)
        polling.close(now=1.0)
        assert not polling.is_finished
        assert polling.open_post().refusal is UNKNOWN_SID
        assert polling.open_upgrade(now=1.0).refusal is UNKNOWN_SID
        assert polling.open_poll() == Handled()
        assert polling.poll_response() == b"4news\x1e1"
        assert polling.is_finished

    def test_a_session_lingers_through_several_payloads(self) -> None:
        """Packets that do not fit into one poll are not lost."""
        settings = EngineSettings(max_payload_bytes=8)
        session = EngineSession(sid="s", transport=Transport.POLLING, now=0.0, settings=settings)
        session.open_poll()
        session.poll_response()
        session.send(NEWS)
        session.send(NEWS)
        session.close(now=1.0)
        payloads = []
        while not session.is_finished:
            session.open_poll()
            payloads.append(session.poll_response())
        assert payloads == [b"4news", b"4news\x1e1"]

    def test_lingering_ends(self, polling: EngineSession) -> None:
        """A client that never polls again is forgotten."""
        polling.close(now=1.0)
        assert polling.deadline == 11.0
        assert polling.tick(now=11.0) == ()
        assert polling.is_finished

    def test_a_poll_whose_connection_breaks_ends_the_session(self, polling: EngineSession) -> None:
        """Its packets may be lost, so the client must open a new session."""
        polling.open_poll()
        assert polling.lose_request() == closed(CloseReason.TRANSPORT_CLOSE)
        assert polling.is_finished

    def test_a_websocket_that_breaks_ends_the_session(self, websocket: EngineSession) -> None:
        """At once."""
        assert websocket.lose_websocket() == closed(CloseReason.TRANSPORT_CLOSE)
        assert websocket.is_finished
