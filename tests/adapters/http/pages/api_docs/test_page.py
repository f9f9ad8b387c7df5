"""The documentation's page: everything that the document says, and nothing from elsewhere."""

import itertools
import re
from html.parser import HTMLParser

from httpx import AsyncClient

from linkhub_adapters.http.api.openapi import describe
from linkhub_adapters.http.pages.api_docs import render

VOID = {"meta", "link", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in its turn; keeps ids, links and resources."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_is_whole() -> None:
    """Every element is closed, no id stands twice, every link within the page leads somewhere."""
    reader = read(render(describe()))
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No script at all; style sheets and links are this server's."""
    reader = read(render(describe()))
    assert not {"script", "style", "iframe", "img"} & set(reader.names)
    assert all(link.startswith(("/", "#")) for link in reader.links)


def test_every_operation_schema_and_parameter_is_there() -> None:
    """By its anchor or its name."""
    document = describe()
    page = render(document)
    ids = set(read(page).ids)
    assert {operation["operationId"] for item in document["paths"].values() for operation in item.values()} <= ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= ids
    for parameter in document["components"]["parameters"].values():
        assert f"<code>{parameter['name']}</code>" in page


def test_headings_do_not_jump() -> None:
    """One first heading, and none more than a level below the one before: a screen reader's table of contents."""
    levels = [int(level) for level in re.findall(r"<h([1-6])", render(describe()))]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_texts_cannot_break_out() -> None:
    """What comes from a description is text."""
    item = {"get": {"operationId": "x", "tags": ["Products"], "summary": "<script>alert(1)</script>", "responses": {}}}
    assert "<script>" not in render(describe({"/x": item}))


async def test_its_style_sheets_exist(client: AsyncClient) -> None:
    """Both its own and the one that it shares with the pages."""
    page = (await client.get("/api/docs")).text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
    assert len(sheets) == 2
    for sheet in sheets:
        answer = await client.get(sheet)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
