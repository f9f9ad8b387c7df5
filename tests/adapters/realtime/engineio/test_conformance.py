"""The cases of the published Engine.IO 4 test suite, played against the sessions and a shell in memory."""

import orjson
import pytest

from linkhub_adapters.realtime.engineio import EngineSettings
from tests.adapters.realtime.engineio.memory_server import MemoryServer, echo

PING_INTERVAL = 0.3
PING_TIMEOUT = 0.2


@pytest.fixture
def engine() -> MemoryServer:
    """An echo server with the timing of the published suite."""
    return MemoryServer(
        echo,
        settings=EngineSettings(ping_interval_seconds=PING_INTERVAL, ping_timeout_seconds=PING_TIMEOUT),
    )


def test_polling_handshake(engine: MemoryServer) -> None:
    """The first GET is answered with an open packet of exactly the five promised keys."""
    exchange = engine.request("GET", {"EIO": "4", "transport": "polling"})
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


def test_websocket_handshake(engine: MemoryServer) -> None:
    """The first frame is an open packet, with nothing to upgrade to."""
    (frame,) = engine.connect({"EIO": "4", "transport": "websocket"}).take()
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
def test_invalid_query_by_http(engine: MemoryServer, query: dict[str, str]) -> None:
    """A handshake with a wrong or missing parameter is a 400."""
    assert engine.request("GET", query).status == 400


@pytest.mark.parametrize("query", INVALID_QUERIES)
def test_invalid_query_by_websocket(engine: MemoryServer, query: dict[str, str]) -> None:
    """A WebSocket with a wrong or missing parameter is closed."""
    assert engine.connect(query).is_closed


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_invalid_handshake_method(engine: MemoryServer, method: str) -> None:
    """A handshake that is not a GET is a 400."""
    assert engine.request(method, {"EIO": "4", "transport": "polling"}).status == 400


@pytest.mark.parametrize("payload", [b"4hello", b"4test1\x1e4test2\x1e4test3", b"4hello\x1ebAQIDBA=="])
def test_payloads_are_echoed(engine: MemoryServer, payload: bytes) -> None:
    """One packet, several, and binary among text come back as they went."""
    sid = engine.open_polling()
    posted = engine.post(sid, payload)
    assert (posted.status, posted.body) == (200, b"ok")
    polled = engine.get(sid)
    assert (polled.status, polled.body) == (200, payload)


def test_invalid_payload_closes(engine: MemoryServer) -> None:
    """A malformed payload is a 400, and the session is gone."""
    sid = engine.open_polling()
    assert engine.post(sid, b"abc").status == 400
    assert engine.get(sid).status == 400


def test_duplicate_polls_close(engine: MemoryServer) -> None:
    """A second poll is a 400; the first ends with a close packet; the session is gone."""
    sid = engine.open_polling()
    first, second = engine.get(sid), engine.get(sid)
    assert (first.status, first.body) == (200, b"1")
    assert second.status == 400
    assert engine.get(sid).status == 400


def test_a_cancelled_poll_closes(engine: MemoryServer) -> None:
    """A poll that breaks off may have lost packets: its session ends."""
    sid = engine.open_polling()
    assert engine.get(sid).hangs
    session = engine.sessions[sid]
    engine.settle(session, session.lose_request())
    assert engine.get(sid).status == 400


@pytest.mark.parametrize("frame", ["4hello", b"\x01\x02\x03\x04"])
def test_frames_are_echoed(engine: MemoryServer, frame: str | bytes) -> None:
    """Text and binary frames come back as they went."""
    socket = engine.open_websocket()
    socket.send(frame)
    assert socket.take() == [frame]


def test_invalid_frame_closes(engine: MemoryServer) -> None:
    """A malformed frame closes the WebSocket."""
    socket = engine.open_websocket()
    socket.send("abc")
    assert socket.is_closed


def test_heartbeat_by_polling(engine: MemoryServer) -> None:
    """Each poll hangs until the ping, as long as pongs are posted."""
    sid = engine.open_polling()
    for _ in range(3):
        poll = engine.get(sid)
        assert poll.hangs
        engine.advance(PING_INTERVAL)
        assert (poll.status, poll.body) == (200, b"2")
        assert engine.post(sid, b"3").status == 200


def test_ping_timeout_by_polling(engine: MemoryServer) -> None:
    """Without a pong the session is gone."""
    sid = engine.open_polling()
    engine.advance(PING_INTERVAL + PING_TIMEOUT)
    assert engine.get(sid).status == 400


def test_heartbeat_by_websocket(engine: MemoryServer) -> None:
    """Pings come as long as pongs are sent."""
    socket = engine.open_websocket()
    for _ in range(3):
        engine.advance(PING_INTERVAL)
        assert socket.take() == ["2"]
        socket.send("3")
    assert not socket.is_closed


def test_ping_timeout_by_websocket(engine: MemoryServer) -> None:
    """Without a pong the WebSocket is closed, and not before its time."""
    socket = engine.open_websocket()
    engine.advance(PING_INTERVAL + PING_TIMEOUT - 0.01)
    assert not socket.is_closed
    engine.advance(0.02)
    assert socket.is_closed


def test_close_by_polling(engine: MemoryServer) -> None:
    """A posted close packet ends the hanging poll with a noop; the session is gone."""
    sid = engine.open_polling()
    poll = engine.get(sid)
    assert engine.post(sid, b"1").status == 200
    assert (poll.status, poll.body) == (200, b"6")
    assert engine.get(sid).status == 400


def test_close_by_websocket(engine: MemoryServer) -> None:
    """A close packet closes the WebSocket."""
    socket = engine.open_websocket()
    socket.send("1")
    assert socket.is_closed


def test_upgrade(engine: MemoryServer) -> None:
    """The probe ends the poll with a noop; after the upgrade packet messages go by WebSocket."""
    sid = engine.open_polling()
    socket = engine.open_upgrade(sid)
    poll = engine.get(sid)
    socket.send("2probe")
    assert socket.take() == ["3probe"]
    assert (poll.status, poll.body) == (200, b"6")
    socket.send("5", "4hello")
    assert socket.take() == ["4hello"]


def test_http_after_upgrade_is_ignored(engine: MemoryServer) -> None:
    """A poll or POST with the sid of an upgraded session is a 400, and changes nothing."""
    sid = engine.open_polling()
    socket = engine.open_upgrade(sid)
    socket.send("2probe", "5")
    assert engine.get(sid).status == 400
    assert engine.post(sid, b"4lost").status == 400
    socket.send("4hello")
    assert socket.take() == ["3probe", "4hello"]


def test_second_websocket_after_upgrade_is_ignored(engine: MemoryServer) -> None:
    """A WebSocket with the sid of an upgraded session is closed, and changes nothing."""
    sid = engine.open_polling()
    socket = engine.open_upgrade(sid)
    socket.send("2probe", "5")
    assert engine.open_upgrade(sid).is_closed
    socket.send("4hello")
    assert socket.take() == ["3probe", "4hello"]
