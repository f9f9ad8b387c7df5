"""The runbook as a page of the server."""

from __future__ import annotations

from httpx2 import AsyncClient

from linkhub_adapters.http.pages.runbook import render


def test_headings_have_the_anchors_of_the_site() -> None:
    """In lower case, with hyphens, without punctuation."""
    assert render("### A command finds nothing, or prints nothing") == (
        '<h3 id="a-command-finds-nothing-or-prints-nothing">A command finds nothing, or prints nothing</h3>\n'
    )


def test_links_to_pages_that_a_server_does_not_have_are_text() -> None:
    """Those within the runbook stay."""
    html = render("[Health](#health), [the guide](guide/operator.md), [a site](https://example.com).")
    assert html == ('<p><a href="#health">Health</a>, the guide, <a href="https://example.com">a site</a>.</p>\n')


def test_html_is_text() -> None:
    """The policy of the pages would refuse a script, and a style."""
    assert "<script>" not in render("<script>alert(1)</script>")


async def test_it_is_shown(client: AsyncClient) -> None:
    """With an entry for each alert, and none of its links leads nowhere."""
    answer = await client.get("/runbook")
    assert answer.headers["content-type"].startswith("text/html")
    assert 'id="linkhubdeadletters"' in answer.text
    assert ".md" not in answer.text.partition("<main>")[2]
