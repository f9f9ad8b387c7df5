"""The shop's page on a screen: what fits, what moves, where the focus is, what axe finds."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser import axe, fonts
from tests.browser.fake_shop import FakeShop
from tests.browser.samples import SELLER, sample_product
from tests.browser.test_storefront import open_shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 16"><rect width="9" height="16" fill="teal"/></svg>'
_SHIFTS = """() => new Promise(resolve => {
  new PerformanceObserver(list => resolve(list.getEntries().map(({ value, sources }) =>
    `${value}: ${sources.map(({ node }) => node?.id || node?.className)}`)))
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 0, [])));
})"""
_BOXES = "parts => parts.map(part => part.getBoundingClientRect().toJSON())"
# Whether the box of the outline, drawn around a link's ::after, is cut by an ancestor or lies under another element.
_UNSEEN_FOCUS = """() => [...document.querySelectorAll(".tile:not([hidden]) a")].flatMap((link) => {
  link.focus();
  const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(link, "::after");
  const reach = Number.parseFloat(outlineWidth) + Number.parseFloat(outlineOffset) - 1;
  const { left, top, right, bottom } = link.closest("article").getBoundingClientRect();
  const places = [[left - reach, (top + bottom) / 2], [right + reach, (top + bottom) / 2],
    [(left + right) / 2, top - reach], [(left + right) / 2, bottom + reach]];
  const isCut = (box) => ["hidden", "clip", "auto", "scroll"].includes(getComputedStyle(box).overflowY)
    || getComputedStyle(box).contain.includes("paint") || getComputedStyle(box).contentVisibility !== "visible";
  const cuts = [];
  for (let box = link.closest("article"); box !== document.body; box = box.parentElement) {
    if (isCut(box)) cuts.push(box.className || box.id);
  }
  const covered = places.filter(([x, y]) => {
    const hit = document.elementFromPoint(x, y);
    return !hit || hit.closest(".bar, .toast");
  });
  return outlineStyle === "solid" && cuts.length + covered.length === 0 ? [] : [[link.textContent, cuts, covered]];
})"""


async def _give_picture(route: Route) -> None:
    await route.fulfill(body=_PICTURE, content_type="image/svg+xml")


@pytest.mark.parametrize("family", [fonts.WIDE, fonts.NARROW])
async def test_two_rows_fit_a_laptop(browser: Browser, shop: FakeShop, family: str) -> None:
    """Their pictures, titles, prices and sizes, in a window of 720 and of 800 pixels, while the toast is there."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    await context.add_init_script(fonts.use_family(family))
    await context.route("https://cdn.example.com/**", _give_picture)
    page = await context.new_page()
    await open_shop(page, shop)
    await shop.publish(sample_product(30, title="A title that needs both of its lines"))
    await expect(page.locator("#toast")).to_be_visible()
    for height in (720, 800):
        await page.set_viewport_size({"width": 1280, "height": height})
        tops = await page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.getBoundingClientRect().top)")
        in_two_rows = sum(top <= sorted(set(tops))[1] for top in tops)
        assert in_two_rows >= 10
        words = page.locator(f".tile:nth-child(-n+{in_two_rows}) :is(.picture, .title, .price, .sizes)")
        lowest = await words.evaluate_all("parts => Math.max(...parts.map(one => one.getBoundingClientRect().bottom))")
        assert lowest <= height
    await context.close()


@pytest.mark.parametrize("width", [390, 1280])
async def test_toast_covers_nothing(page: Page, shop: FakeShop, width: int) -> None:
    """At the top and in the middle of the page it lies beside the filters, and moves nothing when it comes."""
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(reduced_motion="reduce")
    await open_shop(page, shop)
    for number, scroll in enumerate((0, 700)):
        await page.evaluate(f"scrollTo(0, {scroll})")
        await shop.publish(sample_product(30 + number, title=f"Number {number}"))
        await expect(page.locator("#toast")).to_contain_text(f"Number {number}")
        await expect(page.locator("#toast")).to_be_in_viewport()
        bar, filters, toast = await page.locator(".bar, #filters, #toast").evaluate_all(_BOXES)
        assert bar["height"] == 56
        assert bar["top"] <= toast["top"]
        assert toast["bottom"] <= bar["bottom"]
        assert filters["right"] <= toast["left"] + 5


@pytest.mark.parametrize("width", [390, 1280])
async def test_focus_is_visible_on_every_tile(page: Page, shop: FakeShop, width: int) -> None:
    """No box cuts the outline, no bar lies over it, and the browser scrolls to it."""
    await page.set_viewport_size({"width": width, "height": 720})
    await open_shop(page, shop)
    await page.keyboard.press("Tab")
    assert await page.evaluate(_UNSEEN_FOCUS) == []


@pytest.mark.parametrize("width", [390, 1280])
async def test_nothing_moves_while_the_page_loads(page: Page, shop: FakeShop, width: int) -> None:
    """The layout shift is 0, from the first paint until all pictures are there and the page is live."""
    await page.set_viewport_size({"width": width, "height": 720})
    await page.context.route("https://cdn.example.com/**", _give_picture)
    await open_shop(page, shop)
    await expect(page.locator(".tile img.is-loaded").nth(11)).to_be_attached()
    assert await page.evaluate(_SHIFTS) == []


async def test_first_rows_are_loaded_first(page: Page, shop: FakeShop) -> None:
    """The pictures of two rows are urgent, those below wait until they come near; none invents another width."""
    await page.goto(f"{shop.url}/shop/{SELLER}")
    images = page.locator(".grid img")
    kinds = await page.evaluate(
        """async url => {
          const page = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
          return [...page.querySelectorAll(".grid img")].map(({ loading, fetchPriority, srcset }) =>
            `${loading} ${fetchPriority} ${srcset}`.trim());
        }""",
        page.url,
    )
    assert kinds == ["eager high"] * 12 + ["lazy auto"] * 8
    assert await images.count() <= 20


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing(page: Page, shop: FakeShop, scheme: Any, width: int) -> None:
    """In the shop with a toast, a sold-out product and a filter; in a dialog, one of a removed product, and no shop."""
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    newest = max(shop.products)
    shop.products[newest]["availability"] = "sold_out"
    await open_shop(page, shop)
    await shop.publish(sample_product(30))
    await expect(page.locator("#toast")).to_be_visible()
    assert await axe.violations(page) == []
    await page.locator(".tile a").nth(1).click()
    await expect(page.locator("#product-sold-out")).to_be_visible()
    assert await axe.violations(page) == []
    await shop.withdraw(newest)
    await expect(page.locator("#product-gone")).not_to_be_empty()
    assert await axe.violations(page) == []
    shop.products.clear()
    await open_shop(page, shop)
    await expect(page.get_by_role("heading", name="No products here yet")).to_be_visible()
    assert await axe.violations(page) == []
