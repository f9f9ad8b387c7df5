"""Every page on every screen, in a wide and in a narrow font: nothing scrolls sideways, nothing is cut."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from linkhub_core.model import Kind, ProductKey
from linkhub_core.testing.builders import a_half, a_waiting
from tests.browser import fonts
from tests.browser.fake_shop import FakeShop
from tests.browser.layout import TIGHT_SCREENS, overflows, overflows_by_screen, show_on
from tests.browser.long_texts import LONGEST_HANDLE, ONE_CHARACTER, TEXTS, extreme_product
from tests.browser.samples import NOW, SELLER, hostile_product
from tests.browser.test_operator import open_page
from tests.browser.test_storefront import open_shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest_asyncio.fixture(params=[fonts.WIDE, fonts.NARROW], loop_scope="package")
async def fitted(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A still page that draws all text in one family, the wide one and then the narrow one."""
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
    await context.add_init_script(fonts.use_family(request.param))
    await context.route("https://cdn.example.com/**", lambda route: route.abort())
    yield await context.new_page()
    await context.close()


async def test_shop_fits(fitted: Page, shop: FakeShop) -> None:
    """Tiles, filters, the header and the toast, with texts that cannot be broken."""
    shop.add(*(extreme_product(90 + number, text) for number, text in enumerate(TEXTS.values())))
    await open_shop(fitted, shop)
    await shop.publish(extreme_product(120, "M" * 500))
    await expect(fitted.locator("#toast")).to_be_visible()
    assert await overflows_by_screen(fitted) == {}


async def test_shop_with_the_longest_handle_fits(fitted: Page, shop: FakeShop) -> None:
    """A handle of 64 wide letters in the header."""
    shop.products.clear()
    await fitted.goto(f"{shop.url}/shop/{LONGEST_HANDLE}")
    await expect(fitted.locator("#empty")).to_be_visible()
    assert await overflows_by_screen(fitted) == {}


async def test_failing_shop_fits(fitted: Page, shop: FakeShop) -> None:
    """The notice that the shop does not answer."""
    shop.rest_status = 503
    await fitted.goto(f"{shop.url}/shop/{SELLER}")
    await expect(fitted.locator("#failure")).to_be_visible()
    assert await overflows_by_screen(fitted) == {}


async def test_dialog_fits(fitted: Page, shop: FakeShop) -> None:
    """The product's dialog, whatever its title, price, sizes, tags and caption are."""
    products = [
        hostile_product(90),
        *(extreme_product(91 + index, text) for index, text in enumerate(TEXTS.values())),
    ]
    shop.add(*products)
    await open_shop(fitted, shop)
    for screen in TIGHT_SCREENS:
        await show_on(fitted, screen)
        for product in products:
            await _open_dialog(fitted, product)
            assert await overflows(fitted) == [], f"{screen.name}: {product['title'][:40]}"


async def test_dialog_cuts_what_cannot_be_broken(fitted: Page, shop: FakeShop) -> None:
    """A character of 40 joined emoji is wider than the screen; its box cuts it, and nothing scrolls sideways."""
    product = extreme_product(90, ONE_CHARACTER)
    shop.add(product)
    await open_shop(fitted, shop)
    for screen in TIGHT_SCREENS:
        await show_on(fitted, screen)
        await _open_dialog(fitted, product)
        assert await overflows(fitted, may_cut=".product-words :is(h2, p, li)") == [], screen.name


async def test_dialog_is_reached_to_its_end(fitted: Page, shop: FakeShop) -> None:
    """On a small or low screen each part of the dialog can be scrolled into view, and its buttons can be hit."""
    product = extreme_product(90, "Ankara wrap dress " * 10)
    shop.add(product)
    await open_shop(fitted, shop)
    for screen in TIGHT_SCREENS:
        await show_on(fitted, screen)
        await _open_dialog(fitted, product)
        for part in ("title", "price", "sizes", "caption", "tags"):
            target = fitted.locator(f"#product-{part}")
            await target.evaluate("part => part.scrollIntoView({ block: 'start' })")
            await expect(target).to_be_in_viewport()
        await fitted.locator("#product-video").click(trial=True)
        await fitted.locator("#product-share").click(trial=True)
        await fitted.locator("#product-close").click()
        await expect(fitted.locator("#product")).to_be_hidden()


async def _open_dialog(page: Page, product: dict[str, Any]) -> None:
    await page.evaluate("videoId => { location.hash = videoId; }", product["video_id"])
    await expect(page.locator("#product-video")).to_have_attribute("href", re.compile(product["video_id"]))
    await expect(page.locator("#product")).to_be_visible()


async def test_operator_page_fits(fitted: Page, shop: FakeShop) -> None:
    """Readings, charts, panels, a timeline, a dead letter and the table of nodes, with long names in each."""
    status = shop.operator.snapshot()
    name = "w" * 200
    realtime = status["realtime"]
    shop.operator.overrides = {
        "node": status["node"] | {"id": name, "state": "draining"},
        "nodes": [*status["nodes"], status["nodes"][0] | {"id": name, "connections": 10**12}],
        "deviations": [{"rule": name, "caption": 10**12, "thumbnail": 10**12}, *status["deviations"]],
        "realtime": realtime
        | {
            "connections": 10**12,
            "sellers": [{"seller_handle": LONGEST_HANDLE, "subscriptions": 10**12}, *realtime["sellers"]],
            "by_transport": [{"transport": name, "connections": 10**12}],
        },
    }
    body = {"video_id": name, "seller_handle": name, "title": name, name: "wwww " * 99, "price": name}
    await shop.operator.reject(Kind.CAPTION, json.dumps(body), correlationId=name, another=name)
    half = a_half(key=ProductKey(LONGEST_HANDLE, "W" * 128))
    await shop.operator.desk.gauges.backend.staging.stage([a_waiting(half, since=NOW - timedelta(hours=1))])
    await open_page(fitted, shop)
    await fitted.locator("#why-video").fill(name)
    await fitted.locator("#why-video").press("Enter")
    await expect(fitted.locator("#why-timelines article")).to_be_visible()
    await expect(fitted.locator("#stalled-list li")).to_be_visible()
    await fitted.locator("#why-video").fill("")
    assert await overflows_by_screen(fitted) == {}
    await fitted.locator(".letter-open").first.click()
    await expect(fitted.locator("#letter-faults li").first).to_be_visible()
    assert await overflows_by_screen(fitted) == {}


async def test_gate_fits(fitted: Page, shop: FakeShop) -> None:
    """The operator's page while it asks for the token."""
    shop.operator.admin_token = "let-me-in"
    await fitted.goto(shop.url)
    await expect(fitted.locator("#gate")).to_be_visible()
    assert await overflows_by_screen(fitted) == {}


async def test_chromium_has_the_two_families_and_no_other(page: Page, shop: FakeShop) -> None:
    """A text is narrower in the narrow family; in each other family, installed or not, it is drawn in the wide one."""
    await page.goto(shop.url)
    wide, narrow, *others = await page.evaluate(
        """families => families.map((family) => {
          const context = document.createElement("canvas").getContext("2d");
          context.font = `100px "${family}", monospace`;
          return context.measureText("Watch the video").width;
        })""",
        [fonts.WIDE, fonts.NARROW, "Liberation Sans", "Noto Sans", "system-ui"],
    )
    assert narrow < 0.95 * wide
    assert others == [wide] * 3
