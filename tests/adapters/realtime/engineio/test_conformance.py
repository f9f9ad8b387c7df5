"""The cases of the published Engine.IO 4 test suite, played against the sessions and a shell in memory."""

import orjson
import pytest

from linkhub_adapters.realtime.engineio import EngineSettings
from tests.adapters.realtime.engineio.shell import Shell, echo

PING_INTERVAL = 0.3
PING_TIMEOUT = 0.2


@pytest.fixture
def shell() -> Shell:
    """An echo server with the timing of the published suite."""
    return Shell(
        echo,
        settings=EngineSettings(ping_interval_seconds=PING_INTERVAL, ping_timeout_seconds=PING_TIMEOUT),
    )


def test_polling_handshake(shell: Shell) -> None:
    """The first GET is answered with an open packet of exactly the five promised keys."""
    exchange = shell.request("GET", {"EIO": "4", "transport": "polling"})
    assert exchange.status == 200
    assert exchange.body[:1] == b"0"
    handshake = orjson.loads(exchange.body[1:])
    assert isinstance(handshake.pop("sid"), str)
    assert handshake == {
        "upgrades": ["websocket"],
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1_000_000,
    }


def test_websocket_handshake(shell: Shell) -> None:
    """The first frame is an open packet, with nothing to upgrade to."""
    (frame,) = shell.connect({"EIO": "4", "transport": "websocket"}).take()
    assert isinstance(frame, str)
    handshake = orjson.loads(frame[1:])
    assert frame[0] == "0"
    assert isinstance(handshake.pop("sid"), str)
    assert handshake == {"upgrades": [], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}


INVALID_QUERIES = [
    {"transport": "polling"},
    {"EIO": "abc", "transport": "polling"},
    {"EIO": "4"},
    {"EIO": "4", "transport": "abc"},
]


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_invalid_query_by_http(shell: Shell, query: dict[str, str]) -> None:
    """A handshake with a wrong or missing parameter is a 400."""
    assert shell.request("GET", query).status == 400


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_invalid_query_by_websocket(shell: Shell, query: dict[str, str]) -> None:
    """A WebSocket with a wrong or missing parameter is closed."""
    assert shell.connect(query).is_closed


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_invalid_handshake_method(shell: Shell, method: str) -> None:
    """A handshake that is not a GET is a 400."""
    assert shell.request(method, {"EIO": "4", "transport": "polling"}).status == 400


@pytest.mark.parametrize("payload", [b"4hello", b"4test1\x1e4test2\x1e4test3", b"4hello\x1ebAQIDBA=="])
def test_payloads_are_echoed(shell: Shell, payload: bytes) -> None:
    """One packet, several, and binary among text come back as they went."""
    sid = shell.open_polling()
    posted = shell.post(sid, payload)
    assert (posted.status, posted.body) == (200, b"ok")
    polled = shell.get(sid)
    assert (polled.status, polled.body) == (200, payload)


def test_invalid_payload_closes(shell: Shell) -> None:
    """A malformed payload is a 400, and the session is gone."""
    sid = shell.open_polling()
    assert shell.post(sid, b"abc").status == 400
    assert shell.get(sid).status == 400


def test_duplicate_polls_close(shell: Shell) -> None:
    """A second poll is a 400; the first ends with a close packet; the session is gone."""
    sid = shell.open_polling()
    first, second = shell.get(sid), shell.get(sid)
    assert (first.status, first.body) == (200, b"1")
    assert second.status == 400
    assert shell.get(sid).status == 400


def test_a_cancelled_poll_closes(shell: Shell) -> None:
    """Whoever breaks off a poll may have lost packets: the session is gone."""
    sid = shell.open_polling()
    assert shell.get(sid).hangs
    session = shell.sessions[sid]
    shell.settle(session, session.lose_request())
    assert shell.get(sid).status == 400


@pytest.mark.parametrize("frame", ["4hello", b"\x01\x02\x03\x04"])
def test_frames_are_echoed(shell: Shell, frame: str | bytes) -> None:
    """Text and binary frames come back as they went."""
    socket = shell.open_websocket()
    socket.send(frame)
    assert socket.take() == [frame]


def test_invalid_frame_closes(shell: Shell) -> None:
    """A malformed frame closes the WebSocket."""
    socket = shell.open_websocket()
    socket.send("abc")
    assert socket.is_closed


def test_heartbeat_by_polling(shell: Shell) -> None:
    """Each poll hangs until the ping, as long as pongs are posted."""
    sid = shell.open_polling()
    for _ in range(3):
        poll = shell.get(sid)
        assert poll.hangs
        shell.advance(PING_INTERVAL)
        assert (poll.status, poll.body) == (200, b"2")
        assert shell.post(sid, b"3").status == 200


def test_ping_timeout_by_polling(shell: Shell) -> None:
    """Without a pong the session is gone."""
    sid = shell.open_polling()
    shell.advance(PING_INTERVAL + PING_TIMEOUT)
    assert shell.get(sid).status == 400


def test_heartbeat_by_websocket(shell: Shell) -> None:
    """Pings come as long as pongs are sent."""
    socket = shell.open_websocket()
    for _ in range(3):
        shell.advance(PING_INTERVAL)
        assert socket.take() == ["2"]
        socket.send("3")
    assert not socket.is_closed


def test_ping_timeout_by_websocket(shell: Shell) -> None:
    """Without a pong the WebSocket is closed, and not before its time."""
    socket = shell.open_websocket()
    shell.advance(PING_INTERVAL + PING_TIMEOUT - 0.01)
    assert not socket.is_closed
    shell.advance(0.02)
    assert socket.is_closed


def test_close_by_polling(shell: Shell) -> None:
    """A posted close packet ends the hanging poll with a noop; the session is gone."""
    sid = shell.open_polling()
    poll = shell.get(sid)
    assert shell.post(sid, b"1").status == 200
    assert (poll.status, poll.body) == (200, b"6")
    assert shell.get(sid).status == 400


def test_close_by_websocket(shell: Shell) -> None:
    """A close packet closes the WebSocket."""
    socket = shell.open_websocket()
    socket.send("1")
    assert socket.is_closed


def test_upgrade(shell: Shell) -> None:
    """The probe ends the poll with a noop; after the upgrade packet messages go by WebSocket."""
    sid = shell.open_polling()
    socket = shell.open_upgrade(sid)
    poll = shell.get(sid)
    socket.send("2probe")
    assert socket.take() == ["3probe"]
    assert (poll.status, poll.body) == (200, b"6")
    socket.send("5", "4hello")
    assert socket.take() == ["4hello"]


def test_http_after_upgrade_is_ignored(shell: Shell) -> None:
    """A poll or POST with the sid of an upgraded session is a 400, and changes nothing."""
    sid = shell.open_polling()
    socket = shell.open_upgrade(sid)
    socket.send("2probe", "5")
    assert shell.get(sid).status == 400
    assert shell.post(sid, b"4lost").status == 400
    socket.send("4hello")
    assert socket.take() == ["3probe", "4hello"]


def test_second_websocket_after_upgrade_is_ignored(shell: Shell) -> None:
    """A WebSocket with the sid of an upgraded session is closed, and changes nothing."""
    sid = shell.open_polling()
    socket = shell.open_upgrade(sid)
    socket.send("2probe", "5")
    assert shell.open_upgrade(sid).is_closed
    socket.send("4hello")
    assert socket.take() == ["3probe", "4hello"]
