"""The React storefront of the examples, built and opened from another origin, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import define, field, frozen
from playwright.async_api import Locator, Page, Request, Route, WebSocket, WebSocketRoute, expect

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.browser import fonts, react_storefront
from tests.browser.layout import overflows_by_screen
from tests.browser.long_texts import LONGEST_HANDLE, TEXTS, extreme_product
from tests.browser.samples import hostile_product, sample_products
from tests.e2e.deployment import Deployment
from tests.support.processes import Process, free_port

# One worker takes all of them, for the page is built once a worker.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.e2e,
    pytest.mark.node,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.xdist_group("react-storefront"),
]

SELLER, TOKEN = "nalu-fashion", "let-me-in"
PATIENCE_MS = 30_000
UPGRADED = "5"  # Engine.IO's packet by which a client moves to the WebSocket


@frozen
class Storefront:
    """The page's own origin, and the port of the linkhub that it was built to ask."""

    origin: str
    linkhub_port: int

    @property
    def url(self) -> str:
        """The address of the shop."""
        return f"{self.origin}/?seller={SELLER}"


@pytest.fixture(scope="module")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storefront]:
    """The built example on its own server."""
    port = free_port()
    dist = react_storefront.build(
        tmp_path_factory.mktemp("react") / "storefront", linkhub_url=f"http://127.0.0.1:{port}"
    )
    with react_storefront.serve_files(dist) as origin:
        yield Storefront(origin, port)


async def _serve(deployment: Deployment, storefront: Storefront) -> Process:
    server, _ = await asyncio.to_thread(deployment.serve, "--port", str(storefront.linkhub_port))
    return server


async def _publish(deployment: Deployment, events: Iterable[dict[str, Any]]) -> None:
    lines = deployment.directory / "events.jsonl"
    lines.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    await asyncio.to_thread(deployment.run, "publish", str(lines))


def _video(video_id: str, title: str) -> list[dict[str, Any]]:
    """Both halves of a video."""
    return [
        an_event(Kind.CAPTION, seller_handle=SELLER, video_id=video_id, title=title),
        an_event(Kind.THUMBNAIL, seller_handle=SELLER, video_id=video_id),
    ]


def _titles(page: Page) -> Locator:
    return page.locator(".card .title")


async def _set_listing(storefront: Storefront, video_id: str, **listing: str) -> None:
    address = f"http://127.0.0.1:{storefront.linkhub_port}/api/v1/shop/{SELLER}/products/{video_id}/listing"
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        (await client.patch(address, json=listing, headers=headers)).raise_for_status()


async def _expect_titles(page: Page, *titles: str) -> None:
    await expect(_titles(page)).to_have_text(list(titles), timeout=PATIENCE_MS)


async def _expect_connection(page: Page, connection: str) -> None:
    await expect(page.get_by_role("status")).to_have_attribute("data-connection", connection, timeout=PATIENCE_MS)


@define(slots=False)  # Playwright sets an attribute on each listener
class Sockets:
    """The frames on the WebSockets of a page."""

    received: list[str] = field(factory=list)
    upgraded: asyncio.Event = field(factory=asyncio.Event)

    def watch(self, socket: WebSocket) -> None:
        """Keep what this one receives from now on, and notice when Engine.IO has moved to it."""
        socket.on("framereceived", lambda payload: self.received.append(str(payload)))
        socket.on("framesent", lambda payload: self.upgraded.set() if payload == UPGRADED else None)


def _asks_for_changes(request: Request) -> bool:
    return "/products?" in request.url and "cursor=" in request.url


async def _abort(route: Route) -> None:
    await route.abort()


async def test_the_page_follows_the_shop_across_a_crash_of_the_server(
    page: Page, tmp_path: Path, storefront: Storefront, complaints: list[str]
) -> None:
    """A product comes, a revision replaces its card, a withdrawal removes it, and after a crash the page catches up."""
    deployment, sockets = Deployment(tmp_path, elsewhere={"LINKHUB_ADMIN_TOKEN": TOKEN}), Sockets()
    page.on("websocket", sockets.watch)
    with await _serve(deployment, storefront) as server:
        await page.goto(storefront.url)
        await expect(page.get_by_text("Nothing here yet")).to_be_visible(timeout=PATIENCE_MS)
        await _expect_connection(page, "live")
        await asyncio.wait_for(sockets.upgraded.wait(), PATIENCE_MS / 1_000)
        await page.evaluate("window.isTheSamePage = true")

        await _publish(deployment, _video("7301", "First dress 👗"))
        await _expect_titles(page, "First dress 👗")
        await expect(page.locator(".badge")).to_have_text(["New"])
        await expect(page.get_by_role("log")).to_contain_text("First dress 👗")
        assert any("new_product" in frame for frame in sockets.received)

        later = an_event(
            Kind.CAPTION, seller_handle=SELLER, video_id="7301", title="Reduced", timestamp="2026-01-15T12:05:00Z"
        )
        await _publish(deployment, [later])
        await _expect_titles(page, "Reduced")
        await expect(page.locator(".badge")).to_have_text(["Updated"])

        await _set_listing(storefront, "7301", availability="sold_out")
        await expect(page.locator(".sold-out")).to_be_visible(timeout=PATIENCE_MS)
        await _set_listing(storefront, "7301", availability="withdrawn")
        await expect(page.get_by_text("Nothing here yet")).to_be_visible(timeout=PATIENCE_MS)
        await _set_listing(storefront, "7301", availability="in_stock")
        await _expect_titles(page, "Reduced")

        async with page.expect_request(_asks_for_changes, timeout=PATIENCE_MS):
            server.kill()
            await _expect_connection(page, "offline")
    await _publish(deployment, _video("7302", "Second dress"))
    with await _serve(deployment, storefront):
        await _expect_titles(page, "Second dress", "Reduced")
        await _expect_connection(page, "live")
    assert await page.evaluate("window.isTheSamePage")
    assert complaints == []


async def test_it_asks_for_what_changed_while_it_gets_no_socket(
    page: Page, tmp_path: Path, storefront: Storefront, complaints: list[str]
) -> None:
    """If Socket.IO is refused, the page says that it polls, and shows new products; with a socket it is live again."""
    deployment = Deployment(tmp_path)
    await page.route("**/socket.io/**", _abort)
    with await _serve(deployment, storefront):
        await page.goto(storefront.url)
        await _expect_connection(page, "polling")
        await _publish(deployment, _video("7301", "Polled dress"))
        await _expect_titles(page, "Polled dress")
        await page.unroute("**/socket.io/**")
        await _expect_connection(page, "live")
        await _expect_titles(page, "Polled dress")
    assert complaints == []


@pytest.mark.parametrize("family", [fonts.WIDE, fonts.NARROW])
async def test_it_fits_every_screen(page: Page, storefront: Storefront, family: str) -> None:
    """For any font and texts: the page does not scroll sideways, and no text is cut."""
    products = [
        hostile_product(50),
        *sample_products(8),
        *(extreme_product(90 + n, text) for n, text in enumerate(TEXTS.values())),
    ]
    answer = {"products": products, "pagination": {"hasMore": True, "lastEvaluatedKey": "k"}}
    await page.add_init_script(fonts.use_family(family))
    await page.emulate_media(reduced_motion="reduce")
    await page.route("**/socket.io/**", _abort)
    await page.route(
        "**/api/v1/**", lambda route: route.fulfill(json=answer, headers={"Access-Control-Allow-Origin": "*"})
    )
    await page.goto(f"{storefront.origin}/?seller={LONGEST_HANDLE}")
    await expect(_titles(page)).to_have_count(len(products), timeout=PATIENCE_MS)
    assert await overflows_by_screen(page) == {}


async def test_it_is_live_without_websockets(
    page: Page, tmp_path: Path, storefront: Storefront, complaints: list[str]
) -> None:
    """If no WebSocket is possible, events come by HTTP long-polling."""
    deployment = Deployment(tmp_path)

    async def close(socket: WebSocketRoute) -> None:
        await socket.close()

    await page.route_web_socket("**/socket.io/**", close)
    await page.route("**/products?*cursor=*", _abort)
    with await _serve(deployment, storefront):
        await page.goto(storefront.url)
        await _expect_connection(page, "live")
        await _publish(deployment, _video("7301", "Patient dress"))
        await _expect_titles(page, "Patient dress")
    assert complaints == []


async def test_it_loads_again_when_more_was_missed_than_is_sent_after(
    page: Page, tmp_path: Path, storefront: Storefront, complaints: list[str]
) -> None:
    """A page that missed 120 products shows the newest 20 once it is live, and the next 20 when asked for more."""
    deployment = Deployment(tmp_path)
    await page.route("**/socket.io/**", _abort)
    await page.route("**/products?*cursor=*", _abort)
    with await _serve(deployment, storefront) as server:
        await page.goto(storefront.url)
        await _expect_connection(page, "offline")
        await _publish(
            deployment, [event for number in range(120) for event in _video(f"{7300 + number}", f"Dress {number}")]
        )
        await asyncio.to_thread(deployment.wait_until_settled, server)
        await expect(_titles(page)).to_have_count(0)
        await page.unroute("**/socket.io/**")
        await _expect_titles(page, *(f"Dress {number}" for number in range(119, 99, -1)))
        await page.get_by_role("button", name="Load more").click()
        await _expect_titles(page, *(f"Dress {number}" for number in range(119, 79, -1)))
    assert complaints == []
