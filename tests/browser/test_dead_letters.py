"""An operator looks at dead letters, mends them, puts them back and purges them, and asks why a video is not there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.testing.builders import an_event
from tests.browser import axe
from tests.browser.fake_operator import REJECTED_BODY
from tests.browser.fake_shop import FakeShop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LETTERS = "#dead-list .letter"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(autouse=True)
def a_token(shop: FakeShop) -> None:
    """The server has one, so things can be changed."""
    shop.operator.admin_token = "let-me-in"


async def open_letters(page: Page, shop: FakeShop, count: int = 4) -> None:
    """Opens the page with the token, and waits for the list."""
    await page.goto(f"{shop.url}/#token=let-me-in")
    await expect(page.locator(LETTERS)).to_have_count(count)


async def open_letter(page: Page, video_id: str) -> None:
    """Opens the letter of a video, and waits until its body was judged."""
    await page.locator(".letter-open", has_text=video_id).click()
    await expect(page.locator("#letter-verdict")).to_contain_text("would")


async def answer_yes(page: Page, question: str, name: str) -> None:
    """Confirms what the dialog asks."""
    await expect(page.locator("#confirm-question")).to_have_text(question)
    await page.locator("#confirm").get_by_role("button", name=name, exact=True).click()


async def kept(shop: FakeShop) -> int:
    """The dead letters that are left."""
    return len([letter async for letter in shop.operator.queue.browse(DeadLetterQuery())])


async def test_a_letter_is_mended_and_put_back(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Its faults are marked at their lines, checked as the text changes, and the new body goes to the queue."""
    await open_letters(page, shop)
    await open_letter(page, "7368211940557311")
    await expect(page.locator("#letter-faults li")).to_have_text(
        [re.compile("^Line 10: timestamp"), re.compile("^Line 5: price")]
    )
    await expect(page.locator("#letter-marks .is-wrong")).to_have_text(
        [re.compile('"price": "45k"'), re.compile("yesterday")]
    )
    await page.locator(".fault").first.click()
    assert await page.evaluate("getSelection().toString() || document.activeElement.selectionStart > 0")
    body = page.get_by_label("Event", exact=True)
    text = await body.input_value()
    await body.fill(text.replace('"45k"', "45000"))
    await expect(page.locator("#letter-verdict")).to_have_text("It would be rejected: 1 fault.")
    await page.get_by_role("button", name="Reset").click()
    await expect(page.locator("#letter-verdict")).to_have_text("It would be rejected: 2 faults.")
    mended = text.replace('"45k"', '"45000"').replace("yesterday", "2026-05-14T12:00:00Z")
    await body.fill(mended)
    await expect(page.locator("#letter-verdict")).to_have_text("It would pass now.")
    await expect(page.locator("#letter-notes")).to_have_text("price: number_as_text")
    await page.locator("#letter-redrive").click()
    await answer_yes(page, "Put back 1 dead letter?", "Put back")
    await expect(page.locator("#letter-dialog")).to_be_hidden()
    await expect(page.locator("#dead-said")).to_have_text("Put back: 1.")
    await expect(page.locator(LETTERS)).to_have_count(3)
    assert [delivery.body for delivery in await shop.operator.queue.receive()] == [mended]
    assert [(one.action, one.facts["dry_run"]) for one in shop.operator.actions] == [("mend", True), ("mend", False)]
    assert complaints == []


async def test_a_body_that_would_be_rejected_again_needs_force(page: Page, shop: FakeShop) -> None:
    """The dry run says why it would stay; it goes back only after a tick."""
    await open_letters(page, shop)
    await open_letter(page, "7368211940557313")
    await page.locator("#letter-redrive").click()
    await expect(page.locator("#confirm-question")).to_have_text("Nothing would go back")
    await expect(page.locator("#confirm-effect")).to_contain_text("price: must be a number or null, not text")
    await expect(page.locator("#confirm-yes")).to_be_disabled()
    await page.get_by_label("Put back what would stay, too (1)").check()
    await page.locator("#confirm-yes").click()
    await expect(page.locator(LETTERS)).to_have_count(3)


async def test_letters_of_a_reason_are_purged_after_a_confirmation(page: Page, shop: FakeShop) -> None:
    """No changes nothing, and Enter alone is no. What comes between the dry run and the yes is not touched."""
    await open_letters(page, shop)
    await page.locator("#dead-groups button", has_text="thumbnails: no entry").click()
    await expect(page.locator(LETTERS)).to_have_count(1)
    await expect(page.locator("#dead-scope")).to_have_text("all 1 with this reason")
    purge = page.locator("#dead-purge")
    await purge.click()
    await expect(page.locator("#confirm-no")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm")).to_be_hidden()
    assert await kept(shop) == 4
    await purge.click()
    await expect(page.locator("#confirm")).to_be_visible()
    await shop.operator.reject(
        Kind.THUMBNAIL, json.dumps(an_event(Kind.THUMBNAIL, thumbnails=[{"thumbnail_url": "ftp://x"}]))
    )
    await answer_yes(page, "Purge 1 dead letter?", "Purge")
    await expect(page.locator("#dead-said")).to_have_text("Purged: 1.")
    await expect(page.locator("#dead-scope")).to_have_text("all 1 with this reason")
    assert await kept(shop) == 4


async def test_selected_letters_are_purged(page: Page, shop: FakeShop) -> None:
    """Those that are ticked, and no others."""
    await open_letters(page, shop)
    await page.get_by_label("All that are shown").check()
    await expect(page.locator("#dead-scope")).to_have_text("4 selected")
    await page.locator(".letter-box").first.uncheck()
    await page.locator("#dead-purge").click()
    await answer_yes(page, "Purge 3 dead letters?", "Purge")
    await expect(page.locator(LETTERS)).to_have_count(1)
    await expect(page.locator(".letter-open")).to_contain_text("7368211940557311")


async def test_more_letters_than_a_page_are_shown_page_by_page(page: Page, shop: FakeShop) -> None:
    """Newest first; the next page follows the last one, and stays when a newer letter comes."""
    await page.clock.install()
    for number in range(50):
        await shop.operator.reject(Kind.CAPTION, REJECTED_BODY.replace("7368211940557311", f"9{number}"))
        shop.operator.clock.advance(1)
    await open_letters(page, shop, 50)
    await page.get_by_role("button", name="Older ones").click()
    await expect(page.locator(LETTERS)).to_have_count(54)
    await expect(page.locator("#dead-more")).to_be_hidden()
    await shop.operator.reject(Kind.CAPTION, "{}")
    await page.clock.fast_forward(6_000)
    await expect(page.locator(LETTERS)).to_have_count(55)


async def test_bodies_and_names_stay_text(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Markup in a body, an id or an attribute is shown as it is written, in the list, the editor and the timeline."""
    body: dict[str, Any] = an_event(Kind.CAPTION, title=HOSTILE, seller_handle=HOSTILE, video_id=HOSTILE, price=HOSTILE)
    await shop.operator.reject(Kind.CAPTION, json.dumps(body), correlationId=HOSTILE)
    await open_letters(page, shop, 5)
    await page.locator(".letter-open").first.click()
    await expect(page.locator("#letter-facts")).to_contain_text(HOSTILE)
    await expect(page.get_by_label("Event", exact=True)).to_have_value(re.compile("onerror"))
    await page.locator("#letter-close").click()
    await page.locator("#why-video").fill(HOSTILE)
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("#why-timelines h3")).to_contain_text(HOSTILE)
    assert await page.locator("main img, dialog img").count() == 0
    assert complaints == []


async def test_why_draws_the_timeline_of_a_video(page: Page, shop: FakeShop) -> None:
    """State, reason and entries; a dead letter in it opens; nothing found says where to look next."""
    await open_letters(page, shop)
    await page.locator("#why-video").fill("7368211940557313")
    await page.locator("#why-video").press("Enter")
    await expect(page.locator("#why-timelines .state")).to_have_text("rejected")
    await expect(page.locator("#why-timelines li b")).to_have_text(["caption received", "caption rejected"])
    await page.locator("#why-timelines .link").click()
    await expect(page.locator("#letter-title")).to_have_text(re.compile("Dead letter .+"))
    await page.keyboard.press("Escape")
    await page.locator("#why-video").fill("nothing")
    await page.locator("#why-video").press("Enter")
    await expect(page.locator("#why-note")).to_contain_text("Nothing is known of the video nothing")


async def test_another_operator_was_faster(page: Page, shop: FakeShop) -> None:
    """A letter that is gone says so, in the dialog and after a change."""
    await open_letters(page, shop)
    await shop.operator.empty()
    await page.locator(".letter-open").first.click()
    await expect(page.locator("#letter-problem")).to_contain_text("There is no such dead letter")


async def _tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached with the keyboard")


async def test_a_letter_is_mended_with_the_keyboard_alone(page: Page, shop: FakeShop) -> None:
    """From the top of the page to the queue: tab, enter, type, and escape out of a question; an escape too many loses
    no text, and the focus stays near the list."""
    await open_letters(page, shop)
    await _tab_to(page, "#seen-button")
    await _tab_to(page, ".letter-open")
    await page.keyboard.press("Enter")
    await expect(page.locator("#letter-verdict")).to_contain_text("2 faults")
    await _tab_to(page, "#letter-body")
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(json.dumps(an_event(Kind.CAPTION, price=5)))
    await expect(page.locator("#letter-verdict")).to_have_text("It would pass now.")
    await page.keyboard.press("Escape")
    await expect(page.locator("#letter-dialog")).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(page.locator("#letter-verdict")).to_have_text("It would pass now.")
    await _tab_to(page, "#letter-redrive")
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm-question")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#letter-redrive")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm-yes")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(LETTERS)).to_have_count(3)
    await expect(page.locator("#dead-said")).to_be_focused()
    assert len(await shop.operator.queue.receive()) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_axe_finds_nothing(page: Page, shop: FakeShop, scheme: Any, width: int) -> None:
    """On the page, with a timeline, in the dialog of a letter, in a confirmation, and in the runbook."""
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 900})
    await shop.operator.stall(2)
    await open_letters(page, shop)
    await expect(page.locator("#stalled-list li")).to_have_count(2)
    await page.locator("#why-video").fill("7368211940557313")
    await page.locator("#why-video").press("Enter")
    await expect(page.locator("#why-timelines article")).to_be_visible()
    assert await axe.violations(page) == []
    await open_letter(page, "7368211940557311")
    assert await axe.violations(page, "#letter-dialog") == []
    await page.locator("#letter-redrive").click()
    await expect(page.locator("#confirm-question")).to_be_visible()
    assert await axe.violations(page, "#confirm") == []
    await page.goto(f"{shop.url}/runbook")
    assert await axe.violations(page) == []
