"""Open a shop in Chromium with an empty cache: paints, layout shift, bytes and requests, with and without scripts.

The floor is the same HTML without its scripts and sheets: what a browser needs for the text and the pictures alone.
Pictures come from this process, 20 kB each; bytes and requests count what the server sends.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from attrs import asdict, define, fields
from playwright.async_api import Browser, BrowserContext, Route, async_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.reads.products import a_product, write_products
from benchmarks.reads.server_process import linkhub_server

_SELLER = "bench-shop"
_PRODUCTS = 60
_SCREENS = {"laptop": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 16"><path d="M0 0h9v16H0Z" fill="teal"/><!--{}--></svg>'
)
_DECORATION = re.compile(r"<script type=\"module\".*?</script>|<link rel=\"(?:stylesheet|modulepreload|icon)\"[^>]*>")
_KINDS = ("page", "scripts off", "floor")


@define
class Visit:
    """One visit, until the network was idle."""

    first_paint_ms: float = 0.0
    largest_paint_ms: float = 0.0
    layout_shift: float = 0.0
    kilobytes: float = 0.0
    requests: float = 0.0


class _Observer:
    """Sums what Chromium's protocol reports; it works without scripts."""

    def __init__(self, server: str) -> None:
        self.visit = Visit()
        self._server, self._ours = server, set[str]()
        self._largest_at_ms = 0.0

    async def watch(self, context: BrowserContext, url: str) -> Visit:
        page = await context.new_page()
        protocol = await context.new_cdp_session(page)
        protocol.on("Network.requestWillBeSent", self._requested)
        protocol.on("Network.loadingFinished", self._loaded)
        protocol.on("PerformanceTimeline.timelineEventAdded", self._seen)
        await protocol.send("Network.enable")
        await protocol.send("PerformanceTimeline.enable", {"eventTypes": ["largest-contentful-paint", "layout-shift"]})
        await page.goto(url, wait_until="networkidle")
        timings = """[performance.timeOrigin, performance.getEntriesByName("first-contentful-paint")[0].startTime]"""
        started_at_ms, self.visit.first_paint_ms = await page.evaluate(timings)
        self.visit.largest_paint_ms = self._largest_at_ms - started_at_ms
        return self.visit

    def _requested(self, event: Mapping[str, Any]) -> None:
        if event["request"]["url"].startswith(self._server):
            self._ours.add(event["requestId"])
            self.visit.requests += 1

    def _loaded(self, event: Mapping[str, Any]) -> None:
        if event["requestId"] in self._ours:
            self.visit.kilobytes += event["encodedDataLength"] / 1_000

    def _seen(self, event: Mapping[str, Any]) -> None:
        seen = event["event"]
        if seen["type"] == "layout-shift":
            self.visit.layout_shift += seen["layoutShiftDetails"]["value"]
        else:
            self._largest_at_ms = seen["time"] * 1_000


async def _give_picture(route: Route) -> None:
    await route.fulfill(body=_PICTURE.format("x" * 20_000), content_type="image/svg+xml")


async def _strip(route: Route) -> None:
    answer = await route.fetch()
    await route.fulfill(response=answer, body=_DECORATION.sub("", await answer.text()))


async def _visit(browser: Browser, port: int, kind: str, screen: Any) -> Visit:
    server = f"http://127.0.0.1:{port}"
    url = f"{server}/shop/{_SELLER}"
    context = await browser.new_context(viewport=screen, java_script_enabled=kind == "page")
    await context.route("https://**", _give_picture)
    if kind == "floor":
        await context.route(url, _strip)
    try:
        return await _Observer(server).watch(context, url)
    finally:
        await context.close()


@asynccontextmanager
async def _chromium() -> Any:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        raise click.ClickException("Chromium is missing: install the package chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


async def _measure(port: int, visits: int) -> Mapping[tuple[str, str], Sequence[Visit]]:
    found: dict[tuple[str, str], list[Visit]] = {(screen, kind): [] for screen in _SCREENS for kind in _KINDS}
    async with _chromium() as browser:
        for _ in range(visits + 1):
            for (screen, kind), seen in found.items():
                seen.append(await _visit(browser, port, kind, _SCREENS[screen]))
    return {name: seen[1:] for name, seen in found.items()}  # the first visit of each starts what is shared


def _table(found: Mapping[tuple[str, str], Sequence[Visit]]) -> Table:
    table = Table(
        "", *(field.name.replace("_", " ") for field in fields(Visit)), title="a shop of 60 products, medians"
    )
    for (screen, kind), visits in found.items():
        medians = [
            statistics.median(column) for column in zip(*(asdict(visit).values() for visit in visits), strict=True)
        ]
        table.add_row(f"{screen}, {kind}", *(f"{value:.3f}" if 0 < value < 1 else f"{value:.0f}" for value in medians))
    return table


@click.command()
@click.option("--visits", default=15, show_default=True, help="How often the page is opened in each way.")
def command(visits: int) -> None:
    """Open a shop in Chromium."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as directory:
        write_products(Path(directory), [a_product(number, _SELLER, now) for number in range(_PRODUCTS)])
        with linkhub_server(Path(directory)) as server:
            Console().print(_table(asyncio.run(_measure(server.port, visits))))
