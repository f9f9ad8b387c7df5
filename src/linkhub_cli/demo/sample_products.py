"""What the invented shops sell: handles, titles in several scripts, prices, sizes, tags, and a sign for the picture."""

from __future__ import annotations

import zlib

from attrs import frozen


@frozen
class Ware:
    """One kind of thing: its caption, the range of its price (none: the seller does not say), and a sign for it."""

    title: str
    sign: str
    price_from: int | None
    price_to: int
    sizes: tuple[str, ...]
    tags: tuple[str, ...]


@frozen
class Shop:
    """A seller and what there is to buy."""

    seller_handle: str
    wares: tuple[Ware, ...]

    def ware_in(self, video_id: str) -> Ware:
        """What a video shows: the same for whoever asks, the workers and the picture."""
        return self.wares[zlib.crc32(video_id.encode()) % len(self.wares)]


_CLOTHES = ("S, M, L", "M, L, XL", "one size", "36-42")
_SHOES = ("37-41", "40-45", "28-34")
_NONE = ("",)

SHOPS = (
    Shop(
        "nalu-fashion",
        (
            Ware("Linen wrap dress", "👗", 45_000, 95_000, _CLOTHES, ("dress", "linen", "summer")),
            Ware("Vintage denim jacket ✨", "🧥", 60_000, 120_000, _CLOTHES, ("denim", "thrift")),
            Ware("Ankara two-piece set", "👚", 70_000, 150_000, _CLOTHES, ("ankara", "set")),
            Ware("Silk scarf, hand-rolled", "🧣", 15_000, 35_000, ("one size",), ("silk", "accessories")),
        ),
    ),
    Shop(
        "kampala.kicks",
        (
            Ware("Retro runners 🔥 restocked", "👟", 110_000, 240_000, _SHOES, ("sneakers", "retro")),
            Ware("Leather loafers", "👞", 90_000, 180_000, _SHOES, ("leather", "office")),
            Ware("Kids' football boots", "⚽", 50_000, 85_000, _SHOES, ("kids", "football")),
        ),
    ),
    Shop(
        "layali_boutique",
        (
            Ware("عباية مطرزة باليد", "🧕", 140_000, 320_000, _CLOTHES, ("عباية", "مناسبات")),
            Ware("حقيبة جلد طبيعي 👜", "👜", 90_000, 210_000, ("one size",), ("حقائب", "جلد")),
            Ware("שמלת ערב עם תחרה", "👗", 120_000, 260_000, _CLOTHES, ("שמלות",)),
        ),
    ),
    Shop(
        "glow-by-aisha",
        (
            Ware("Shea butter, whipped 🫶🏾", "🧴", 12_000, 25_000, ("250 ml", "500 ml"), ("skin", "natural")),
            Ware("Braiding hair, 5 packs", "💇🏾‍♀️", 30_000, 55_000, ("24 in", "30 in"), ("hair",)),
            Ware("Lip gloss <b>NEW</b> & shiny", "💄", 8_000, 15_000, _NONE, ("makeup", "gloss")),
        ),
    ),
    Shop(
        "mama_fresh",
        (
            Ware("Fresh mangoes, the sweet ones 🥭", "🥭", 5_000, 12_000, ("dozen", "basket"), ("fruit", "organic")),
            Ware("Rolex kit: eggs, chapati, veg", "🍳", 6_000, 9_000, _NONE, ("breakfast",)),
            Ware("Coffee from Mount Elgon", "☕", 18_000, 40_000, ("250 g", "1 kg"), ("coffee",)),
        ),
    ),
    Shop(
        "ntinda.homes",
        (
            Ware("3-bedroom house, quiet street 🏠", "🏠", None, 0, _NONE, ("rent", "ntinda")),
            Ware("Studio apartment with a view", "🏙️", 650_000, 1_200_000, _NONE, ("rent", "studio")),
        ),
    ),
)
