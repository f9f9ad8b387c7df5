"""The API's documentation: Swagger UI under the pages' own policy, and the address of each problem type."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from linkhub_adapters.http.api import openapi
from linkhub_adapters.http.api.problems import KINDS
from linkhub_adapters.realtime import asyncapi
from tests.browser.fake_shop import FakeShop

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_each_operation_is_drawn_under_the_policy(page: Page, shop: FakeShop, complaints: list[str]) -> None:
    """No inline script or style is refused, and nothing is loaded from another host."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{shop.url}/api/docs")
    paths = openapi.describe(asyncapi.openapi_paths())["paths"]
    await expect(page.locator(".opblock")).to_have_count(sum(map(len, paths.values())))
    await page.locator(".opblock-summary-control").first.click()
    await expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    assert complaints == []
    assert [url for url in asked if not url.startswith((shop.url, "data:"))] == []


async def test_the_address_of_a_problem_shows_it(page: Page, shop: FakeShop) -> None:
    """The last one, too, which is far below the operations."""
    await page.goto(f"{shop.url}/api/docs#{KINDS[-1].anchor}")
    await expect(page.locator(".opblock").first).to_be_attached()
    await expect(page.locator(f"#{KINDS[-1].anchor}")).to_be_in_viewport()
    await expect(page.locator(f"#{KINDS[-1].anchor}")).to_contain_text(KINDS[-1].title)
