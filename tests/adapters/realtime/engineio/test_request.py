"""SessionRequest: which request is for what, and each documented refusal."""

import orjson
import pytest

from linkhub_adapters.realtime.engineio import (
    FORBIDDEN,
    EngineSession,
    EngineSettings,
    Intent,
    Refusal,
    SessionRequest,
    Transport,
    read_request,
)

POLLING, WEBSOCKET = "polling", "websocket"


def session() -> EngineSession:
    return EngineSession(sid="known", transport=Transport.POLLING, now=0.0, settings=EngineSettings())


@pytest.mark.parametrize(
    ("method", "transport", "sid", "is_websocket", "intent"),
    [
        ("GET", POLLING, None, False, Intent.OPEN),
        ("GET", POLLING, "", False, Intent.OPEN),
        ("GET", WEBSOCKET, None, True, Intent.OPEN),
        ("GET", POLLING, "known", False, Intent.POLL),
        ("POST", POLLING, "known", False, Intent.POST),
        ("GET", WEBSOCKET, "known", True, Intent.UPGRADE),
    ],
)
def test_admitted(method: str, transport: str, sid: str | None, is_websocket: bool, intent: Intent) -> None:
    """Method, transport and sid decide which of the four intents a request has; it has its session."""
    known = session()
    query = {"EIO": "4", "transport": transport, "t": "cache-buster"} | ({} if sid is None else {"sid": sid})
    wanted = read_request(method, query, is_websocket=is_websocket, find_session={"known": known}.get)
    expected = None if intent is Intent.OPEN else known
    assert wanted == SessionRequest(intent=intent, transport=Transport(transport), session=expected)


@pytest.mark.parametrize(
    ("method", "query", "is_websocket", "code", "message"),
    [
        ("GET", {"EIO": "4"}, False, 0, "Transport unknown"),
        ("GET", {"EIO": "4", "transport": "webtransport"}, False, 0, "Transport unknown"),
        ("GET", {"transport": POLLING}, False, 5, "Unsupported protocol version"),
        ("GET", {"EIO": "3", "transport": POLLING}, False, 5, "Unsupported protocol version"),
        ("GET", {"EIO": "4", "transport": POLLING, "sid": "else"}, False, 1, "Session ID unknown"),
        ("GET", {"EIO": "4", "transport": WEBSOCKET, "sid": "else"}, True, 1, "Session ID unknown"),
        ("POST", {"EIO": "4", "transport": POLLING}, False, 2, "Bad handshake method"),
        ("GET", {"EIO": "4", "transport": WEBSOCKET}, False, 3, "Bad request"),
        ("GET", {"EIO": "4", "transport": POLLING}, True, 3, "Bad request"),
        ("GET", {"EIO": "4", "transport": WEBSOCKET, "sid": "known"}, False, 3, "Bad request"),
        ("GET", {"EIO": "4", "transport": POLLING, "sid": "known"}, True, 3, "Bad request"),
        ("PUT", {"EIO": "4", "transport": POLLING, "sid": "known"}, False, 3, "Bad request"),
        ("DELETE", {"EIO": "4", "transport": POLLING, "sid": "known"}, False, 3, "Bad request"),
    ],
)
def test_refused(method: str, query: dict[str, str], is_websocket: bool, code: int, message: str) -> None:
    """Each refusal carries the documented code and text, with a 400."""
    refusal = read_request(method, query, is_websocket=is_websocket, find_session={"known": session()}.get)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    assert orjson.loads(refusal.body) == {"code": code, "message": message}


def test_a_finished_session_is_unknown() -> None:
    """Even if the shell has not yet forgotten it."""
    known = session()
    known.lose_request()
    query = {"EIO": "4", "transport": POLLING, "sid": "known"}
    refusal = read_request("GET", query, is_websocket=False, find_session={"known": known}.get)
    assert isinstance(refusal, Refusal)
    assert refusal.code == 1


def test_forbidden_is_a_403() -> None:
    """What a shell answers to an origin off its list."""
    assert (FORBIDDEN.status, FORBIDDEN.body) == (403, b'{"code":4,"message":"Forbidden"}')
