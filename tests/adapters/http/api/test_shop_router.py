"""The short way to first pages and the way through the table of routes give the same answers.

Each request is sent as a client sends it, which takes the short way, and with a parameter that nothing reads, which
goes through the table.
"""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response

from linkhub_adapters.http import HttpSettings
from linkhub_core.access import AccessPolicy
from linkhub_core.errors import ServiceUnavailable
from tests.adapters.http.http_fixture import HANDLE, PRODUCTS, BrokenProductStore, HttpFixture, product

ORIGIN = "https://shop.example"
SETTINGS = HttpSettings(access=AccessPolicy(origins=[ORIGIN]))


async def _listener(error: Exception | None = None) -> HttpFixture:
    store = {} if error is None else {"store": BrokenProductStore(error=error)}
    fixture = HttpFixture(settings=SETTINGS, **store)  # type: ignore[arg-type]  # one of its parts
    await fixture.save(*(product(number) for number in range(25)))
    return fixture


async def _both_ways(fixture: HttpFixture, method: str, path: str, headers: dict[str, str]) -> list[Response]:
    joint = "&" if "?" in path else "?"
    async with fixture.client() as client:
        return [await client.request(method, way, headers=headers) for way in (path, f"{path}{joint}unread=1")]


def _seen(answer: Response) -> tuple[Any, ...]:
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("origin", [None, ORIGIN, "https://evil.example"])
@pytest.mark.parametrize(
    "path",
    [PRODUCTS, f"/shop/{HANDLE}", "/shop/..", f"{PRODUCTS}?limit=7", f"{PRODUCTS}?limit=0", f"{PRODUCTS}?limit=99"],
)
async def test_both_ways_answer_alike(method: str, origin: str | None, path: str) -> None:
    """Status, body and each header: those of security and of CORS, the tag, the media type."""
    headers = {} if origin is None else {"origin": origin}
    short, table = await _both_ways(await _listener(), method, path, headers)
    assert _seen(short) == _seen(table)
    assert short.headers["x-content-type-options"] == "nosniff"
    assert short.headers.get("access-control-allow-origin") == (origin if origin == ORIGIN else None)


@pytest.mark.parametrize("tags", ["*", '"other"', "the page's", "the page's, weak"])
async def test_both_ways_know_what_the_client_has(tags: str) -> None:
    """A 304 with the same headers and no body."""
    fixture = await _listener()
    async with fixture.client() as client:
        etag = (await client.get(PRODUCTS)).headers["etag"]
    sent = {"the page's": etag, "the page's, weak": f'"x", W/{etag}'}.get(tags, tags)
    short, table = await _both_ways(fixture, "GET", PRODUCTS, {"if-none-match": sent, "origin": ORIGIN})
    assert _seen(short) == _seen(table)
    assert short.status_code == (200 if tags == '"other"' else 304)


@pytest.mark.parametrize(
    ("error", "status"), [(ServiceUnavailable("products", "away"), 503), (RuntimeError("unforeseen"), 500)]
)
async def test_both_ways_fail_alike(error: Exception, status: int) -> None:
    """The same problem, with CORS and security headers, and each failure is reported once."""
    fixture = await _listener(error)
    short, table = await _both_ways(fixture, "GET", PRODUCTS, {"origin": ORIGIN})
    assert _seen(short) == _seen(table)
    assert short.status_code == status
    assert short.headers["access-control-allow-origin"] == ORIGIN
    assert short.headers["content-type"] == "application/problem+json"
    assert [(failure.path, failure.status) for failure in fixture.failures] == [(PRODUCTS, status)] * 2


@pytest.mark.parametrize("handle", [".", "..", "a%2Fb", "a b", "x" * 65, "%C3%A9", "", f"{HANDLE}/"])
async def test_a_handle_that_is_none_is_refused_alike(handle: str) -> None:
    """By the table: the short way takes only what it knows at a glance."""
    short, table = await _both_ways(await _listener(), "GET", f"/api/v1/shop/{handle}/products", {})
    assert _seen(short) == _seen(table)
