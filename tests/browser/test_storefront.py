"""The storefront at rest: what a visitor sees of a shop before anything happens."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_shop import FakeShop
from tests.browser.samples import SELLER, hostile_product, sample_product

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_TRANSPARENT_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)

# Done once the dialog has sent its close event.
_CLOSE_AND_OPEN = """next => new Promise((resolve) => {
  const dialog = document.getElementById("product");
  dialog.addEventListener("close", () => setTimeout(resolve), { once: true });
  dialog.close();
  location.hash = next;
})"""


async def open_shop(page: Page, shop: FakeShop, fragment: str = "") -> None:
    """Opens the shop and waits until it is live."""
    await page.goto(f"{shop.url}/shop/{SELLER}{fragment}")
    await expect(page.locator("#status")).to_have_attribute("data-status", "live")


async def test_first_page_shows_the_newest_products(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """The first tile is the newest product, with price, sizes and tags; nothing is complained of."""
    await open_shop(page, shop)
    first = page.locator(".tile").first
    await expect(first.locator(".title")).to_have_text("Tailored waistcoat")
    await expect(first.locator(".price")).to_have_text("110,000")
    await expect(first.locator(".sizes li")).to_have_text(["S", "M", "L", "XL"])
    await expect(first.locator(".tags li")).to_have_text(["#officewear", "#linen"])
    await expect(page.locator("h1")).to_have_text("Nalu Fashion")
    assert complaints == []


async def test_scrolling_brings_the_next_page_without_repeating(page: Page, shop: FakeShop) -> None:
    """Every product of a shop of three pages is shown once, in descending order of video id."""
    shop.add(*(sample_product(number) for number in range(26, 50)))
    await open_shop(page, shop)
    tiles = page.locator(".tile")
    for count in (40, 50):
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await expect(tiles).to_have_count(count)
    await expect(page.locator("#more")).to_be_hidden()
    shown = await tiles.evaluate_all("tiles => tiles.map(tile => tile.dataset.videoId)")
    assert shown == sorted(shop.products, reverse=True)


async def test_missing_price_asks_and_broken_price_keeps_its_cents(page: Page, shop: FakeShop) -> None:
    """Null is "Ask for price"; 1e12 is grouped; 19.9 has two decimals; sizes that are no list stay one chip."""
    shop.products.clear()
    shop.add(
        sample_product(0, price=19.9, sizes="One size fits all"),
        sample_product(1, price=1e12),
        sample_product(2, price=None),
    )
    await open_shop(page, shop)
    await expect(page.locator(".price")).to_have_text(["Ask for price", "1,000,000,000,000", "19.90"])
    await expect(page.locator(".tile").last.locator(".sizes li")).to_have_text(["One size fits all"])


async def test_empty_shop_says_so_and_fills_without_a_reload(page: Page, shop: FakeShop) -> None:
    """A shop without products invites to wait, and its first product takes the invitation's place."""
    shop.products.clear()
    await open_shop(page, shop)
    await expect(page.locator("#empty")).to_be_visible()
    await shop.publish(sample_product(3))
    await expect(page.locator(".tile")).to_have_count(1)
    await expect(page.locator("#empty")).to_be_hidden()


async def test_failing_shop_is_tried_again(page: Page, shop: FakeShop) -> None:
    """A server error is shown with a button, and the shop opens once there is an answer."""
    shop.rest_status = 503
    await page.goto(f"{shop.url}/shop/{SELLER}")
    await expect(page.locator("#failure")).to_contain_text("does not answer")
    await expect(page.locator("#status")).to_have_attribute("data-status", "offline")
    shop.rest_status = 200
    await page.locator("#retry").click()
    await expect(page.locator(".tile:not(.tile-skeleton)").first).to_be_visible()
    await expect(page.locator("#failure")).to_be_hidden()


async def test_unknown_address_is_final(page: Page, shop: FakeShop) -> None:
    """A 400 differs from a server that does not answer: the page offers no retry."""
    shop.rest_status = 400
    await page.goto(f"{shop.url}/shop/{SELLER}")
    await expect(page.locator("#failure")).to_contain_text("no such shop")
    await expect(page.locator("#retry")).to_be_hidden()


async def test_hostile_texts_stay_texts(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Markup in any field is shown as it is written, and no script address becomes a picture or a link."""
    product = hostile_product(90)
    shop.add(product)
    await open_shop(page, shop, f"#{product['video_id']}")
    await shop.publish(hostile_product(91))
    await expect(page.locator(".tile .badge:visible")).to_have_count(1)
    await expect(page.locator("#product-title")).to_have_text(product["title"])
    await expect(page.locator("#product-tags li").first).to_contain_text("<img src=x")
    assert await page.locator("main :is(script, i, b, svg[onload], [onerror], [onclick])").count() == 0
    assert await page.locator("dialog :is(script, i, b, svg[onload], [onerror], [onclick])").count() == 0
    assert await page.locator("[src^='javascript'], [href^='javascript']").count() == 0
    assert "owned" not in await page.title()
    assert complaints == []


async def test_unloadable_thumbnail_leaves_the_cloth(page: Page, shop: FakeShop) -> None:
    """If no picture loads, the page shows a gradient with the title's emoji or initials, the same at each visit."""
    await open_shop(page, shop)
    marks = page.locator(".tile .cloth-mark")
    await expect(marks.nth(0)).to_have_text("TW")
    await expect(marks.nth(1)).to_have_text("🌺")
    await expect(page.locator(".tile").first.locator("img")).to_have_count(0)
    drawn = await page.locator(".tile .cloth").first.get_attribute("style")
    await page.reload()
    assert await page.locator(".tile .cloth").first.get_attribute("style") == drawn


async def test_loadable_thumbnail_covers_the_cloth(page: Page, shop: FakeShop) -> None:
    """The primary thumbnail is what a tile shows, once it has loaded."""
    await page.context.route(
        "https://cdn.example.com/**", lambda route: route.fulfill(body=_TRANSPARENT_PNG, content_type="image/png")
    )
    await open_shop(page, shop)
    image = page.locator(".tile img.is-loaded").first
    await expect(image).to_be_visible()
    newest = max(shop.products)
    assert await image.get_attribute("src") == shop.products[newest]["primary_thumbnail"]["thumbnail_url"]


async def test_tile_opens_the_product_and_escape_closes_it(page: Page, shop: FakeShop) -> None:
    """By keyboard alone: enter opens all pictures and the caption, arrows walk, escape goes back to the tile."""
    await open_shop(page, shop)
    link = page.locator(".tile a").nth(1)
    await link.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Beach kimono, hibiscus 🌺")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator("#product-caption")).to_have_text("Over a swimsuit or over jeans.")
    await expect(dialog.locator("#product-strip button")).to_have_count(5)
    await page.keyboard.press("ArrowRight")
    await expect(dialog.locator("[aria-current=true]")).to_have_attribute("aria-label", "Picture 2 of 5")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(link).to_be_focused()
    await expect(page).to_have_url(f"{shop.url}/shop/{SELLER}")


async def test_address_of_a_product_beyond_the_first_page_opens_it(page: Page, shop: FakeShop) -> None:
    """A shared link shows its product, though the page that holds it was not read."""
    oldest = min(shop.products)
    await open_shop(page, shop, f"#{oldest}")
    await expect(page.get_by_role("dialog")).to_contain_text("Ankara wrap dress, sunset print")
    await expect(page.locator("#product-video")).to_have_attribute(
        "href", f"https://www.tiktok.com/@{SELLER}/video/{oldest}"
    )


async def test_next_product_opens_while_the_last_one_closes(page: Page, shop: FakeShop) -> None:
    """A tap before the dialog's close event is not undone by that event."""
    newest, second = sorted(shop.products, reverse=True)[:2]
    await open_shop(page, shop, f"#{newest}")
    await expect(page.locator("#product")).to_be_visible()
    for following in [second, newest] * 5:
        await page.evaluate(_CLOSE_AND_OPEN, following)
        await expect(page.get_by_role("dialog", name=shop.products[following]["title"])).to_be_visible()
        await expect(page).to_have_url(f"{shop.url}/shop/{SELLER}#{following}")


async def test_filter_keeps_products_with_the_tag(page: Page, shop: FakeShop) -> None:
    """A tag's button leaves only products that carry the tag, and "Everything" brings the rest back."""
    await open_shop(page, shop)
    await page.get_by_role("button", name="linen", exact=True).click()
    await expect(page.locator(".tile:visible")).to_have_count(3)
    await page.get_by_role("button", name="Everything").click()
    await expect(page.locator(".tile:visible")).to_have_count(26)


async def test_right_to_left_title_reads_from_the_right(page: Page, shop: FakeShop) -> None:
    """An Arabic title is laid out from the right without anyone having said so."""
    shop.products.clear()
    shop.add(sample_product(11))
    await open_shop(page, shop)
    assert await page.locator(".title").evaluate("title => getComputedStyle(title).direction") == "rtl"


@pytest.mark.parametrize("width", [320, 390, 768])
async def test_phone_has_no_sideways_scroll(page: Page, shop: FakeShop, width: int) -> None:
    """On narrow screens neither the shop, nor a hostile title, nor the dialog is wider than the screen."""
    await page.set_viewport_size({"width": width, "height": 700})
    shop.add(hostile_product(90), sample_product(91, title="W" * 500, sizes="9" * 200, tags=["t" * 100]))
    await open_shop(page, shop)
    await shop.publish(sample_product(92, title="M" * 500))
    await expect(page.locator("#toast")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    for number in (1, 2):
        await page.locator(".tile a").nth(number).press("Enter")
        await expect(page.locator("#product")).to_be_visible()
        assert await page.locator("#product").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
        await page.keyboard.press("Escape")


async def test_dark_and_still_are_respected(page: Page, shop: FakeShop) -> None:
    """A dark system gets dark paper, and one that asks for stillness gets no gliding tiles."""
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await open_shop(page, shop)
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 13, 17)"
    await shop.publish(sample_product(60))
    await expect(page.locator(".badge:visible")).to_have_count(1)
    assert await page.evaluate("document.getAnimations().every(a => a.effect.getComputedTiming().duration <= 1)")
