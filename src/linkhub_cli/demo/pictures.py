"""Pictures for the invented shops, drawn from the video's id."""

from __future__ import annotations

import zlib

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linkhub_cli.demo.sample_products import SHOPS

PICTURE_PATH = "/demo/thumbnails"
_SHOPS = {shop.seller_handle: shop for shop in SHOPS}

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 640">
<linearGradient id="g" x1="0" y1="0" x2="1" y2="1">
<stop stop-color="hsl({hue} 45% 72%)"/><stop offset="1" stop-color="hsl({next_hue} 50% 46%)"/>
</linearGradient>
<rect width="360" height="640" fill="url(#g)"/>
<circle cx="{x}" cy="{y}" r="150" fill="hsl({hue} 60% 88% / .45)"/>
<text x="180" y="350" font-size="150" text-anchor="middle">{sign}</text>
</svg>
"""


def picture_route() -> Route:
    """The route that serves the pictures."""
    return Route(PICTURE_PATH + "/{seller_handle}/{name}", _show)


async def _show(request: Request) -> Response:
    shop = _SHOPS.get(request.path_params["seller_handle"])
    if shop is None:
        raise HTTPException(404, "The demonstration has no such shop.")
    video_id, _, frame = request.path_params["name"].partition("_")
    look, step = zlib.crc32(video_id.encode()), zlib.crc32(frame.encode())
    picture = _SVG.format(
        hue=look % 360,
        next_hue=(look % 360 + 50) % 360,
        x=60 + step % 240,
        y=120 + step % 400,
        sign=shop.product_of(video_id).sign,
    )
    return Response(picture, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})
