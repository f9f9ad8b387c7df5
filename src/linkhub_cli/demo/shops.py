"""The invented shops: products with titles in several scripts, and pictures that are drawn from a video's id."""

from __future__ import annotations

import zlib

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PICTURE_PATH = "/demo/thumbnails"
CURRENCY = "UGX"  # of the invented prices


@frozen
class SampleProduct:
    """A product: its caption, the range of its price (none: the seller does not name one), and an emoji."""

    title: str
    sign: str
    price_from: int | None
    price_to: int
    sizes: tuple[str, ...]
    tags: tuple[str, ...]


@frozen
class Shop:
    """A seller and its products."""

    seller_handle: str
    products: tuple[SampleProduct, ...]

    def product_of(self, video_id: str) -> SampleProduct:
        """The product of a video, the same for the workers and for the picture."""
        return self.products[zlib.crc32(video_id.encode()) % len(self.products)]


_CLOTHES = ("S, M, L", "M, L, XL", "one size", "36-42")
_SHOES = ("37-41", "40-45", "28-34")
_NONE = ("",)

SHOPS = (
    Shop(
        "nalu-fashion",
        (
            SampleProduct("Linen wrap dress", "👗", 45_000, 95_000, _CLOTHES, ("dress", "linen", "summer")),
            SampleProduct("Vintage denim jacket ✨", "🧥", 60_000, 120_000, _CLOTHES, ("denim", "thrift")),
            SampleProduct("Ankara two-piece set", "👚", 70_000, 150_000, _CLOTHES, ("ankara", "set")),
            SampleProduct("Silk scarf, hand-rolled", "🧣", 15_000, 35_000, ("one size",), ("silk", "accessories")),
        ),
    ),
    Shop(
        "kampala.kicks",
        (
            SampleProduct("Retro runners 🔥 restocked", "👟", 110_000, 240_000, _SHOES, ("sneakers", "retro")),
            SampleProduct("Leather loafers", "👞", 90_000, 180_000, _SHOES, ("leather", "office")),
            SampleProduct("Kids' football boots", "⚽", 50_000, 85_000, _SHOES, ("kids", "football")),
        ),
    ),
    Shop(
        "layali_boutique",
        (
            SampleProduct("عباية مطرزة باليد", "🧕", 140_000, 320_000, _CLOTHES, ("عباية", "مناسبات")),
            SampleProduct("حقيبة جلد طبيعي 👜", "👜", 90_000, 210_000, ("one size",), ("حقائب", "جلد")),
            SampleProduct("שמלת ערב עם תחרה", "👗", 120_000, 260_000, _CLOTHES, ("שמלות",)),
        ),
    ),
    Shop(
        "glow-by-aisha",
        (
            SampleProduct("Shea butter, whipped 🫶🏾", "🧴", 12_000, 25_000, ("250 ml", "500 ml"), ("skin", "natural")),
            SampleProduct("Braiding hair, 5 packs", "💇🏾‍♀️", 30_000, 55_000, ("24 in", "30 in"), ("hair",)),
            SampleProduct("Lip gloss <b>NEW</b> & shiny", "💄", 8_000, 15_000, _NONE, ("makeup", "gloss")),
        ),
    ),
    Shop(
        "mama_fresh",
        (
            SampleProduct("Fresh, sweet mangoes 🥭", "🥭", 5_000, 12_000, ("dozen", "basket"), ("fruit", "organic")),
            SampleProduct("Rolex kit: eggs, chapati, veg", "🍳", 6_000, 9_000, _NONE, ("breakfast",)),
            SampleProduct("Coffee from Mount Elgon", "☕", 18_000, 40_000, ("250 g", "1 kg"), ("coffee",)),
        ),
    ),
    Shop(
        "ntinda.homes",
        (
            SampleProduct("3-bedroom house, quiet street 🏠", "🏠", None, 0, _NONE, ("rent", "ntinda")),
            SampleProduct("Studio apartment with a view", "🏙️", 650_000, 1_200_000, _NONE, ("rent", "studio")),
        ),
    ),
)

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
