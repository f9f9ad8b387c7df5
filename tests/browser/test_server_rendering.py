"""What the server renders: it shows without scripts and before them, and they go on from it."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Browser, Page, Route, expect

from linkhub_adapters.http.pages.contact_links import ContactLinks
from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from tests.browser import axe
from tests.browser.fake_shop import FakeShop
from tests.browser.samples import SELLER, hostile_product, sample_product
from tests.browser.test_storefront import open_shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_PLACES = "nodes => nodes.map(node => { const { x, y, width } = node.getBoundingClientRect(); return [x, y, width]; })"


def product_url(shop: FakeShop, video_id: str) -> str:
    """The address of a product's page."""
    return f"{shop.url}/shop/{SELLER}/products/{video_id}"


async def test_scripts_take_over_what_is_there(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """The same tiles in the same places, no request for products, and live events from the page's cursor."""
    held: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def hold(route: Route) -> None:
        await held
        await route.continue_()

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    await page.route("**/storefront.js", hold)
    await page.goto(f"{shop.url}/shop/{SELLER}", wait_until="commit")
    await expect(page.locator(".tile .title").last).to_be_attached()
    parts = page.locator(".tile .title, #filters button")
    before = await parts.evaluate_all(_PLACES)
    await page.evaluate("for (const tile of document.querySelectorAll('.tile')) tile.isServers = true")
    held.set_result(None)
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")
    assert await parts.evaluate_all(_PLACES) == before
    assert await page.evaluate("[...document.querySelectorAll('.tile')].every(tile => tile.isServers)")
    assert (await shop.subscriptions.get())["cursor"] == f"c{len(shop.products)}"
    assert asked == []
    await shop.publish(sample_product(30, title="Silk robe"))
    await expect(page.locator(".tile .title").first).to_have_text("Silk robe")
    assert complaints == []


async def test_without_scripts_everything_can_be_reached(browser: Browser, shop: FakeShop) -> None:
    """A shop, a product, and the way back; what only scripts can do is not there."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{shop.url}/shop/{SELLER}")
    await expect(page.locator(".tile")).to_have_count(20)
    await expect(page.locator("#status, #filters, #load-more")).to_have_count(3)
    for hidden in ("#status", "#filters", "#toast", "#load-more"):
        await expect(page.locator(hidden)).to_be_hidden()
    await expect(page.get_by_role("link", name="Show more")).to_be_visible()
    await page.get_by_role("link", name="Beach kimono").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Over a swimsuit or over jeans.")
    await expect(page.get_by_role("link", name="Watch the video")).to_be_visible()
    await page.get_by_role("link", name="Close").click()
    await expect(page).to_have_url(f"{shop.url}/shop/{SELLER}")
    await context.close()


@pytest.mark.parametrize("path", ["/shop/{seller}", "/shop/{seller}/products/{video}", "/nothing"])
async def test_axe_finds_nothing_before_scripts(page: Page, shop: FakeShop, path: str) -> None:
    """On a shop, on a product, and on the page of an address that leads nowhere."""
    await page.route("**/*.js", lambda route: route.abort())
    await page.goto(f"{shop.url}{path.format(seller=SELLER, video=min(shop.products))}")
    await expect(page.locator("h1")).to_have_count(1)
    assert await axe.violations(page) == []


async def test_the_page_of_a_product_becomes_its_dialog(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Also of a product beyond the first page; escape leads to the shop, back and forth through the history."""
    oldest = min(shop.products)
    await page.goto(product_url(shop, oldest))
    await expect(page.locator("#product:modal")).to_be_visible()
    assert (await page.title()).startswith("Ankara wrap dress")
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{shop.url}/shop/{SELLER}")
    assert await page.title() == "Nalu Fashion · shop"
    newest = max(shop.products)
    await page.locator(".tile a").first.click()
    await expect(page).to_have_url(product_url(shop, newest))
    await expect(page.get_by_role("dialog", name="Tailored waistcoat")).to_be_visible()
    await page.go_back()
    await expect(page.locator("#product")).to_be_hidden()
    await page.go_forward()
    await expect(page.locator("#product")).to_be_visible()
    assert complaints == []


async def test_a_product_that_is_removed_says_so(page: Page, shop: FakeShop) -> None:
    """While its page is open, also if it is beyond the first page; and when its address is opened later."""
    oldest = min(shop.products)
    await page.goto(product_url(shop, oldest))
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")
    await shop.withdraw(oldest)
    await expect(page.get_by_role("dialog", name="This product is no longer offered")).to_be_visible()
    answer = await page.goto(product_url(shop, oldest))
    assert answer is not None
    assert answer.status == 410
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")
    await expect(page.locator("#gone")).to_be_visible()
    await expect(page.locator(".tile").first).to_be_visible()


async def test_an_unknown_product_says_so_until_it_comes(page: Page, shop: FakeShop) -> None:
    """Its address opens it the moment it is saved."""
    product = sample_product(60, title="On its way")
    answer = await page.goto(product_url(shop, product["video_id"]))
    assert answer is not None
    assert answer.status == 404
    await expect(page.locator("#unknown")).to_be_visible()
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")
    await shop.publish(product)
    await expect(page.get_by_role("dialog", name="On its way")).to_be_visible()
    await expect(page.locator("#unknown")).to_be_hidden()


@pytest.mark.parametrize(
    ("locale", "tile", "arrived"), [("de-DE", "110.000 UGX", "99.000 UGX"), ("en-GB", "UGX 110,000", "UGX 99,000")]
)
async def test_prices_are_written_as_the_shopper_writes_them(
    browser: Browser, shop: FakeShop, locale: str, tile: str, arrived: str
) -> None:
    """Those of the server's page, and those that arrive."""
    shop.settings = ShopSettings(currency=Currency("UGX"))
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    await open_shop(page, shop)
    await expect(page.locator(".price").first).to_have_text(tile)
    await shop.publish(sample_product(30, price=99000))
    await expect(page.locator(".price").first).to_have_text(arrived)
    await context.close()


async def test_a_product_that_arrives_links_to_the_contact(page: Page, shop: FakeShop) -> None:
    """With its own title, percent-encoded; a title of half a character, too."""
    shop.settings = ShopSettings(contacts=ContactLinks.parse(["https://wa.me/256?text={title}%20{video_id}"]))
    await open_shop(page, shop)
    product = sample_product(30, title="A & B\ud83d #1")
    await shop.publish(product)
    await expect(page.locator(".tile .badge:visible")).to_have_count(1)
    await page.locator(".tile a").first.click()
    await expect(page.locator("#product-contact")).to_have_text("Ask on WhatsApp")
    await expect(page.locator("#product-contact")).to_have_attribute(
        "href", f"https://wa.me/256?text=A%20%26%20B%EF%BF%BD%20%231%20{product['video_id']}"
    )


async def test_data_blocks_pass_the_policy(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Structured data of hostile texts is JSON, nothing of it runs, and the policy has nothing to report."""
    product = hostile_product(90)
    shop.add(product)
    await page.goto(product_url(shop, product["video_id"]))
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")
    data = json.loads(await page.locator("script[type='application/ld+json']").text_content() or "")
    assert data["name"].startswith("<img src=x")
    assert await page.locator("main :is(script, b, i, [onerror]), dialog :is(script, b, i, [onerror])").count() == 0
    assert complaints == []
