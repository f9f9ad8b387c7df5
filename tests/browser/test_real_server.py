"""The storefront on a real server: what is published appears on the page, across a crash of the server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import Deployment

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="package")]

SELLER = "nalu-fashion"
PATIENCE_MS = 30_000

# What a page gets by each transport, and how it was compressed.
_LISTEN = """async (seller) => {
  const heard = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/products`);
  const messages = new EventTarget();
  socket.onmessage = ({ data }) => messages.dispatchEvent(new CustomEvent(JSON.parse(data).event, { detail: data }));
  const stream = new EventSource(`/api/v1/shop/${seller}/events`);
  const ready = [heard(messages, "subscribed"), heard(stream, "subscribed")];
  await heard(socket, "open");
  socket.send(JSON.stringify({ event: "subscribe_to_seller", data: { seller_handle: seller } }));
  await Promise.all(ready);
  const both = Promise.all([heard(messages, "new_product"), heard(stream, "new_product")]);
  window.heard = both.then(([message, event]) => {
    socket.close();
    stream.close();
    return [socket.extensions, JSON.parse(message.detail).data.product.title, JSON.parse(event.data).product.title];
  });
}"""
_LOAD = "async (seller) => (await fetch(`/api/v1/shop/${seller}/products`)).headers.get('content-encoding')"


async def _publish(deployment: Deployment, video_id: str, title: str) -> None:
    """Put both halves of a video on their queues."""
    caption = an_event(Kind.CAPTION, seller_handle=SELLER, video_id=video_id, title=title)
    thumbnails = an_event(Kind.THUMBNAIL, seller_handle=SELLER, video_id=video_id)
    events = deployment.directory / f"{video_id}.jsonl"
    events.write_text(f"{json.dumps(caption)}\n{json.dumps(thumbnails)}\n", encoding="utf-8")
    await asyncio.to_thread(deployment.run, "publish", str(events))


async def test_a_page_gets_everything_compressed(page: Page, tmp_path: Path, complaints: list[str]) -> None:
    """Chromium offers it for each transport, and shows an event at once."""
    deployment = Deployment(tmp_path)
    server, url = await asyncio.to_thread(deployment.serve)
    with server:
        await page.goto(f"{url}/api/docs")
        await page.evaluate(_LISTEN, SELLER)
        await _publish(deployment, "7301", "First dress 👗")
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            heard = await page.evaluate("window.heard")
        assert heard[0].startswith("permessage-deflate")
        assert heard[1:] == ["First dress 👗", "First dress 👗"]
        assert await page.evaluate(_LOAD, SELLER) in ("zstd", "gzip")
    assert complaints == []


async def test_what_is_published_appears_even_after_the_server_was_killed(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    """A product shows up live; the server is killed, and what was published meanwhile shows up once it is back."""
    deployment = Deployment(tmp_path)
    server, url = await asyncio.to_thread(deployment.serve)
    with server:
        await page.goto(f"{url}/shop/{SELLER}")
        await expect(page.locator("#status")).to_have_attribute("data-status", "live", timeout=PATIENCE_MS)
        await _publish(deployment, "7301", "First dress 👗")
        await expect(page.locator(".tile .title")).to_have_text(["First dress 👗"], timeout=PATIENCE_MS)
        server.kill()
    await _publish(deployment, "7302", "Second dress")
    again, _ = await asyncio.to_thread(deployment.serve, "--port", str(urlsplit(url).port))
    with again:
        await expect(page.locator(".tile .title")).to_have_text(["Second dress", "First dress 👗"], timeout=PATIENCE_MS)
        await expect(page.locator("#status")).to_have_attribute("data-status", "live", timeout=PATIENCE_MS)
    assert complaints == []
