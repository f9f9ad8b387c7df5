"""The application as a whole: its parts fit, other rooms' routes are at home in it, and making it opens nothing."""

import socket
from collections.abc import MutableMapping
from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.access import AccessPolicy
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture


async def test_other_rooms_routes_are_served() -> None:
    """Behind ours, with any method, dressed in the same headers."""

    async def poll(_: object) -> PlainTextResponse:
        return PlainTextResponse("0{}")

    fixture = HttpFixture(
        settings=HttpSettings(access=AccessPolicy(origins=["*"])),
        extra_routes=[Route("/socket.io/", poll, methods=["GET", "POST"])],
    )
    async with fixture.client() as client:
        answer = await client.post("/socket.io/?EIO=4&transport=polling", headers={"Origin": "https://shop.example"})
    assert answer.text == "0{}"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def converse(app: Starlette, scope: dict[str, Any], *messages: str) -> list[str]:
    """Send the application these messages, as a server does, and return the types of those that it sends."""
    incoming = iter(messages)
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": next(incoming)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    await app(scope, receive, send)
    return sent


async def test_other_rooms_sockets_are_served() -> None:
    """Scopes other than HTTP pass every layer unchanged; an unknown WebSocket is closed."""

    async def greet(peer: WebSocket) -> None:
        await peer.accept()
        await peer.close()

    app = HttpFixture(extra_routes=[WebSocketRoute("/products", greet)]).app()
    scope = {"type": "websocket", "path": "/products", "headers": [], "query_string": b""}
    assert await converse(app, dict(scope), "websocket.connect") == ["websocket.accept", "websocket.close"]
    assert await converse(app, scope | {"path": "/nothing"}, "websocket.connect") == ["websocket.close"]


async def test_a_servers_lifespan_passes() -> None:
    """A server that announces its start and its end finds an application that nods."""
    sent = await converse(HttpFixture().app(), {"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown")
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_making_it_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket, and no store is asked: that is for the first request."""
    opened: list[object] = []

    def note(*arguments: object, **_: object) -> None:
        opened.append(arguments)

    for door in ("connect", "bind"):
        monkeypatch.setattr(socket.socket, door, note)
    for question in ("find", "page"):
        monkeypatch.setattr(MemoryProductStore, question, note)
    assert HttpFixture().app().routes
    assert opened == []


async def test_an_address_with_a_slash_too_many_leads_to_the_right_one(client: AsyncClient) -> None:
    """With its query."""
    answer = await client.get(f"{PRODUCTS}/?limit=1")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://localhost:3002{PRODUCTS}?limit=1"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", [PRODUCTS, "/", "/shop/x", "/assets/theme.css", "/healthz", "/readyz", "/metrics"])
async def test_every_address_answers_get_and_head(client: AsyncClient, method: str, address: str) -> None:
    """With a length, so that a connection can be kept."""
    answer = await client.request(method, address)
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
