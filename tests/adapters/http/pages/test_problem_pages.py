"""A problem is a page for a browser, and a document for everything else."""

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http.pages.problem_pages import prefers_html

_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (_BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8; q=0.5, application/json;q=0.1", True),
        ("text/html; level=1", True),
        ("", False),
        ("*/*", False),
        ("application/json, text/plain, */*", False),
        ("application/problem+json, text/html;q=0.9", False),
        ("application/json, text/html", False),
        ("text/html;q=0", False),
        ("text/html; charset=utf-8; q=0.3, application/json;q=0.4", False),
        ("text/html;q=0.8.1, \x00,,;q=;", True),
        ("a," * 500 + "text/html", False),
    ],
)
def test_html_must_be_preferred(accept: str, is_page: bool) -> None:
    """By its quality; a client that names neither gets JSON."""
    assert prefers_html(accept) is is_page


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("HEAD", "/nothing", 404), ("GET", "/shop/%3Cb%3E", 404), ("GET", "/assets/none.js", 404),
    ("POST", "/shop/nalu-fashion", 405), ("GET", "/shop/nalu-fashion?lastKey=x", 400),
])  # fmt: skip
async def test_a_browser_gets_a_page(client: AsyncClient, method: str, path: str, status: int) -> None:
    """With the words and the headers of the problem; hostile text in it stays text."""
    page = await client.request(method, path, headers={"accept": _BROWSER})
    document = await client.request(method, path)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert document.headers["content-type"] == "application/problem+json"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers.get("allow") == document.headers.get("allow")
    assert "Accept," in page.headers["vary"] + ","
    assert page.headers["vary"] == document.headers["vary"]
    if method != "HEAD":
        assert f"<h1>{document.json()['title']}</h1>" in page.text
        assert "<b>" not in page.text


async def test_the_api_answers_with_problems(client: AsyncClient) -> None:
    """Also a browser."""
    answer = await client.get("/api/v1/nothing", headers={"accept": _BROWSER})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
