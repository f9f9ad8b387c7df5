"""The pages' pure modules, called in the browser: formats, what is newer, rates and quantiles."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.fake_shop import FakeShop
from tests.browser.samples import sample_product

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_DAY_SECONDS = 86_400


async def call(page: Page, shop: FakeShop, module: str, body: str, argument: Any = None) -> Any:
    """Imports a module in the page and evaluates the body of a function of `m` (the module) and `x` (the argument)."""
    await page.goto(f"{shop.url}/assets/favicon.svg")
    script = f"async (x) => {{ const m = await import('/assets/{module}'); {body} }}"
    return await page.evaluate(script, argument)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("S, M, L", ["S", "M", "L"]),
        ("M / L / XL", ["M", "L", "XL"]),
        ("S M L XL", ["S", "M", "L", "XL"]),
        ("38 39 40.5", ["38", "39", "40.5"]),
        ("S, S, M", ["S", "M"]),
        ("One size fits all", ["One size fits all"]),
        ("38-42", ["38-42"]),
        ("  ", []),
        ("", []),
    ],
)
async def test_sizes_parse_only_when_they_are_a_list(page: Page, shop: FakeShop, text: str, sizes: list[str]) -> None:
    """Separators make a list, blanks only between things that look like sizes; the rest stays one text."""
    assert await call(page, shop, "format.js", "return m.sizeList(x)", text) == sizes


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://cdn.example.com/a.jpg", "https://cdn.example.com/a.jpg"),
        ("HTTP://cdn.example.com/a.jpg", "http://cdn.example.com/a.jpg"),
        ("javascript:alert(1)", None),
        (" java\nscript:alert(1)", None),
        ("data:image/svg+xml,<svg/>", None),
        ("//cdn.example.com/a.jpg", None),
        ("/a.jpg", None),
        (7, None),
        (None, None),
    ],
)
async def test_only_web_addresses_pass(page: Page, shop: FakeShop, text: object, url: str | None) -> None:
    """Absolute http and https addresses pass, whatever else is written there does not."""
    assert await call(page, shop, "format.js", "return m.webUrl(x)", text) == url


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-60, "just now"),
        (9, "just now"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (3_600, "1 hour ago"),
        (_DAY_SECONDS, "yesterday"),
        (40 * _DAY_SECONDS, "last month"),
        (800 * _DAY_SECONDS, "2 years ago"),
    ],
)
async def test_age_reads_as_a_person_says_it(page: Page, shop: FakeShop, seconds: int, text: str) -> None:
    """The greatest whole unit; a clock that is ahead gives no negative ages."""
    body = "return m.ageText('2026-05-14T12:00:00Z', Date.parse('2026-05-14T12:00:00Z') + x * 1000)"
    assert await call(page, shop, "format.js", body, seconds) == text


@pytest.mark.parametrize(
    ("title", "mark"),
    [
        ("Ankara dress 🌅", "🌅"),
        ("kids 🧒🏾 set", "🧒🏾"),
        ("linen two-piece", "LT"),
        ("№ 7", "7"),
        ("!!!", "◦"),
        ("فستان", "ف"),
    ],
)
async def test_monogram_is_an_emoji_or_initials(page: Page, shop: FakeShop, title: str, mark: str) -> None:
    """Whole graphemes, never half of one; something is drawn for every title."""
    assert await call(page, shop, "format.js", "return m.monogram(x).text", title) == mark


async def test_catalog_takes_what_is_newer_and_nothing_else(page: Page, shop: FakeShop) -> None:
    """The revision decides; without one `updated_at` does, and an equal one teaches the revision.

    A product that was deleted and saved again is taken, whatever its clock.
    """
    old = sample_product(1)
    later = old | {"updated_at": "2030-01-01T00:00:00.000Z"}
    again = old | {"created_at": "2001-01-01T00:00:00.000Z", "updated_at": "2001-01-01T00:00:00.000Z"}
    offers = [
        (old, None, "added"),
        (old, None, "stale"),
        (old, 1, "stale"),
        (later, 1, "stale"),
        (later, 2, "replaced"),
        (later, 2, "stale"),
        (old, 1, "stale"),
        (again, 1, "replaced"),
        (again, 1, "stale"),
    ]
    body = "const c = new m.Catalog(); return x.map(([p, r]) => c.offer(m.readProduct(p), r))"
    outcomes = await call(page, shop, "catalog.js", body, [[product, revision] for product, revision, _ in offers])
    assert outcomes == [outcome for _, _, outcome in offers]


@pytest.mark.parametrize("raw", [None, {}, {"video_id": 7}, [], "x"])
async def test_what_is_no_product_is_not_shown(page: Page, shop: FakeShop, raw: object) -> None:
    """JSON without a video id is no product."""
    assert await call(page, shop, "catalog.js", "return m.readProduct(x)", raw) is None


async def test_product_of_wrong_types_is_shown_as_far_as_it_goes(page: Page, shop: FakeShop) -> None:
    """Fields of wrong types are left out; the product still has a title and one (empty) picture."""
    raw = {"video_id": "v", "title": 7, "price": "12", "tags": "x", "thumbnails": {}, "sizes": []}
    product = await call(page, shop, "catalog.js", "return m.readProduct(x)", raw)
    assert (product["title"], product["price"], product["tags"]) == ("Untitled", None, [])
    assert len(product["thumbnails"]) == 1


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 0.75), (0.25, 0.5), (0.9, 2.0), (1.0, 2.0)])
async def test_quantile_lies_within_its_bucket(page: Page, shop: FakeShop, share: float, seconds: float) -> None:
    """By straight line within a bucket; of the last, unbounded bucket it gives the lower bound."""
    histogram = [[0.5, 1, 2, None], [1, 3, 3, 4]]
    assert await call(page, shop, "rates.js", f"return m.quantile(...x, {share})", histogram) == seconds


async def test_history_is_fine_for_five_minutes_and_coarse_for_an_hour(page: Page, shop: FakeShop) -> None:
    """Samples of the server's history have rates, too; what is older than an hour goes."""
    samples = [
        {
            "at": f"2026-05-14T11:{minute:02}:{second}0.000Z",
            "run": "a",
            "events": {"saved": 60 * minute},
            "created": 600 * minute + 100 * second,
        }
        for minute in range(60)
        for second in range(6)
    ]
    statuses = []
    for second in range(400):
        at = f"2026-05-14T12:{second // 60:02}:{second % 60:02}.000Z"
        statuses.append(shop.operator.snapshot() | {"timestamp": at})
    body = (
        "const h = new m.History(); h.load({latency_bounds_seconds: [1, null], samples: x.samples});"
        "const rate = h.samples.at(-1).created; x.statuses.forEach((s) => h.push(s));"
        "return [rate, h.samples.length, h.samples[0].atMs, h.samples.at(-1).atMs]"
    )
    rate, count, first_ms, last_ms = await call(
        page, shop, "rates.js", body, {"samples": samples, "statuses": statuses}
    )
    assert (rate, last_ms - first_ms <= 3_600_000) == (10, True)
    assert count <= 301 + 331


async def test_a_status_right_after_the_history_draws_no_dip(page: Page, shop: FakeShop) -> None:
    """A rate over less than a second would be nought or a peak: it reaches back to a sample of the history."""
    samples = [{"at": f"2026-05-14T11:00:{second}.000Z", "run": "", "created": 10 * second} for second in (10, 20, 30)]
    status = shop.operator.snapshot() | {"timestamp": "2026-05-14T11:00:30.300Z", "products": {"created_total": 300}}
    body = (
        "const h = new m.History(); x.samples.forEach((s) => { s.run = m.countersOf(x.status).run; });"
        "h.load({latency_bounds_seconds: [], samples: x.samples}); return h.push(x.status).created"
    )
    rate = await call(page, shop, "rates.js", body, {"samples": samples, "status": status})
    assert round(rate, 1) == 9.7


async def test_the_axis_of_a_server_that_just_started_is_short(page: Page, shop: FakeShop) -> None:
    """On an axis of an hour its first minutes would be a hairline."""
    lengths = await call(page, shop, "time-chart.js", "return x.map((ms) => m.axisMinutes(ms)[0])",
                         [0, 299_000, 301_000, 1_000_000, 2_000_000, 3_600_000, 9_999_999])  # fmt: skip
    assert lengths == [5, 5, 15, 30, 60, 60, 60]


async def test_lines_of_a_json_text_are_found_by_path(page: Page, shop: FakeShop) -> None:
    """In any spelling of names and any layout, in a text that is not sound as well; else the line around it."""
    text = (
        '{"videoId": "a:{",\n "thumbnails": [\n  {"thumbnail_url": 1},\n  {"frameIndex":\n 2}\n ],\n "tags": ["x", tr'
    )
    paths = [
        "video_id",
        "thumbnails[0].thumbnail_url",
        "thumbnails[1].frame_index",
        "tags[1]",
        "thumbnails[7].x",
        "no",
        "",
    ]
    body = "const lines = m.linesByPath(x[0]); return x[1].map((path) => m.lineOf(lines, path))"
    assert await call(page, shop, "json-lines.js", body, [text, paths]) == [0, 2, 3, 6, 1, 0, 0]


async def test_restart_gives_no_negative_rates(page: Page, shop: FakeShop) -> None:
    """A counter that fell means that the node restarted: one sample without rates, then rates again."""
    shop.operator.second = 0
    statuses = []
    for second, total in ((0, 1000), (1, 1010), (2, 5), (3, 25)):
        products = {"created_total": total, "revised_total": 0}
        statuses.append(shop.operator.snapshot() | {"timestamp": f"2026-05-14T12:00:0{second}Z", "products": products})
    body = "const h = new m.History(); return x.map((s) => h.push(s).created)"
    assert await call(page, shop, "rates.js", body, statuses) == [None, 10, None, 20]


async def test_clock_set_back_never_draws_back_through_time(page: Page, shop: FakeShop) -> None:
    """Samples stay in order of time whatever the server's clock does."""
    statuses = [
        shop.operator.snapshot() | {"timestamp": f"2026-05-14T12:00:{second:02}Z"} for second in (10, 11, 9, 10)
    ]
    body = (
        "const h = new m.History(); x.forEach((s) => h.push(s)); return h.samples.map(({ atMs }) => atMs / 1000 % 60)"
    )
    assert await call(page, shop, "rates.js", body, statuses) == [9, 10]
