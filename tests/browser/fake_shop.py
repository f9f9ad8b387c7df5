"""A linkhub that is not one: the REST page, the plain WebSocket and the assets, with levers for tests.

It keeps what a page relies on (newest first, cursors, pages, `subscribed` before what was missed before live events)
and lets a test say what happens: publish, cut the sockets, refuse them, fail REST, stop and start on the same port.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import attrs
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from linkhub_adapters.http.api import openapi, problems
from linkhub_adapters.http.api.operator_desk import DeskRoutes
from linkhub_adapters.http.pages.page_files import load_page_files
from linkhub_adapters.http.pages.page_routes import runbook_page, with_problems
from linkhub_adapters.http.pages.problem_pages import with_pages
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_html import RenderedShop, ShopHtml
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_adapters.realtime import asyncapi
from tests.browser.fake_operator import FakeOperator

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: http: data:; connect-src 'self' ws: wss:"
)
_HTTP = Path(__file__).parents[2] / "src" / "linkhub_adapters" / "http"
_PAGES = _HTTP / "pages" / "files"
_VENDOR = _HTTP / "pages" / "vendor"
_FILES = load_page_files(_PAGES, _VENDOR)
_MOST_MISSED = 100


class _Server(uvicorn.Server):
    """A server inside somebody else's process: signals are not its business, and it says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
                message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        await self._app(scope, receive, send_with_policy)


@attrs.define(kw_only=True)
class FakeShop:
    """One process' worth of linkhub in the test's own event loop; `async with` starts and stops it."""

    products: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    revisions: dict[str, int] = attrs.field(factory=dict)
    changes: dict[str, int] = attrs.field(factory=dict)
    operator: FakeOperator = attrs.field(factory=FakeOperator)
    settings: ShopSettings = ShopSettings()
    refuses_sockets: bool = False
    rest_status: int = 200
    port: int = 0
    forgets_cursors: bool = False
    gives_cursors: bool = True
    cursors_seen: list[str | None] = attrs.field(factory=list)
    subscriptions: asyncio.Queue[dict[str, Any]] = attrs.field(factory=asyncio.Queue)
    _sockets: set[WebSocket] = attrs.field(factory=set, init=False)
    _speaking: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _server: _Server | None = attrs.field(default=None, init=False)
    _serving: asyncio.Task[None] | None = attrs.field(default=None, init=False)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> FakeShop:
        await self.operator.fill()
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens, on the same port as before when there was one."""
        config = uvicorn.Config(
            self._app(), port=self.port, lifespan="off", log_config=None, ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        listener = config.bind_socket()
        self.port = listener.getsockname()[1]
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        await self._server.is_listening.wait()

    async def stop(self) -> None:
        """Cuts every connection and stops listening."""
        if self._server is None or self._serving is None:
            return
        await self.cut_sockets()
        self._server.should_exit = True
        await self._serving
        self._server = None

    async def cut_sockets(self) -> None:
        """Closes every WebSocket, as a node that drains does."""
        for peer in list(self._sockets):
            await peer.close(1012)
        self._sockets.clear()

    def add(self, *products: dict[str, Any]) -> None:
        """Saves products without announcing them."""
        for product in products:
            video_id = product["video_id"]
            self.products[video_id] = product
            self.revisions[video_id] = self.revisions.get(video_id, 0) + 1
            self.changes.pop(video_id, None)
            self.changes[video_id] = sum(self.revisions.values())

    async def publish(self, product: dict[str, Any]) -> None:
        """Saves a product as of now, first or newer revision, and sends it to the subscribers."""
        known = self.products.get(product["video_id"])
        created_at = known["created_at"] if known else now_text()
        self.add(product | {"created_at": created_at, "updated_at": now_text()})
        await self.announce(product["video_id"])

    async def withdraw(self, video_id: str) -> None:
        """Withdraws a product as of now, and tells the subscribers."""
        self.add(self.products[video_id] | {"availability": "withdrawn", "updated_at": now_text()})
        event = self._event(video_id)
        await self.say(event["event_type"], event)

    async def announce(self, video_id: str, **changes: Any) -> None:
        """Sends the current revision to the subscribers (again), with these fields of the event changed."""
        frame = self._event(video_id) | changes
        name = "new_product" if frame["revision"] == 1 else "product_updated"
        await self.say(name, frame)

    async def say(self, event: str, data: dict[str, Any]) -> None:
        """Sends any event to every subscriber."""
        async with self._speaking:
            for peer in list(self._sockets):
                await _send(peer, event, data)

    def _event(self, video_id: str) -> dict[str, Any]:
        revision, product = self.revisions[video_id], self.products[video_id]
        event = {
            "event_type": "new_product" if revision == 1 else "product_updated",
            "event_id": f"{video_id}:{revision}",
            "revision": revision,
            "cursor": _cursor(self.changes[video_id]),
            "timestamp": now_text(),
        }
        if _is_withdrawn(product):
            key = {"seller_handle": product["seller_handle"], "video_id": video_id}
            return event | {"event_type": "product_removed"} | key
        return event | {"product": product}

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", _file(_PAGES / "operator.html")),
                Route("/runbook", _show_runbook),
                Route("/shop/{handle}", self._show_shop),
                Route("/shop/{handle}/products/{video_id}", self._show_product),
                Route("/api/docs", _show_api_docs),
                Route("/openapi.json", _show_openapi),
                *(Route(f"/assets/{path.name}", _file(path)) for path in sorted(_VENDOR.iterdir())),
                Mount(f"/assets/{_FILES.release}", StaticFiles(directory=_PAGES)),
                Mount("/assets", StaticFiles(directory=_PAGES)),
                Route("/api/v1/shop/{handle}/products", self._products),
                Route("/api/v1/shop/{handle}/products/{video_id}", self._product),
                Route("/api/v1/shop/{handle}/products/{video_id}/listing", self._listing, methods=["GET", "PATCH"]),
                Route("/api/v1/operator/status", self.operator.respond),
                *self._desk_routes(),
                WebSocketRoute("/products", self._socket),
            ],
            middleware=[Middleware(_SecurityHeaders)],
            exception_handlers=with_pages(problems.exception_handlers(_fail, retry_after_seconds=1), _FILES),
        )

    def _desk_routes(self) -> list[Route]:
        operator, path = self.operator, "/api/v1/operator"
        answer = DeskRoutes(desk=operator.desk, acted=operator.actions.append, address_of=lambda _: "tests")
        letters = f"{path}/dead-letters"
        return [
            Route(f"{path}/history", operator.guarded(operator.show_history)),
            Route(f"{path}/seen", operator.guarded(answer.move_seen), methods=["PUT"]),
            Route(letters, operator.guarded(answer.list_letters)),
            Route("/api/v1/shops", operator.guarded(self._shops)),
            Route(f"{letters}/check", operator.guarded(answer.check, only_reads=True), methods=["POST"]),
            Route(f"{letters}/redrive", operator.guarded(answer.redrive), methods=["POST"]),
            Route(f"{letters}/purge", operator.guarded(answer.purge), methods=["POST"]),
            Route(f"{letters}/{{letterId}}", operator.guarded(answer.show_letter)),
            Route(f"{path}/stalled", operator.guarded(answer.show_stalled)),
            Route(f"{path}/why", operator.guarded(answer.show_why)),
        ]

    async def _shops(self, _: Request) -> Response:
        newest = self._newest_first(None)[0]
        shop = {"seller_handle": newest["seller_handle"], "products": len(self.products), "withdrawn": 1}
        pages = {"hasMore": False, "lastEvaluatedKey": None, "count": 1}
        return JSONResponse({"shops": [shop | {"newest_product": newest}], "pagination": pages})

    async def _show_shop(self, request: Request) -> Response:
        html, handle = ShopHtml(_FILES, self.settings), request.path_params["handle"]
        if self.rest_status != 200:
            return HTMLResponse(html.without_products(handle).content + html.ending(None), 503)
        return HTMLResponse(self._rendered(html, handle).content + html.ending(self._newest_cursor()))

    async def _show_product(self, request: Request) -> Response:
        html, handle = ShopHtml(_FILES, self.settings), request.path_params["handle"]
        shop, product = self._rendered(html, handle), self.products.get(request.path_params["video_id"])
        if product is None or _is_withdrawn(product):
            absent = html.absent_page(shop, self._newest_cursor(), is_withdrawn=product is not None)
            return HTMLResponse(absent, 404 if product is None else 410)
        page = html.product_page(shop, ProductView.of(handle, product), "")
        return HTMLResponse(page.content + html.ending(self._newest_cursor()))

    def _rendered(self, html: ShopHtml, handle: str) -> RenderedShop:
        page = _page_body(handle, self._newest_first(None), 20)
        products = [ProductView.of(handle, product) for product in page["products"]]
        return html.render(handle, products, page["pagination"]["lastEvaluatedKey"], "")

    def _newest_cursor(self) -> str | None:
        return _cursor(sum(self.revisions.values())) if self.gives_cursors else None

    async def _products(self, request: Request) -> Response:
        if self.rest_status != 200:
            return JSONResponse({"title": "asked for by the test"}, self.rest_status)
        cursor = request.query_params.get("cursor")
        self.cursors_seen.append(cursor)
        limit = int(request.query_params.get("limit", "20"))
        if cursor and self.forgets_cursors:
            return JSONResponse({"title": "Unknown cursor"}, 410)
        products = self._changed_after(cursor) if cursor else self._newest_first(request.query_params.get("lastKey"))
        last = products[:limit][-1]["video_id"] if cursor and len(products) > limit else None
        body = _page_body(request.path_params["handle"], products, limit)
        if cursor:
            body["removed"] = [product["video_id"] for product in products[:limit] if _is_withdrawn(product)]
        if self.gives_cursors:
            body["metadata"]["cursor"] = _cursor(self.changes[last] if last else sum(self.revisions.values()))
        return JSONResponse(body)

    async def _product(self, request: Request) -> Response:
        product = self.products.get(request.path_params["video_id"])
        if product is None:
            return JSONResponse({"title": "no such product"}, 404)
        return JSONResponse({"title": "withdrawn"}, 410) if _is_withdrawn(product) else JSONResponse(product)

    async def _listing(self, request: Request) -> Response:
        if self.operator.admin_token is None and request.method == "PATCH":
            return JSONResponse({"detail": "Set LINKHUB_ADMIN_TOKEN."}, 403)
        product = self.products.get(request.path_params["video_id"])
        if product is None:
            return JSONResponse({"title": "no such product"}, 404)
        if request.method == "PATCH" and request.headers["if-match"] != _listing_tag(product):
            return JSONResponse({"title": "changed"}, 412)
        if request.method == "PATCH":
            self.add(product | await request.json())
        product = self.products[product["video_id"]]
        listing = {"availability": product.get("availability", "in_stock"), "title": None, "price": None}
        return JSONResponse(listing, headers={"ETag": _listing_tag(product)})

    def _newest_first(self, last_key: str | None) -> list[dict[str, Any]]:
        ids = sorted(self.products, reverse=True)
        products = [self.products[video_id] for video_id in ids if not _is_withdrawn(self.products[video_id])]
        if not last_key:
            return products
        after = json.loads(unquote(last_key))["video_id"]
        return [product for product in products if product["video_id"] < after]

    def _changed_after(self, cursor: str) -> list[dict[str, Any]]:
        """Oldest change first."""
        return [self.products[video_id] for video_id, change in self.changes.items() if change > int(cursor[1:])]

    async def _socket(self, peer: WebSocket) -> None:
        if self.refuses_sockets:
            await peer.close()
            return
        await peer.accept()
        await _send(peer, "connected", {"message": "hello", "clientId": "c1", "timestamp": now_text()})
        try:
            while True:
                await self._answer(peer, json.loads(await peer.receive_text()))
        except (WebSocketDisconnect, RuntimeError):
            self._sockets.discard(peer)

    async def _answer(self, peer: WebSocket, message: dict[str, Any]) -> None:
        if message["event"] == "get_subscription_status":
            await _send(peer, "subscription_status", {"subscriptions": [], "timestamp": now_text()})
        if message["event"] != "subscribe_to_seller":
            return
        async with self._speaking:
            await self._subscribe(peer, message["data"])
        self.subscriptions.put_nowait(message["data"])

    async def _subscribe(self, peer: WebSocket, request: dict[str, Any]) -> None:
        cursor = request.get("cursor")
        missed = self._changed_after(cursor) if cursor else []
        is_recovered = len(missed) <= _MOST_MISSED
        answer = {"seller_handle": request["seller_handle"], "message": "subscribed", "timestamp": now_text()}
        await _send(
            peer, "subscribed", answer | {"recovered": is_recovered, "cursor": cursor if is_recovered else None}
        )
        for product in missed if is_recovered else []:
            event = self._event(product["video_id"])
            await _send(peer, event["event_type"], event)
        self._sockets.add(peer)


def now_text() -> str:
    """Now, as the product store writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _listing_tag(product: dict[str, Any]) -> str:
    return f'"{product.get("availability", "in_stock")}"'


def _is_withdrawn(product: dict[str, Any]) -> bool:
    return product.get("availability") == "withdrawn"


def _cursor(change: int) -> str:
    return f"c{change}"


def _file(path: Path) -> Any:
    async def respond(_: Request) -> FileResponse:
        return FileResponse(path)

    return respond


async def _show_api_docs(_: Request) -> HTMLResponse:
    return HTMLResponse(with_problems((_PAGES / "api-docs.html").read_text("utf-8")))


async def _show_runbook(_: Request) -> HTMLResponse:
    return HTMLResponse(runbook_page(_FILES).content)


async def _show_openapi(_: Request) -> JSONResponse:
    return JSONResponse(openapi.describe(asyncapi.openapi_paths()))


def _page_body(handle: str, products: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    page = products[:limit]
    has_more = len(products) > limit
    key = {"seller_handle": handle, "video_id": page[-1]["video_id"]} if has_more else None
    return {
        "products": [product for product in page if not _is_withdrawn(product)],
        "pagination": {
            "hasMore": has_more,
            "lastEvaluatedKey": quote(json.dumps(key)) if key else None,
            "count": len(page),
        },
        "metadata": {"sellerHandle": handle, "since": None, "timestamp": now_text()},
    }


async def _send(peer: WebSocket, event: str, data: dict[str, Any]) -> None:
    await peer.send_text(json.dumps({"event": event, "data": data}))


def _fail(request: problems.FailedRequest) -> None:
    raise AssertionError(request)
