"""The operator's page: what it reads off a status, when it warns, and that old readings never pass for new ones."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from playwright.async_api import Page, expect

from linkhub_core.model import Kind
from tests.browser.fake_shop import FakeShop
from tests.browser.samples import NOW

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_COUNT_COLOURS = """(canvas) => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
}"""
_PAGES = Path(__file__).parents[2] / "src" / "linkhub_adapters" / "http" / "pages" / "files"
_NO_LETTERS: dict[str, Any] = {"total": 0, "unseen": 0, "newest_at": None, "is_read": True, "by_reason": []}


async def open_page(page: Page, shop: FakeShop) -> None:
    """Opens the page and waits until there are rates, which takes two answers."""
    await page.goto(shop.url)
    await expect(page.locator("#reading-events")).not_to_have_text("–")


async def test_busy_system_is_drawn(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """Rates, latency, staging, dead letters, shops, transports and nodes all show; nothing is complained of."""
    await open_page(page, shop)
    await expect(page.locator("#contact")).to_have_text("Live")
    await expect(page.locator("#reading-connections")).to_have_text(re.compile(r"^2,[89]\d\d$"))
    await expect(page.locator("#reading-p50")).to_contain_text("ms")
    await expect(page.locator("#chart-events .legend li")).to_have_count(6)
    assert await page.locator("#chart-events canvas").evaluate(_COUNT_COLOURS) > 6
    await expect(page.get_by_role("img", name="Time to announcement: ours, half")).to_be_visible()
    await expect(page.locator("#staging-ages .bar")).to_have_count(6)
    await expect(page.locator("#deviations .bar-name")).to_have_text(
        ["number_as_text", "primary_chosen", "missing_as_null"]
    )
    await expect(page.locator("#deviations .bar").nth(1).locator(".bar-count")).to_have_text("7")
    await expect(page.locator("#shops a").first).to_have_attribute("href", "/shop/nalu-fashion")
    await expect(page.locator("#nodes tr")).to_have_count(4)
    assert complaints == []


async def test_quiet_system_is_well(page: Page, shop: FakeShop) -> None:
    """Without findings the verdict is that all is well, and the empty list of dead letters says so."""
    await shop.operator.empty()
    await open_page(page, shop)
    await expect(page.locator("#verdict")).to_have_attribute("data-level", "good")
    await expect(page.locator("#verdict-title")).to_have_text("All is well")
    await expect(page.locator("#dead-empty")).to_have_text("None. Every message so far was understood.")


async def test_faults_are_named_the_worst_first(page: Page, shop: FakeShop) -> None:
    """The verdict names a draining node before expiring halves; the window's title does, too."""
    node = shop.operator.snapshot()["node"] | {"state": "draining"}
    staging = {"count": 1, "oldest_age_seconds": 86_000.0, "by_age": None, "expired_total": 0}
    shop.operator.overrides = {"dead_letters": _NO_LETTERS, "node": node, "staging": staging}
    await open_page(page, shop)
    await expect(page.locator("#findings li")).to_have_count(2)
    await expect(page.locator("#findings li").nth(0)).to_contain_text("Node node-a is draining")
    await expect(page.locator("#findings li").nth(1)).to_contain_text("about to expire")
    await expect(page).to_have_title("✕ Something is wrong · linkhub")


async def test_a_fresh_page_warns_of_dead_letters_until_they_are_seen(page: Page, shop: FakeShop) -> None:
    """The server keeps the moment: a reload agrees, and one more letter is a warning again."""
    shop.operator.admin_token = "let-me-in"
    await page.goto(f"{shop.url}/#token=let-me-in")
    await expect(page.locator("#findings")).to_contain_text("4 dead letters not seen yet, the newest")
    await expect(page.locator("#seen-text")).to_contain_text("Nothing was marked as seen yet")
    await page.get_by_role("button", name="Mark as seen").click()
    await expect(page.locator("#findings")).to_contain_text("4 dead letters kept, all of them seen")
    await page.reload()
    await expect(page.locator("#verdict-title")).to_have_text("All is well")
    await expect(page.locator("#seen-text")).to_contain_text("for everyone who uses this storage")
    await shop.operator.reject(Kind.CAPTION, "{}")
    await expect(page.locator("#findings")).to_contain_text("1 dead letter not seen yet")
    await expect(page.locator("#verdict")).to_have_attribute("data-level", "warn")


async def test_seen_without_a_token_names_the_setting(page: Page, shop: FakeShop) -> None:
    """Others see the moment, so moving it is a change."""
    await open_page(page, shop)
    await page.get_by_role("button", name="Mark as seen").click()
    await expect(page.locator("#seen-problem")).to_have_text("Set LINKHUB_ADMIN_TOKEN.")


async def test_a_restart_is_not_passed_over_in_silence(page: Page, shop: FakeShop) -> None:
    """What an ended process counted is gone: the page says from when it counts."""
    now = shop.operator.snapshot()
    shop.operator.overrides = {"node": now["node"] | {"started_at": now["timestamp"]}}
    shop.operator.advance(60)
    await open_page(page, shop)
    await expect(page.locator("#findings")).to_contain_text(
        "Messages given back and expired halves are counted from 18:30:00 UTC"
    )


async def test_messages_that_come_back_are_bad_while_they_do(page: Page, shop: FakeShop) -> None:
    """Those of the last hour that nobody has seen count: a while ago they are a warning, now they are bad."""
    shop.operator.live_an_hour()
    for place, sample in enumerate(shop.operator.history):
        sample["events"]["released"] = 0 if place < 100 else 7
    shop.operator.overrides = {"events": [{"kind": "any", "outcome": "released", "total": 7}]}
    await page.goto(shop.url)
    finding = page.locator("#findings li", has_text="given back since")
    await expect(finding).to_contain_text("7 messages given back since 17:30:01 UTC, none in the last 5 min")
    await expect(finding).to_have_attribute("data-level", "warn")
    shop.operator.overrides = {"events": [{"kind": "any", "outcome": "released", "total": 9}]}
    await expect(finding).to_contain_text("9 messages given back")
    await expect(page.locator("#verdict")).to_have_attribute("data-level", "bad")


async def test_halves_that_expired_are_a_warning_until_they_are_seen(page: Page, shop: FakeShop) -> None:
    """They are in no shop, so the verdict counts those of the last hour."""
    shop.operator.live_an_hour()
    now = shop.operator.snapshot()["events"]
    shop.operator.overrides = {"events": [one for one in now if one["outcome"] != "expired"]
                               + [{"kind": "caption", "outcome": "expired", "total": 3}]}  # fmt: skip
    await page.goto(shop.url)
    finding = page.locator("#findings li", has_text="3 halves expired since 17:30:01 UTC")
    await expect(finding).to_have_attribute("data-level", "warn")
    await shop.operator.desk.move_seen(shop.operator.clock.now() + timedelta(hours=1))
    await expect(finding).to_have_count(0)


async def test_charts_show_the_last_hour_after_a_reload(page: Page, shop: FakeShop) -> None:
    """From the server's history: the pointer at the left edge reads a moment of an hour ago."""
    shop.operator.live_an_hour()
    await open_page(page, shop)
    await page.locator("#chart-latency .u-over").hover(position={"x": 20, "y": 50})
    await expect(page.locator("#chart-latency .legend")).to_contain_text(re.compile(r"17:3\d:\d\d UTC"))
    await expect(page.locator("#chart-latency .legend")).to_contain_text(re.compile(r"ours, 99 % \d+ ms"))
    await expect(page.locator("#chart-screen .legend")).to_contain_text(re.compile(r"^half \d+ ms\s*99 % [\d.]+ s"))


async def test_only_our_own_time_is_judged(page: Page, shop: FakeShop) -> None:
    """Products that wait for their partner for half an hour are no finding; a second of our own is."""
    await shop.operator.empty()
    bounds = [0.5, 1, 2.5, 1_800, None]
    slow, quick = ([{"le": bound, "count": count} for bound, count in zip(bounds, counts, strict=True)]
                   for counts in ([0, 0, 0, 1, 1], [1, 1, 1, 1, 1]))  # fmt: skip
    none = [bucket | {"count": 0} for bucket in slow]
    zero = {"own_latency_seconds": {"buckets": none}, "partner_wait_seconds": {"buckets": none}}
    for own, partner, level in ((quick, slow, "good"), (slow, quick, "warn")):
        shop.operator.overrides = zero
        await open_page(page, shop)
        shop.operator.overrides = {
            "own_latency_seconds": {"buckets": own},
            "partner_wait_seconds": {"buckets": partner},
        }
        await expect(page.locator("#reading-p99")).not_to_have_text("–")
        await expect(page.locator("#verdict")).to_have_attribute("data-level", level)


async def test_each_problem_leads_to_its_entry_of_the_runbook(page: Page, shop: FakeShop) -> None:
    """Every entry that the verdict knows is a heading of the runbook, which the server shows."""
    await open_page(page, shop)
    await page.get_by_role("link", name="Show: 4 dead letters").click()
    await expect(page.locator("#dead-title")).to_be_focused()
    await page.get_by_role("link", name="What to do: 4 dead letters").click()
    await expect(page.locator("h3:target")).to_have_text("LinkhubEventsRejected")
    rules = (_PAGES / "verdict.js").read_text("utf-8")
    entries = re.findall(r'entry: "(.+?)"', rules)
    headings = await page.locator(":is(h2, h3)[id]").evaluate_all("all => all.map(({ id }) => id)")
    assert (len(entries), set(entries) - set(headings)) == (11, set())
    html = (_PAGES / "operator.html").read_text("utf-8")
    assert all(f'id="{place}" tabindex="-1"' in html for place in re.findall(r'place: "(.+?)"', rules))


async def test_no_deviation_is_nought(page: Page, shop: FakeShop) -> None:
    """Without deviations the panel says 0, which is not the same as unknown; of many rules ten show."""
    shop.operator.overrides = {"deviations": []}
    await open_page(page, shop)
    await expect(page.locator("#deviations-note")).to_have_text("0 so far")
    many = [{"rule": f"rule_{number}", "caption": 30 - number, "thumbnail": 1} for number in range(12)]
    shop.operator.overrides = {"deviations": many}
    await expect(page.locator("#deviations .bar")).to_have_count(10)
    await expect(page.locator("#deviation-facts")).to_contain_text("12")


async def test_lost_contact_fades_the_readings(page: Page, shop: FakeShop) -> None:
    """When answers stay out the page says since when and greys what is old; with the next answer it is itself again."""
    await open_page(page, shop)
    shop.operator.status = 503
    await expect(page.locator("#contact")).to_contain_text("Last answer", timeout=15_000)
    await expect(page.locator("#verdict-title")).to_have_text("linkhub answered 503")
    await expect(page.locator(".readings")).to_have_css("filter", "grayscale(1)")
    shop.operator.status = 200
    await expect(page.locator("#contact")).to_have_text("Live")
    await expect(page.locator(".readings")).to_have_css("filter", "none")


async def test_halves_that_wait_too_long_are_named_and_explained(
    page: Page, shop: FakeShop, complaints: list[str]
) -> None:
    """The oldest twenty, with the way to the shop and to the timeline; the times go on under the keyboard's focus."""
    await open_page(page, shop)
    await expect(page.locator("#stalled-empty")).to_have_text("None. No half has waited for 15 min.")
    await shop.operator.stall(22)
    await expect(page.locator("#findings")).to_contain_text(
        "22 halves have waited for more than 15 min. Missing: 14 thumbnails and 8 captions."
    )
    await expect(page.locator("#stalled-list li")).to_have_count(20)
    await expect(page.locator("#stalled-more")).to_have_text("And 2 more: linkhub staging list names all.")
    oldest = page.locator("#stalled-list li").first
    await expect(oldest).to_contain_text("caption missing, thumbnail there")
    await expect(oldest).to_contain_text(re.compile(r"waits for 23 h 4\d min, expires in (20|19) min"))
    await expect(oldest.get_by_role("link")).to_have_attribute("href", "/shop/nalu-fashion")
    why = oldest.get_by_role("button", name="Why 7368211940557400 of nalu-fashion waits")
    await why.focus()
    shop.operator.clock.advance(1_000)
    shop.operator.second += 1_000
    await expect(oldest).to_contain_text("expires in 3 min")
    await expect(why).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#why-timelines .state")).to_have_text("waiting")
    await expect(page.locator("#why-title")).to_be_focused()
    assert complaints == []


async def test_halves_are_read_on_demand_where_each_look_costs_money(page: Page, shop: FakeShop) -> None:
    """The answer is in the next status, with its time."""
    gauges = shop.operator.desk.gauges
    gauges.backend = attrs.evolve(gauges.backend, cheap_to_scan=False)
    await shop.operator.stall(1)
    await open_page(page, shop)
    await expect(page.locator("#stalled-note")).to_have_text("not known")
    await page.get_by_role("button", name="Read them from their table").click()
    await expect(page.locator("#stalled-list li")).to_have_count(1)
    shop.operator.second += 60
    await expect(page.locator("#stalled-note")).to_contain_text("1, the oldest first, as of 18:30:")


async def test_halves_that_an_operator_has_seen_are_no_warning(page: Page, shop: FakeShop) -> None:
    """They still wait, so they are a note; one that stalls later warns again."""
    await shop.operator.stall(2)
    operator = shop.operator.desk
    await operator.move_seen(shop.operator.clock.now())
    await open_page(page, shop)
    finding = page.locator("#findings li", has_text="2 halves have waited for more than 15 min, all of them seen")
    await expect(finding).to_have_attribute("data-level", "note")
    await operator.move_seen(NOW - timedelta(days=1))
    await expect(page.locator("#verdict")).to_have_attribute("data-level", "warn")


async def test_a_refused_host_name_is_explained(page: Page, shop: FakeShop) -> None:
    """Without a token a server on a loopback address answers only its own names; the page says where to look."""
    await open_page(page, shop)
    shop.operator.status = 403
    title = page.locator("#verdict-title")
    await expect(title).to_have_text(
        "linkhub refuses this host name: its log names the setting that allows it", timeout=15_000
    )


async def test_stopped_server_is_shown(page: Page, shop: FakeShop) -> None:
    """A server that cannot be reached is named so, not mistaken for a quiet one."""
    await open_page(page, shop)
    await shop.stop()
    await expect(page.locator("#verdict-title")).to_have_text("linkhub cannot be reached", timeout=15_000)


async def test_token_is_asked_for_and_kept_for_the_tab(page: Page, shop: FakeShop) -> None:
    """A 401 opens the gate, a wrong token is said to be wrong, the right one is used for as long as the tab lives."""
    shop.operator.admin_token = "let-me-in"
    await page.goto(shop.url)
    token = page.get_by_label("Admin token")
    await token.fill("guess")
    await token.press("Enter")
    await expect(page.locator("#gate-error")).to_have_text("That token was not accepted.")
    await page.wait_for_load_state("networkidle")
    await expect(page.locator("#gate-error")).to_have_text("That token was not accepted.")
    await token.fill("let-me-in")
    await token.press("Enter")
    await expect(page.locator("#contact")).to_have_text("Live")
    await page.reload()
    await expect(page.locator("#contact")).to_have_text("Live")
    await expect(page.locator("#gate")).to_be_hidden()
    assert await page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


async def test_unknown_parts_are_unknown_and_not_nought(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """A server that counts no events, and stores that tell nothing, leave dashes; the rest is drawn."""
    parts = (
        "events",
        "deviations",
        "products",
        "own_latency_seconds",
        "partner_wait_seconds",
        "on_screen_seconds",
        "seen",
        "queues",
        "staging",
        "stalled",
        "dead_letters",
        "realtime",
        "nodes",
    )
    shop.operator.overrides = dict.fromkeys(parts)
    await page.goto(shop.url)
    await expect(page.locator("#verdict-title")).to_have_text("All is well")
    await expect(page.locator("#readings b")).to_have_text(["–"] * 8)
    await expect(page.locator("#staging-note")).to_have_text("not known")
    await expect(page.locator("#stalled-empty")).to_contain_text("does not look for them by itself")
    await expect(page.locator("#deviations-note")).to_have_text("not known")
    assert complaints == []


async def test_pointer_reads_one_instant_on_all_charts(page: Page, shop: FakeShop) -> None:
    """Over one chart, every chart draws its line at that time, and the legends tell the time."""
    await open_page(page, shop)
    await page.locator("#chart-latency .u-over").hover()
    await expect(page.locator(".u-cursor-x:visible")).to_have_count(5)
    await expect(page.locator("#chart-queues .legend")).to_contain_text("UTC")


async def test_shop_is_opened_by_its_handle(page: Page, shop: FakeShop) -> None:
    """The field leads to any shop, also one without subscribers."""
    await open_page(page, shop)
    await page.get_by_label("Open a shop").fill("nalu-fashion")
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page.locator("h1")).to_have_text("Nalu Fashion")


async def test_all_shops_are_listed_when_they_are_asked_for(page: Page, shop: FakeShop) -> None:
    """Each with its address and its newest product."""
    await open_page(page, shop)
    await page.get_by_role("button", name="List all shops").click()
    await expect(page.locator("#shops-all li")).to_contain_text("26 shown, 1 withdrawn")
    await expect(page.locator("#shops-all a")).to_have_attribute("href", "/shop/nalu-fashion")
    await expect(page.get_by_role("link", name="API")).to_have_attribute("href", "/api/docs")


async def test_listing_is_changed_after_a_confirmation(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """The token of the address is used; "no" changes nothing, "yes" does; a change of another is not undone."""
    shop.operator.admin_token = "let-me-in"
    video_id = max(shop.products)
    await page.goto(f"{shop.url}/#token=let-me-in")
    await expect(page.locator("#contact")).to_have_text("Live")
    assert page.url == f"{shop.url}/"
    await page.get_by_label("Seller").fill("nalu-fashion")
    await page.get_by_label("Video").fill(video_id)
    await page.get_by_role("button", name="Look up").click()
    await expect(page.locator("#listing-availability")).to_have_text("in stock")
    for answer, availability in (("No", "in stock"), ("Yes", "withdrawn")):
        await page.get_by_role("button", name="Withdraw").click()
        await page.get_by_role("button", name=answer, exact=True).click()
        await expect(page.locator("#listing-availability")).to_have_text(availability)
    await expect(page.locator("#listing-note")).to_have_text("Saved.")
    assert shop.products[video_id]["availability"] == "withdrawn"
    shop.add(shop.products[video_id] | {"availability": "sold_out"})
    await page.get_by_role("button", name="In stock").click()
    await page.get_by_role("button", name="Yes", exact=True).click()
    await expect(page.locator("#listing-note")).to_contain_text("Someone else changed it")
    await expect(page.locator("#listing-availability")).to_have_text("sold out")
    assert shop.products[video_id]["availability"] == "sold_out"
    assert complaints == []


async def test_listing_without_a_token_names_the_setting(page: Page, shop: FakeShop) -> None:
    """A server without a token changes nothing; the panel shows its reason."""
    await open_page(page, shop)
    await page.get_by_label("Seller").fill("nalu-fashion")
    await page.get_by_label("Video").fill(max(shop.products))
    await page.get_by_role("button", name="Look up").click()
    await page.get_by_role("button", name="Sold out").click()
    await page.get_by_role("button", name="Yes", exact=True).click()
    await expect(page.locator("#listing-note")).to_have_text("Set LINKHUB_ADMIN_TOKEN.")
