"""The internals of uvicorn that ``uvicorn_server`` relies on: a newer uvicorn without one of them fails here."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, cast

import httptools
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

_OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "handle_websocket_upgrade": ["self"],
    "_unsupported_upgrade_warning": ["self"],
    "send_400_response": ["self", "msg"],
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
}
_READ_OF_PROTOCOL = [
    "client",
    "connections",
    "cycle",
    "headers",
    "loop",
    "pipeline",
    "scope",
    "timeout_keep_alive",
    "url",
]
_READ_OF_CYCLE = [
    "disconnected",
    "expected_content_length",
    "message_event",
    "response_complete",
    "response_started",
    "scope",
    "transport",
]


async def _app(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(("name", "parameters"), _OVERRIDDEN.items(), ids=list(_OVERRIDDEN))
def test_a_method_that_is_overridden_keeps_its_parameters(name: str, parameters: list[str]) -> None:
    """Else an override would never be called, or be called with something else."""
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == parameters


async def test_the_attributes_that_are_read_exist() -> None:
    """Of the protocol from its first request on, and of that request's cycle."""
    config = uvicorn.Config(_app, loop="none", lifespan="off", log_config=None)
    config.load()
    loop, protocols = asyncio.get_running_loop(), list[HttpToolsProtocol]()

    def make() -> HttpToolsProtocol:
        protocols.append(HttpToolsProtocol(config, ServerState(), {}, loop))
        return protocols[0]

    async with await loop.create_server(make, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 204 ")
        (protocol,) = protocols
        assert [name for name in _READ_OF_PROTOCOL if not hasattr(protocol, name)] == []
        assert [name for name in _READ_OF_CYCLE if not hasattr(protocol.cycle, name)] == []
        assert isinstance(protocol.cycle, RequestResponseCycle)
        assert protocol in protocol.connections
        assert protocol.transport is protocol.cycle.transport
        writer.close()
        await writer.wait_closed()


def test_the_config_accepts_factories_of_protocols() -> None:
    """For HTTP and for WebSockets; both are taken as they are, not looked up by name."""

    def factory(**_: object) -> asyncio.Protocol:
        raise AssertionError("not called")

    protocols = cast(Any, factory)
    config = uvicorn.Config(_app, http=protocols, ws=protocols, loop="none", lifespan="off", log_config=None)
    config.load()
    assert (config.http_protocol_class, config.ws_protocol_class) == (factory, factory)


def test_the_server_is_stopped_and_leaves_signals_alone() -> None:
    """By the two names that ``HttpServer`` uses."""
    server = uvicorn.Server(uvicorn.Config(_app, log_config=None))
    assert server.should_exit is False
    assert list(inspect.signature(uvicorn.Server.capture_signals).parameters) == ["self"]
    assert list(inspect.signature(uvicorn.Server.serve).parameters) == ["self", "sockets"]


def test_httptools_calls_what_is_overridden() -> None:
    """The parser looks these callbacks up by name."""
    called: list[str] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *_: called.append(name)

    class Seen:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return note(name)

    parser = httptools.HttpRequestParser(Seen())
    parser.feed_data(b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na")
    assert {"on_message_begin", "on_headers_complete", "on_body", "on_message_complete"} <= set(called)
