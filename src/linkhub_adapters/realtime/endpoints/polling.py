"""Socket.IO by HTTP long-polling: the two requests of a polling client, as Starlette routes.

| request | answer                                                                                  |
|---------|-----------------------------------------------------------------------------------------|
| GET     | the waiting packets, at once or as soon as there are any                                |
| POST    | ``ok`` after its payload is processed; of a body past the limit only the start is read  |

Refusals have the codes and texts of the reference server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from linkhub_adapters.realtime.endpoints.socketio_client import SocketIoClient
from linkhub_adapters.realtime.endpoints.socketio_server import SocketIoServer
from linkhub_adapters.realtime.engineio import Intent, Refusal
from linkhub_adapters.realtime.server.http_bounds import wait_for_disconnect

SOCKETIO_PATH: Final = "/socket.io/"
# With `addTrailingSlash: false`; some proxies drop the slash, too.
SOCKETIO_PATHS: Final = (SOCKETIO_PATH, "/socket.io")

# Also methods of no use: the protocol answers them with its own 400, not with the HTTP application's 405.
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_UNCACHED: Final = {"cache-control": "no-store"}


def socketio_routes(server: SocketIoServer) -> list[Route]:
    """The routes of the polling transport, for the HTTP application."""
    answer = partial(_answer, server)
    return [Route(path, answer, methods=_METHODS, include_in_schema=False) for path in SOCKETIO_PATHS]


async def _answer(server: SocketIoServer, request: Request) -> Response:
    peer = request.client.host if request.client else ""
    caller = server.settings.access.examine(peer, request.headers.getlist)
    headers = {**_UNCACHED, **caller.cors_headers}
    routed = server.route_request(request.method, dict(request.query_params), caller)
    if isinstance(routed, Refusal):
        return _refused(routed, headers)
    intent, client = routed
    answer = await (_post(server, client, request) if intent is Intent.POST else _poll(client, request))
    if isinstance(answer, Refusal):
        return _refused(answer, headers)
    media_type = "text/html" if intent is Intent.POST else "text/plain; charset=UTF-8"
    return Response(answer, headers=headers, media_type=media_type)


def _refused(refusal: Refusal, headers: Mapping[str, str]) -> Response:
    return Response(refusal.body, refusal.status, dict(headers), media_type="application/json")


async def _poll(client: SocketIoClient, request: Request) -> bytes | Refusal:
    poll = client.open_poll()
    if isinstance(poll, Refusal) or poll.done():
        return poll if isinstance(poll, Refusal) else poll.result()
    leaving = asyncio.create_task(wait_for_disconnect(request.receive))
    try:
        either: set[asyncio.Future[Any]] = {poll, leaving}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not poll.done():
            poll.cancel()
            client.lose_request()
    return b"" if poll.cancelled() else poll.result()


async def _post(server: SocketIoServer, client: SocketIoClient, request: Request) -> bytes | Refusal:
    refusal = client.open_post()
    if refusal is not None:
        return refusal
    try:
        # A slower client has missed its heartbeat.
        async with asyncio.timeout(server.settings.ping_interval_seconds + server.settings.ping_timeout_seconds):
            body = await _read(request, server.settings.max_polling_payload_bytes)
    except (ClientDisconnect, TimeoutError):
        client.lose_request()
        return Refusal(code=3, message="The body did not come", status=400)
    return client.receive_payload(body) or b"ok"


async def _read(request: Request, most_bytes: int) -> bytes:
    """The body, or its start: a little more than ``most_bytes`` is enough for the refusal."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            break
    return bytes(body)
