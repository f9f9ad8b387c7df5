"""Pages are always revalidated; their files are cached for a year under a name of their own."""

import re

import pytest
from httpx2 import AsyncClient
from starlette.exceptions import HTTPException
from starlette.requests import Request

from linkhub_adapters.http.pages.page_files import PageFiles
from linkhub_adapters.http.pages.page_routes import show_operator_page


async def released_address(client: AsyncClient) -> str:
    """The address of a style sheet as the storefront names it."""
    page = (await client.get("/shop/nalu-fashion")).text
    found = re.search(r'"(/assets/[0-9a-f]{16}/theme\.css)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("address", ["/shop/nalu-fashion", "/", "/api/docs"])
async def test_a_page_is_html_and_always_fresh(client: AsyncClient, address: str) -> None:
    """It may be cached, but must be revalidated, because it names its files."""
    answer = await client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text.startswith("<!doctype html>")
    again = await client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_any_shop_has_a_page(client: AsyncClient) -> None:
    """Also one without products: they may come while the page is open."""
    assert (await client.get("/shop/nobody_.-9")).status_code == 200


@pytest.mark.parametrize("handle", ["a b", "%00", "%FF", "a" * 65, "%F0%9F%91%97", "a%0A", "<script>", "a;b"])
async def test_a_handle_that_cannot_be_has_no_page(client: AsyncClient, handle: str) -> None:
    """It is a 404: no seller will ever have it."""
    answer = await client.get(f"/shop/{handle}")
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


async def test_a_released_asset_is_kept_for_a_year(client: AsyncClient) -> None:
    """Its address changes with its content."""
    answer = await client.get(await released_address(client))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_asset_of_another_release_is_not_kept(client: AsyncClient) -> None:
    """A page of a server that is older or newer gets what there is, and no cache keeps it under that name."""
    answer = await client.get("/assets/0123456789abcdef/theme.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


async def test_the_lasting_name_of_an_asset_is_revalidated(client: AsyncClient) -> None:
    """With the same content and tag as under the released name, and a 304 for who has it."""
    released = await client.get(await released_address(client))
    lasting = await client.get("/assets/theme.css")
    assert (lasting.content, lasting.headers["etag"]) == (released.content, released.headers["etag"])
    assert lasting.headers["cache-control"] == "no-cache"
    assert (
        await client.get("/assets/theme.css", headers={"If-None-Match": lasting.headers["etag"]})
    ).status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "README.md",
        "storefront.html",
        "__init__.py",
        "..%2Fapp.py",
        "..%5Capp.py",
        "%2E%2E/app.py",
        "....//app.py",
        "%00",
        "theme.css%00",
        "theme.css%0A",
        "THEME.CSS",
        "%2Fetc%2Fpasswd",
        "x/y/theme.css",
    ],
)
async def test_only_known_names_are_served(client: AsyncClient, name: str) -> None:
    """No name is ever taken for a path."""
    for address in (f"/assets/{name}", f"/assets/0123456789abcdef/{name}"):
        assert (await client.get(address)).status_code == 404


async def test_a_page_that_is_not_installed_is_a_404() -> None:
    """A package without its pages still serves the API."""
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    with pytest.raises(HTTPException) as raised:
        await show_operator_page(PageFiles(release="0", pages={}, assets={}), request)
    assert raised.value.status_code == 404
