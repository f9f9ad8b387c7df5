"""The storefront while things happen: arrivals, newer revisions, lost sockets, and what was missed meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_shop import FakeShop, now_text
from tests.browser.samples import SELLER, sample_product
from tests.browser.test_storefront import open_shop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def expect_status(page: Page, status: str) -> None:
    """Waits until the quiet line says so."""
    await expect(page.locator("#status")).to_have_attribute("data-status", status, timeout=20_000)


async def next_subscription(shop: FakeShop) -> dict[str, Any]:
    """Waits for a page to subscribe; what it asked for."""
    return await asyncio.wait_for(shop.subscriptions.get(), 20)


async def test_arrival_is_shown_announced_and_toasted(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """A new product is first and has a badge, a toast names it, and a screen reader hears title and price."""
    await open_shop(page, shop)
    await shop.publish(sample_product(30, title="Silk robe 🌙", price=99000))
    first = page.locator(".tile").first
    await expect(first.locator(".title")).to_have_text("Silk robe 🌙")
    await expect(first.locator(".badge")).to_have_text("New")
    await expect(page.locator("#toast")).to_contain_text("Silk robe 🌙")
    await expect(page.locator("#arrivals")).to_have_text("New: Silk robe 🌙, 99,000")
    assert complaints == []


async def test_toast_opens_what_it_names(page: Page, shop: FakeShop) -> None:
    """A tap on the toast shows the product."""
    await open_shop(page, shop)
    await shop.publish(sample_product(30, title="Silk robe"))
    await page.locator("#toast").click()
    await expect(page.get_by_role("dialog", name="Silk robe")).to_be_visible()
    await expect(page.locator("#toast")).to_be_hidden()


async def test_newer_revision_replaces_in_place(page: Page, shop: FakeShop) -> None:
    """An update changes the tile in its place, marks it, and changes the open dialog too."""
    await open_shop(page, shop)
    changed = sample_product(24, title="Beach kimono, last one", price=50000)
    await page.locator(".tile a").nth(1).click()
    await shop.publish(changed)
    second = page.locator(".tile").nth(1)
    await expect(second.locator(".title")).to_have_text("Beach kimono, last one")
    await expect(second.locator(".badge")).to_have_text("Updated")
    await expect(page.locator("#product-price")).to_have_text("50,000")
    await expect(page.locator(".tile")).to_have_count(20)


async def test_what_is_not_newer_is_dropped(page: Page, shop: FakeShop) -> None:
    """The same revision again, and an older one that comes late, change nothing and add nothing."""
    await open_shop(page, shop)
    product = sample_product(40, title="Second thought")
    await shop.publish(product | {"title": "First thought"})
    await shop.publish(product)
    await expect(page.locator(".tile").first.locator(".title")).to_have_text("Second thought")
    late = shop.products[product["video_id"]] | {"title": "First thought", "updated_at": now_text()}
    await shop.announce(product["video_id"])
    await shop.announce(product["video_id"], revision=1, product=late)
    await shop.publish(sample_product(41, title="Afterwards"))
    await expect(page.locator(".tile .title")).to_contain_text(["Afterwards", "Second thought"])
    await expect(page.locator(".tile")).to_have_count(22)


async def test_replayed_first_revision_of_a_read_product_is_no_news(page: Page, shop: FakeShop) -> None:
    """REST gives no revision: an event with the content that the page already shows raises no badge and no toast."""
    await open_shop(page, shop)
    await shop.announce(max(shop.products))
    await shop.publish(sample_product(41, title="Afterwards"))
    await expect(page.locator("#toast")).to_contain_text("Afterwards")
    await expect(page.locator(".badge:visible")).to_have_count(1)


async def test_cut_socket_comes_back_and_catches_up(page: Page, shop: FakeShop) -> None:
    """Products that were saved while the socket was disconnected appear after it reconnects, once each."""
    await open_shop(page, shop)
    await shop.cut_sockets()
    shop.add(*(sample_product(n) | {"created_at": now_text(), "updated_at": now_text()} for n in (50, 51, 52)))
    await expect(page.locator(".badge:visible")).to_have_count(3)
    await expect_status(page, "live")
    await shop.publish(sample_product(53))
    await expect(page.locator(".badge:visible")).to_have_count(4)
    await expect(page.locator(".tile")).to_have_count(24)


async def test_restarted_server_is_found_again(page: Page, shop: FakeShop) -> None:
    """A server that is gone makes the page say "offline"; when it is back the page is live, without a reload."""
    await open_shop(page, shop)
    await page.evaluate("window.isSamePage = true")
    await shop.stop()
    await expect_status(page, "offline")
    shop.add(sample_product(50) | {"created_at": now_text(), "updated_at": now_text()})
    await shop.start()
    await expect_status(page, "live")
    await expect(page.locator(".badge:visible")).to_have_count(1)
    assert await page.evaluate("window.isSamePage")


async def test_subscription_carries_the_last_cursor_seen(page: Page, shop: FakeShop) -> None:
    """The first subscription has the cursor of the page, one after an event and a poll the last of theirs."""
    await open_shop(page, shop)
    first = await next_subscription(shop)
    assert first == {"seller_handle": SELLER, "cursor": f"c{len(shop.products)}"}
    await shop.publish(sample_product(50))
    await expect(page.locator(".badge:visible")).to_have_count(1)
    shop.refuses_sockets = True
    await shop.cut_sockets()
    await expect_status(page, "polling")
    assert shop.cursors_seen[-1] == f"c{len(shop.products)}"  # the event's
    shop.refuses_sockets = False
    assert (await next_subscription(shop))["cursor"] == f"c{len(shop.products)}"


async def test_polling_takes_over_while_sockets_are_refused(page: Page, shop: FakeShop) -> None:
    """Without sockets the page polls with its cursor, still shows arrivals, and goes live when sockets are back."""
    await open_shop(page, shop)
    shop.refuses_sockets = True
    await shop.cut_sockets()
    await expect_status(page, "polling")
    await shop.publish(sample_product(50, title="Found by asking"))
    await expect(page.locator(".tile").first).to_contain_text("Found by asking", timeout=20_000)
    assert shop.cursors_seen[-1] is not None
    shop.refuses_sockets = False
    await expect_status(page, "live")


async def test_without_cursors_the_first_page_is_polled(page: Page, shop: FakeShop) -> None:
    """A server that may not describe its table gives none."""
    shop.gives_cursors = False
    await open_shop(page, shop)
    shop.refuses_sockets = True
    shop.add(*(sample_product(number) for number in range(50, 90)))
    await shop.cut_sockets()
    await expect(page.locator(f'.tile[data-video-id="{max(shop.products)}"]')).to_be_attached()
    assert set(shop.cursors_seen) == {None}


async def test_too_much_missed_reads_the_page_again(page: Page, shop: FakeShop) -> None:
    """When the server cannot replay, the first page is read again, as often as it takes, and its cursor is used."""
    await open_shop(page, shop)
    await next_subscription(shop)
    shop.rest_status = 503
    shop.add(*(sample_product(number) | {"updated_at": now_text()} for number in range(26, 140)))
    await shop.cut_sockets()
    await next_subscription(shop)
    shop.rest_status = 200
    first = page.locator(".tile").first
    await expect(first).to_have_attribute("data-video-id", max(shop.products), timeout=20_000)
    await expect(page.locator(".tile")).to_have_count(20)
    await expect(page.locator(".badge:visible")).to_have_count(0)
    await expect_status(page, "live")
    cursors = [(await next_subscription(shop))["cursor"]]
    while not shop.subscriptions.empty():
        cursors.append((await next_subscription(shop))["cursor"])
    assert cursors[-1] == f"c{sum(shop.revisions.values())}"


async def test_a_cursor_that_the_server_does_not_know_reads_the_page_again(page: Page, shop: FakeShop) -> None:
    """Polling is answered with 410: the page is read again."""
    await open_shop(page, shop)
    shop.refuses_sockets = shop.forgets_cursors = True
    await shop.cut_sockets()
    shop.add(*(sample_product(number) for number in range(26, 30)))
    await expect(page.locator(".tile").first).to_have_attribute("data-video-id", max(shop.products), timeout=20_000)


async def test_errors_of_the_server_do_not_close_the_shop(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """An `error` event and events of an unknown name change nothing that a visitor sees."""
    await open_shop(page, shop)
    await shop.say("error", {"code": "rate_limited", "message": "too many messages", "timestamp": now_text()})
    await shop.say("something_new", {"x": 1})
    await shop.publish(sample_product(50))
    await expect(page.locator(".badge:visible")).to_have_count(1)
    await expect_status(page, "live")
    assert complaints == []


async def test_removed_product_leaves_and_comes_back(page: Page, shop: FakeShop) -> None:
    """A removal takes the tile away and is announced; a page read before it does not bring it back."""
    await open_shop(page, shop)
    video_id = await page.locator(".tile").nth(1).get_attribute("data-video-id") or ""
    product = shop.products[video_id]
    await shop.withdraw(video_id)
    await expect(page.locator(".tile")).to_have_count(19)
    await expect(page.locator("#arrivals")).to_have_text(f"No longer offered: {product['title']}")
    await shop.publish(product)
    await expect(page.locator(".tile").first.locator(".title")).to_have_text(product["title"])


async def test_open_product_says_that_it_is_removed(page: Page, shop: FakeShop) -> None:
    """The dialog says so, also to a screen reader, until it is closed or the product is back."""
    await open_shop(page, shop)
    await page.locator(".tile a").nth(1).click()
    dialog, video_id = page.locator("#product"), sorted(shop.products)[-2]
    product = shop.products[video_id]
    for ending in ("closed", "back"):
        await shop.withdraw(video_id)
        await expect(page.get_by_role("dialog", name="This product is no longer offered")).to_be_visible()
        await expect(dialog.get_by_role("status")).to_contain_text("The seller has removed it.")
        await expect(page.locator("#product-close")).to_be_focused()
        assert product["raw_caption"] not in await dialog.inner_text()
        await expect(dialog.locator("img:visible, a:visible, li:visible")).to_have_count(0)
        if ending == "closed":
            await page.keyboard.press("Escape")
            await expect(page).to_have_url(f"{shop.url}/shop/{SELLER}")
            await shop.publish(product)
            await page.locator(f".tile[data-video-id='{video_id}'] a").click()
            await expect(dialog).to_contain_text(product["raw_caption"])
    await shop.publish(product)
    await expect(dialog).to_contain_text(product["raw_caption"])


async def test_filter_holds_for_the_toast(page: Page, shop: FakeShop) -> None:
    """A product without the chosen tag makes no news: no toast, no announcement; a toast of another filter goes."""
    await open_shop(page, shop)
    await page.get_by_role("button", name="linen", exact=True).click()
    await shop.publish(sample_product(30, title="Other", tags=["silk"]))
    await shop.publish(sample_product(31, title="Shirt", tags=["linen"]))
    await expect(page.locator("#toast-title")).to_have_text("Shirt")
    await expect(page.locator("#toast-kind")).to_have_text("Just in")
    await expect(page.locator("#arrivals")).to_contain_text("New: Shirt")
    await page.get_by_role("button", name="dress", exact=True).click()
    await expect(page.locator("#toast")).to_be_hidden()


async def test_filters_keep_their_places(page: Page, shop: FakeShop) -> None:
    """Whatever arrives or goes: the focused filter keeps its focus, the others their order; new ones come last."""
    shop.products.clear()
    shop.add(*(sample_product(number, tags=[f"tag{number // 2}"]) for number in range(8)))
    await open_shop(page, shop)
    filters = page.locator("#filters button")
    await expect(filters).to_have_text(["Everything", "tag0", "tag1", "tag2", "tag3"])
    focused = page.get_by_role("button", name="tag3")
    await focused.focus()
    for number in range(20, 24):
        await shop.publish(sample_product(number, tags=["tag3", "new"]))
    await expect(filters).to_have_text(["Everything", "tag0", "tag1", "tag2", "tag3", "new"])
    for number in (2, 3):
        await shop.withdraw(sample_product(number)["video_id"])
    await expect(filters).to_have_text(["Everything", "tag0", "tag2", "tag3", "new"])
    await expect(focused).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(focused).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".tile:visible")).to_have_count(6)


async def test_removal_is_found_by_polling(page: Page, shop: FakeShop) -> None:
    """Without sockets a removal comes with the changes after the cursor."""
    await open_shop(page, shop)
    shop.refuses_sockets = True
    await shop.cut_sockets()
    await expect_status(page, "polling")
    newest = max(shop.products)
    await shop.withdraw(newest)
    await expect(page.locator(f".tile[data-video-id='{newest}']")).to_have_count(0, timeout=20_000)


async def test_sold_out_is_visible(page: Page, shop: FakeShop) -> None:
    """A product that is sold out keeps its place, and says so on its tile and in its dialog, until it is in stock."""
    await open_shop(page, shop)
    product = sample_product(24)
    second = page.locator(".tile").nth(1)
    await second.locator("a").click()
    await shop.publish(product | {"availability": "sold_out"})
    await expect(second.locator(".sold-out")).to_be_visible()
    await expect(page.locator("#product-sold-out")).to_be_visible()
    await shop.publish(product)
    await expect(second.locator(".sold-out")).to_be_hidden()
