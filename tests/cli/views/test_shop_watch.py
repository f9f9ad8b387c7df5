"""A client as a program: it subscribes, shows each revision once, and comes back with what it missed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from attrs import define, field
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from linkhub_cli.views.shop_watch import ShopWatch, websocket_url
from linkhub_core.errors import InvalidQuery, ServiceUnavailable
from tests.support.processes import free_port

Script = Sequence[tuple[str, dict[str, Any]]]

SUBSCRIBED = ("subscribed", {"message": "Subscribed", "timestamp": "2026-01-15T12:00:00.000Z", "recovered": True})


def _product(
    video_id: str, revision: int, cursor: str | None = None, created_at: str = "2026-01-15T12:00:00.000Z"
) -> tuple[str, dict[str, Any]]:
    event = "new_product" if revision == 1 else "product_updated"
    product = {"video_id": video_id, "created_at": created_at}
    data = {"event_type": event, "revision": revision, "product": product}
    return event, data | ({} if cursor is None else {"cursor": cursor})


@define(eq=False)
class _Server:
    """Plays one script a subscription; answers REST with the next of ``pages``, or with 404."""

    scripts: Iterator[Script]
    pages: Iterator[str]
    heard: list[Any] = field(factory=list)

    async def play(self, connection: ServerConnection) -> None:
        """Play scripts; after one that does not end with a loss, close the connection."""
        is_lost = True
        while is_lost:
            self.heard.append(json.loads(await connection.recv())["data"])
            script = next(self.scripts, ())
            for event, data in script:
                await connection.send(json.dumps({"event": event, "data": data}))
            is_lost = bool(script) and script[-1][1].get("recovered") is False

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The first page, with a cursor."""
        if request.path == "/products":
            return None
        assert request.path == "/api/v1/shop/nalu/products?limit=1"
        cursor = next(self.pages, None)
        body = json.dumps({"products": [], "metadata": {"cursor": cursor}})
        return connection.respond(HTTPStatus.NOT_FOUND if cursor is None else HTTPStatus.OK, body)


@asynccontextmanager
async def _server(*scripts: Script, pages: Sequence[str] = ()) -> AsyncIterator[tuple[str, list[Any]]]:
    """A server; gives its address and the data of the subscriptions that it got."""
    server = _Server(iter(scripts), iter(pages))
    async with serve(server.play, "127.0.0.1", 0, process_request=server.answer) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/products", server.heard


async def _watch(url: str, count: int) -> tuple[list[tuple[str, int]], list[str]]:
    printed: list[str] = []
    shown: list[tuple[str, int]] = []
    async for event in ShopWatch(url=url, seller_handle="nalu", tell=printed.append).events():
        shown.append((event["product"]["video_id"], event["revision"]))
        if len(shown) == count:
            break
    return shown, printed


async def test_shows_each_revision_once() -> None:
    """Repeats and older revisions are dropped; messages of the server are printed."""
    script = [SUBSCRIBED, _product("1", 1), _product("1", 1), _product("1", 2), _product("1", 1), _product("2", 1)]
    async with _server(script) as (url, heard):
        shown, printed = await _watch(url, 3)
    assert shown == [("1", 1), ("1", 2), ("2", 1)]
    assert heard == [{"seller_handle": "nalu"}]
    assert printed[0] == "Subscribed"


async def test_shows_a_product_that_was_deleted_and_saved_again() -> None:
    """Its revisions begin at 1 again, and the clock of the process that saved it may be behind."""
    again = _product("1", 1, created_at="2026-01-15T11:59:00.000Z")
    async with _server([SUBSCRIBED, _product("1", 2), again, again, _product("2", 1)]) as (url, _):
        shown, _ = await _watch(url, 3)
    assert shown == [("1", 2), ("1", 1), ("2", 1)]


async def test_shows_removals_once() -> None:
    """A removal names no life of its product: it belongs to the known one, and no older revision follows it."""

    def removal(revision: int) -> tuple[str, dict[str, Any]]:
        return "product_removed", {"event_type": "product_removed", "revision": revision, "video_id": "1"}

    first = [SUBSCRIBED, removal(2), _product("1", 1), removal(2), _product("1", 3), removal(4), _product("1", 3)]
    async with _server([*first, removal(4), _product("2", 1)]) as (url, _):
        shown: list[tuple[str, int]] = []
        told: list[str] = []
        async for event in ShopWatch(url=url, seller_handle="nalu", tell=told.append).events():
            shown.append((event["event_type"], event["revision"]))
            if len(shown) == 4:
                break
    assert shown == [("product_removed", 2), ("product_updated", 3), ("product_removed", 4), ("new_product", 1)]


async def test_begins_with_the_cursor_of_the_page_and_returns_with_the_last_one() -> None:
    """That of the last event which had one; an event without a cursor changes nothing."""
    first = [SUBSCRIBED, _product("1", 1, "c1"), _product("2", 1, "c2"), _product("3", 1)]
    async with _server(first, [SUBSCRIBED, _product("2", 1), _product("4", 1)], pages=["c0"]) as (url, heard):
        shown, printed = await _watch(url, 4)
    assert shown == [("1", 1), ("2", 1), ("3", 1), ("4", 1)]
    assert [data["cursor"] for data in heard] == ["c0", "c2"]
    assert any(line.startswith(f"lost {url}") for line in printed)


async def test_begins_again_from_the_page_when_too_much_was_missed() -> None:
    """It says so, and subscribes with the page's cursor."""
    lost = ("subscribed", SUBSCRIBED[1] | {"recovered": False})
    async with _server([lost], [SUBSCRIBED, _product("1", 1)], pages=["c0", "c9"]) as (url, heard):
        _, printed = await _watch(url, 1)
    assert any("too much was missed" in line for line in printed)
    assert [data["cursor"] for data in heard] == ["c0", "c9"]


async def test_errors_of_the_server_are_printed() -> None:
    """An error event does not end the watch."""
    async with _server([("error", {"code": "invalid_seller", "message": "no"}), _product("1", 1)]) as (url, _):
        _, printed = await _watch(url, 1)
    assert printed == ["invalid_seller: no"]


async def test_no_server() -> None:
    """If no server answers the first time, the service is unavailable."""
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
