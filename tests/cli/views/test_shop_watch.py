"""A viewer as a program: it subscribes, shows each revision once, and comes back with what it missed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from linkhub_cli.views.shop_watch import ShopWatch, websocket_url
from linkhub_core.errors import InvalidQuery, ServiceUnavailable
from tests.support.processes import free_port

Script = Sequence[tuple[str, dict[str, Any]]]

SUBSCRIBED = ("subscribed", {"message": "Subscribed", "timestamp": "2026-01-15T12:00:00.000Z", "recovered": True})


def _product(
    video_id: str,
    revision: int,
    timestamp: str = "2026-01-15T12:00:10.000Z",
    created_at: str = "2026-01-15T12:00:00.000Z",
) -> tuple[str, dict[str, Any]]:
    event = "new_product" if revision == 1 else "product_updated"
    product = {"video_id": video_id, "created_at": created_at}
    return event, {"event_type": event, "revision": revision, "product": product, "timestamp": timestamp}


@asynccontextmanager
async def _server(*scripts: Script) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A server that plays one script a connection and then closes it; gives its address and what it was sent."""
    heard: list[dict[str, Any]] = []
    waiting = iter(scripts)

    async def play(connection: ServerConnection) -> None:
        heard.append(json.loads(await connection.recv()))
        for event, data in next(waiting, ()):
            await connection.send(json.dumps({"event": event, "data": data}))

    async with serve(play, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/products", heard


async def _watch(url: str, count: int) -> tuple[list[tuple[str, int]], list[str]]:
    told: list[str] = []
    shown: list[tuple[str, int]] = []
    async for event in ShopWatch(url=url, seller_handle="nalu", tell=told.append).events():
        shown.append((event["product"]["video_id"], event["revision"]))
        if len(shown) == count:
            break
    return shown, told


async def test_shows_each_revision_once() -> None:
    """Repeats and older revisions are dropped; what the server says is told."""
    script = [SUBSCRIBED, _product("1", 1), _product("1", 1), _product("1", 2), _product("1", 1), _product("2", 1)]
    async with _server(script) as (url, heard):
        shown, told = await _watch(url, 3)
    assert shown == [("1", 1), ("1", 2), ("2", 1)]
    assert heard == [{"event": "subscribe_to_seller", "data": {"seller_handle": "nalu"}}]
    assert told[0] == "Subscribed"


async def test_shows_a_product_that_was_deleted_and_saved_again() -> None:
    """Its revisions begin at 1 again, and the clock of the process that saved it may be behind."""
    again = _product("1", 1, created_at="2026-01-15T11:59:00.000Z")
    async with _server([SUBSCRIBED, _product("1", 2), again, again, _product("2", 1)]) as (url, _):
        shown, _ = await _watch(url, 3)
    assert shown == [("1", 2), ("1", 1), ("2", 1)]


async def test_comes_back_with_since() -> None:
    """After a loss it asks for what came since shortly before the last thing it heard."""
    async with _server([SUBSCRIBED, _product("1", 1)], [SUBSCRIBED, _product("1", 1), _product("2", 1)]) as (
        url,
        heard,
    ):
        shown, told = await _watch(url, 2)
    assert shown == [("1", 1), ("2", 1)]
    assert heard[1]["data"] == {"seller_handle": "nalu", "since": "2026-01-15T12:00:05.000Z"}
    assert any(line.startswith(f"lost {url}") for line in told)


async def test_says_when_too_much_was_missed() -> None:
    """A server that cannot send again what was missed is quoted."""
    lost = ("subscribed", SUBSCRIBED[1] | {"recovered": False})
    async with _server([SUBSCRIBED], [lost, _product("1", 1)]) as (url, _):
        _, told = await _watch(url, 1)
    assert any("too much was missed" in line for line in told)


async def test_errors_of_the_server_are_told() -> None:
    """An error event does not end the watch."""
    async with _server([("error", {"code": "invalid_seller", "message": "no"}), _product("1", 1)]) as (url, _):
        _, told = await _watch(url, 1)
    assert told == ["invalid_seller: no"]


async def test_nobody_there() -> None:
    """Where nothing listens the first time, the service is unavailable."""
    with pytest.raises(ServiceUnavailable, match="is `linkhub serve` running there"):
        await _watch(f"ws://127.0.0.1:{free_port()}/products", 1)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:3002", "ws://localhost:3002/products"),
        ("https://hub.example/", "wss://hub.example/products"),
        ("ws://localhost:3003/products", "ws://localhost:3003/products"),
    ],
)
def test_addresses(url: str, address: str) -> None:
    """The server's own address is enough."""
    assert websocket_url(url) == address


@pytest.mark.parametrize("url", ["localhost:3002", "ftp://hub.example", "http://"])
def test_impossible_addresses(url: str) -> None:
    """An address of something else is a mistake."""
    with pytest.raises(InvalidQuery, match="--url"):
        websocket_url(url)
