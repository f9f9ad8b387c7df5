"""A headless Chromium for the package, a fresh page for each test, and a list of everything the page complained of.

Rule: Chromium sees the fonts of :mod:`tests.browser.fonts` and no others: a page is as wide on every machine.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.browser import fonts
from tests.browser.fake_shop import FakeShop
from tests.browser.samples import sample_products
from tests.support import requirement

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What the browser itself logs when the network fails: pictures on an unknown host, a socket that was cut.
_NETWORK_NOISE = ("Failed to load resource", "WebSocket connection to")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Headless Chromium of the system, with the tests' own fonts."""
    executable = requirement.require(requirement.CHROMIUM)
    home = tmp_path_factory.mktemp("chromium")
    fontconfig_file = fonts.install(home)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=executable,
            args=[*_FLAGS, f"--disk-cache-dir={home}"],
            env={**os.environ, "HOME": str(home), "FONTCONFIG_FILE": str(fontconfig_file)},
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of 1280 by 900 that reaches nothing but loopback."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    await context.route("https://cdn.example.com/**", lambda route: route.abort())
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="package")
async def shop() -> AsyncIterator[FakeShop]:
    """A shop of 26 products that listens on a port of its own."""
    async with FakeShop() as fake:
        fake.add(*sample_products())
        yield fake


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Errors on the console (violations of the policy are among them) and uncaught ones, as they come."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda message: (
            found.append(message.text)
            if message.type == "error" and not message.text.startswith(_NETWORK_NOISE)
            else None
        ),
    )
    return found
