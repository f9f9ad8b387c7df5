"""Chromium on pages of other origins: what a listed page may do on a real server, and what any other page gets."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.deployment import Deployment

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

_TRY = """async (url) => {
  const read = async (path, options) => {
    try {
      const answer = await fetch(url + path, options);
      return [answer.status, (await answer.text()).slice(0, 60)];
    } catch (error) {
      return [0, error.name];
    }
  };
  const heard = (source, ok, failed) => new Promise((resolve) => {
    source.addEventListener(ok, () => { source.close(); resolve(ok); });
    source.addEventListener(failed, () => { source.close(); resolve("failed"); });
  });
  const events = `${url}/api/v1/shop/nalu-fashion/events`;
  const headers = { "Cache-Control": "no-cache", "X-Requested-With": "XMLHttpRequest", "X-Request-ID": "7" };
  const ws = url.replace("http", "ws") + "/products";
  return {
    rest: (await read("/api/v1/shop/nalu-fashion/products", { credentials: "include", headers }))[0],
    polling: (await read("/socket.io?EIO=4&transport=polling", { credentials: "include", headers }))[0],
    old: await read("/socket.io/?EIO=3&transport=polling", { credentials: "include" }),
    events: await heard(new EventSource(events, { withCredentials: true }), "subscribed", "error"),
    websocket: await heard(new WebSocket(ws), "message", "error"),
    subprotocol: await heard(new WebSocket(ws, ["unknown.v1", "unknown.v2"]), "message", "error"),
  };
}"""
_LISTED = {
    "rest": 200,
    "polling": 200,
    "old": [400, '{"code":5,"message":"Unsupported protocol version"}'],
    "events": "subscribed",
    "websocket": "message",
    "subprotocol": "message",
}
_REFUSED = {
    "rest": 0,
    "polling": 0,
    "old": [0, "TypeError"],
    "events": "failed",
    "websocket": "failed",
    "subprotocol": "failed",
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _pages(directory: Path) -> Iterator[int]:
    """A web server of empty pages; gives its port."""
    (directory / "page.html").write_text("<!doctype html><title>A shop elsewhere</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(directory))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


async def test_a_page_of_another_origin(page: Page, tmp_path: Path) -> None:
    """A listed one reads, with credentials and headers of its own, over every transport; another one nothing."""
    with _pages(tmp_path) as port:
        listed = f"http://localhost:{port}"
        deployment = Deployment(tmp_path, backend="memory", elsewhere={"WEBSOCKET_CORS_ORIGINS": listed})
        server, url = await asyncio.to_thread(deployment.serve)
        with server:
            await page.goto(f"{listed}/page.html")
            assert await page.evaluate(_TRY, url) == _LISTED
            await page.goto(f"http://127.0.0.1:{port}/page.html")
            assert await page.evaluate(_TRY, url) == _REFUSED


async def test_the_shop_by_another_address(page: Page, tmp_path: Path, complaints: list[str]) -> None:
    """As from another machine: the list names other pages, but this page has the server's own address."""
    listed = {"WEBSOCKET_CORS_ORIGINS": "https://else.example", "LINKHUB_HOST": "0.0.0.0"}  # noqa: S104
    server, url = await asyncio.to_thread(Deployment(tmp_path, backend="memory", elsewhere=listed).serve)
    with server:
        await page.goto(f"{url.replace('localhost', '127.0.0.2')}/shop/nalu-fashion")
        await expect(page.locator("#status")).to_have_attribute("data-status", "live", timeout=30_000)
    assert complaints == []
