"""The plain WebSocket: text frames with ``{"event": ..., "data": ...}`` in both directions."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import orjson
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from websockets.http11 import Request

from linkhub_adapters.realtime.endpoints.connection import WebSocketConnection
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET

PRODUCTS_PATH: Final = "/products"

_FORM: Final = 'a message is {"event": "...", "data": {...}}'


class PlainHandler:
    """The message handler of a plain WebSocket, with its subscriber."""

    __slots__ = ("_connection", "_hub", "_subscriber")

    has_heartbeat = False

    def __init__(self, hub: Hub, connection: WebSocketConnection) -> None:
        self._hub = hub
        self._connection = connection
        self._subscriber: Subscriber | None = None

    def open(self) -> None:
        """See :class:`~.connection.MessageHandler`."""
        connection = self._connection
        wire_format = connection.form_of(PLAIN_WEBSOCKET)
        self._subscriber = self._hub.connect(wire_format, connection.write, connection.unsent_bytes)

    def receive(self, message: str | bytes) -> None:
        """See :class:`~.connection.MessageHandler`."""
        if self._subscriber is None:
            return
        read = _read(message)
        if isinstance(read, str):
            self._hub.receive_malformed(self._subscriber, read)
        else:
            self._hub.receive(self._subscriber, *read)

    def lose(self) -> None:
        """See :class:`~.connection.MessageHandler`."""
        if self._subscriber is not None:
            self._hub.disconnect(self._subscriber)


def plain_endpoint(hub: Hub) -> Callable[[WebSocketConnection, Request], PlainHandler]:
    """The endpoint of ``/products``."""

    def admit(connection: WebSocketConnection, _: Request) -> PlainHandler:
        return PlainHandler(hub, connection)

    return admit


def plain_routes() -> list[Route]:
    """The route for a request to ``/products`` without a handshake: 426."""
    return [Route(PRODUCTS_PATH, _require_upgrade, methods=["GET"], include_in_schema=False)]


async def _require_upgrade(_: HttpRequest) -> Response:
    text = (
        "This address takes WebSocket handshakes only. Open it with a WebSocket client. A proxy in front must pass the "
        "headers Upgrade and Connection on.\n"
    )
    headers = {"upgrade": "websocket", "connection": "upgrade", "cache-control": "no-store"}
    return PlainTextResponse(text, HTTPStatus.UPGRADE_REQUIRED, headers)


def _read(message: str | bytes) -> tuple[str, object] | str:
    """The event and its data, or the problem."""
    if isinstance(message, bytes):
        return f"Binary messages have no meaning here; {_FORM}"
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        return f"This is not JSON ({error}); {_FORM}"
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        return f"There is no event in this; {_FORM}"
    return document["event"], document.get("data")
