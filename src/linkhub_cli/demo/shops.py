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
    """A product: its title, drawing, and the range of its price (none: the seller does not name one)."""

    title: str
    drawing: str
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


# Paths of SVG, 100 by 100: a picture needs no font.
_DRESS = "M36 8l6 10h16l6-10 8 6-8 26 20 50H16l20-50-8-26Z"
_JACKET = "M34 10h32l22 14 4 50H80V40l-4 52H54V26h-8v66H24L20 40v34H8l4-50Z"
_SHIRT = "M34 14q16 14 32 0l26 16-10 20-12-6v42H30V44l-12 6L8 30Z"
_SCARF = "M24 12q26 14 52 0l8 20q-14 12-28 12l8 46H44l-4-44q-14 0-24-14Z"
_SHOE = "M10 32q14 10 26 0l24 22q28 2 30 16v12H10ZM10 78h80v8H10Z"
_LOAFER = "M12 38q20 8 34-4l18 18q24 4 26 22H12ZM12 78h30v10H12Zm36 0h42v6H48Z"
_BALL = "M50 8a42 42 0 1 0 .1 0ZM50 32l18 13-7 21H39l-7-21Z"
_ROBE = "M38 10a12 14 0 0 1 24 0l4 16 22 66H12l22-66Zm12 22-3 60h6Z"
_BAG = "M16 38h68l8 52H8ZM32 38v-8a18 18 0 0 1 36 0v8h-8v-8a10 10 0 0 0-20 0v8Z"
_BOTTLE = "M40 6h20v12h-4v8q18 6 18 24v42H26V50q0-18 18-24v-8h-4ZM34 56v18h32V56Z"
_COMB = "M12 20h76v18h-6v44h-8V38h-8v44h-8V38h-8v44h-8V38h-8v44h-8V38h-8v44h-8V38Z"
_LIPSTICK = "M38 40V20l24-12v32ZM34 44h32v14H34ZM30 62h40v30H30Z"
_FRUIT = "M52 18q6-12 20-10-4 12-16 14 32 2 32 34 0 36-34 36-42 0-42-34 0-30 40-40Z"
_PAN = "M38 24a32 32 0 1 0 .1 0Zm0 16a16 16 0 1 1-.1 0ZM64 40l30-24 4 8-28 26Z"
_CUP = "M14 30h58v8h8q12 0 12 14t-14 14h-8q-6 18-27 18-29 0-29-32Zm58 16v12h5q7 0 7-6t-6-6ZM14 88h58v6H14Z"
_HOUSE = "M50 8l42 36h-8v46H58V62H42v28H16V44H8Z"
_TOWERS = "M10 92V40h24v52Zm28 0V10h28v82Zm32 0V30h20v62ZM16 48v8h12v-8Zm28-28v8h16v-8Zm0 20v8h16v-8Zm32 0v8h8v-8Z"

_CLOTHES = ("S, M, L", "M, L, XL", "one size", "36-42")
_SHOES = ("37-41", "40-45", "28-34")
_NONE = ("",)

SHOPS = (
    Shop(
        "nalu-fashion",
        (
            SampleProduct("Linen wrap dress", _DRESS, 45_000, 95_000, _CLOTHES, ("dress", "linen", "summer")),
            SampleProduct("Vintage denim jacket ✨", _JACKET, 60_000, 120_000, _CLOTHES, ("denim", "thrift")),
            SampleProduct("Ankara two-piece set", _SHIRT, 70_000, 150_000, _CLOTHES, ("ankara", "set")),
            SampleProduct("Silk scarf, hand-rolled", _SCARF, 15_000, 35_000, ("one size",), ("silk", "accessories")),
        ),
    ),
    Shop(
        "kampala.kicks",
        (
            SampleProduct("Retro runners 🔥 restocked", _SHOE, 110_000, 240_000, _SHOES, ("sneakers", "retro")),
            SampleProduct("Leather loafers", _LOAFER, 90_000, 180_000, _SHOES, ("leather", "office")),
            SampleProduct("Kids' football boots", _BALL, 50_000, 85_000, _SHOES, ("kids", "football")),
        ),
    ),
    Shop(
        "layali_boutique",
        (
            SampleProduct("عباية مطرزة باليد", _ROBE, 140_000, 320_000, _CLOTHES, ("عباية", "مناسبات")),
            SampleProduct("حقيبة جلد طبيعي 👜", _BAG, 90_000, 210_000, ("one size",), ("حقائب", "جلد")),
            SampleProduct("שמלת ערב עם תחרה", _DRESS, 120_000, 260_000, _CLOTHES, ("שמלות",)),
        ),
    ),
    Shop(
        "glow-by-aisha",
        (
            SampleProduct(
                "Shea butter, whipped 🫶🏾", _BOTTLE, 12_000, 25_000, ("250 ml", "500 ml"), ("skin", "natural")
            ),
            SampleProduct("Braiding hair, 5 packs", _COMB, 30_000, 55_000, ("24 in", "30 in"), ("hair",)),
            SampleProduct("Lip gloss <b>NEW</b> & shiny", _LIPSTICK, 8_000, 15_000, _NONE, ("makeup", "gloss")),
        ),
    ),
    Shop(
        "mama_fresh",
        (
            SampleProduct("Fresh, sweet mangoes 🥭", _FRUIT, 5_000, 12_000, ("dozen", "basket"), ("fruit", "organic")),
            SampleProduct("Rolex kit: eggs, chapati, veg", _PAN, 6_000, 9_000, _NONE, ("breakfast",)),
            SampleProduct("Coffee from Mount Elgon", _CUP, 18_000, 40_000, ("250 g", "1 kg"), ("coffee",)),
        ),
    ),
    Shop(
        "ntinda.homes",
        (
            SampleProduct("3-bedroom house, quiet street 🏠", _HOUSE, None, 0, _NONE, ("rent", "ntinda")),
            SampleProduct("Studio apartment with a view", _TOWERS, 650_000, 1_200_000, _NONE, ("rent", "studio")),
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
<path transform="translate(80 220) scale(2)" fill="#fff" fill-opacity=".9" fill-rule="evenodd" d="{drawing}"/>
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
        drawing=shop.product_of(video_id).drawing,
    )
    return Response(picture, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})
