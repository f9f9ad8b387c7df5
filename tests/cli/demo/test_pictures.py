"""The pictures of the demonstration: drawn, not fetched."""

from xml.etree import ElementTree as ET

import httpx2
from starlette.applications import Starlette

from linkhub_cli.demo.shops import PICTURE_PATH, SHOPS, picture_route


async def _get(path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(Starlette(routes=[picture_route()]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://demo") as client:
        return await client.get(f"{PICTURE_PATH}/{path}")


async def test_shows_what_the_video_sells() -> None:
    """A picture is sound SVG: the product's drawing, no text, which would need a font; two frames of a video differ."""
    shop = SHOPS[0]
    first, second = await _get(f"{shop.seller_handle}/7301_0.svg"), await _get(f"{shop.seller_handle}/7301_1.svg")
    assert first.headers["content-type"] == "image/svg+xml"
    drawn = ET.fromstring(first.text)  # noqa: S314  our own picture
    assert shop.product_of("7301").drawing in {element.get("d") for element in drawn.iter()}
    assert "".join(drawn.itertext()).strip() == ""
    assert first.text != second.text


async def test_no_such_shop() -> None:
    """Only the invented shops have pictures."""
    assert (await _get("unknown/7301_0.svg")).status_code == 404
