"""Products of a believable shop, in the shape that REST and the events use. Data only, and how a row becomes one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

SELLER = "nalu-fashion"
NOW = datetime(2026, 5, 14, 18, 30, tzinfo=UTC)

_FIRST_VIDEO_ID = 7_368_211_940_557_000_000

# title, price, sizes, tags, caption
_ROWS: tuple[tuple[str, float | None, str | None, list[str], str], ...] = (
    ("Ankara wrap dress, sunset print 🌅", 185000, "S, M, L, XL", ["ankara", "dress", "newdrop"],
     "Sunset in a dress 🌅 Full wrap, deep pockets, lined.\nDM to hold yours. Delivery in Kampala same day."),
    ("Linen two-piece, sage", 240000, "S, M, L", ["linen", "set", "officewear"],
     "Breathes all day. Trousers sit high, shirt can be worn open. Sage, sand and white."),
    ("Crochet beach bag", 65000, None, ["bags", "handmade"], "Made by Aunt Prossy, two days each. No two alike."),
    ("Satin slip skirt — champagne", 95000, "XS, S, M, L", ["skirt", "satin", "officewear"],
     "Bias cut, falls like water. Wear it with a tee or dress it up."),
    ("Oversized denim jacket", 150000, "One size", ["denim", "unisex", "thrift"], "Heavy cotton, washed twice."),
    ("Kitenge bomber, reversible 🔥", 210000, "M / L / XL / XXL", ["kitenge", "unisex", "newdrop"],
     "One jacket, two moods. Kitenge outside, black inside. Only 12 made."),
    ("Block-heel sandals, tan", 120000, "36, 37, 38, 39, 40, 41", ["shoes", "heels"], "7 cm and you can run in them."),
    ("Gomesi for Saturday 👑", None, "Made to measure", ["gomesi", "occasion"],
     "Every one is sewn to you. Send your measurements, we answer within the hour."),
    ("Ribbed lounge set", 78000, "S M L XL", ["set", "lounge"], "Soft like Sunday."),
    ("Beaded statement earrings", 25000, None, ["jewellery", "handmade"], "Featherlight, promise."),
    ("Pleated palazzo trousers", 88000, "S, M, L, XL, XXL", ["trousers", "officewear"], "No ironing. Ever."),
    ("فستان سهرة مطرز باللون الأزرق", 320000, "38, 40, 42, 44", ["dress", "occasion", "abaya"],
     "فستان سهرة بتطريز يدوي وقماش فاخر. التوصيل متاح."),
    ("Kids' Ankara set, 2-8 years 🧒🏾", 55000, "2Y, 4Y, 6Y, 8Y", ["kids", "ankara", "set"], "Match with mum."),
    ("Corset top, ivory", 72000, "XS, S, M", ["tops", "occasion"], "Boned, laced, and still comfortable."),
    ("Maxi shirt dress, cobalt", 165000, "M, L, XL", ["dress", "cotton", "officewear"], "Pockets. Obviously."),
    ("Raffia sun hat", 40000, None, ["handmade", "summer"], "Folds flat for the boda."),
    ("Velvet blazer, emerald 💚", 275000, "S, M, L", ["blazer", "occasion", "velvet"], "Lined in silk."),
    ("Vintage football shirt", 60000, "L", ["thrift", "unisex"], "1998. One piece only."),
    ("Silk headscarf, 90 × 90", 35000, None, ["silk", "accessories"], "Hand-rolled edges."),
    ("Cargo skirt, khaki", 82000, "S, M, L", ["skirt", "denim", "newdrop"], "Six pockets and room to dance."),
    ("Knitted cardigan, oat", 99000, "S, M, L", ["knit", "lounge"], "For the rainy season ☔"),
    ("Busuuti sash, gold thread", 45000, None, ["gomesi", "occasion"], "The last touch."),
    ("Two-tone sneakers", 145000, "38, 39, 40, 41, 42, 43", ["shoes", "unisex"], "Half sizes on request."),
    ("Halter jumpsuit, rust", 132000, "S, M, L, XL", ["jumpsuit", "linen"], "One zip and you are out the door."),
    ("Beach kimono, hibiscus 🌺", 70000, "One size", ["summer", "handmade"], "Over a swimsuit or over jeans."),
    ("Tailored waistcoat", 110000, "S, M, L, XL", ["officewear", "linen"], "Wear it alone. Trust us."),
)  # fmt: skip


def sample_products(count: int = len(_ROWS), *, now: datetime = NOW) -> list[dict[str, Any]]:
    """The shop's products, newest first."""
    return [sample_product(number, now=now) for number in reversed(range(count))]


def sample_product(number: int, *, now: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """Product `number` (0 is the oldest): one of the rows above, first seen some minutes after the one before.

    Args:
        number: how manieth video of the shop; any number from 0, rows repeat.
        now: the moment of which product 25 is 40 minutes old.
        **changes: fields that are to be different, by their wire names.
    """
    title, price, sizes, tags, caption = _ROWS[number % len(_ROWS)]
    created_at = _iso(now - timedelta(minutes=40) + timedelta(minutes=47) * (number - 25))
    video_id = str(_FIRST_VIDEO_ID + number * 31_415_926)
    thumbnails = [_thumbnail(video_id, index) for index in range(5)]
    product = {
        "seller_handle": SELLER,
        "video_id": video_id,
        "title": title,
        "price": price,
        "sizes": sizes,
        "tags": tags,
        "thumbnails": thumbnails,
        "primary_thumbnail": next(thumbnail for thumbnail in thumbnails if thumbnail["is_primary"]),
        "confidence_score": 0.94,
        "raw_caption": caption,
        "processing_metadata": {
            "video_duration": 11 + int(_digest(video_id)[:2], 16) % 40,
            "frames_analyzed": 48,
            "thumbnails_generated": 5,
            "processing_time_ms": 2140,
        },
        "created_at": created_at,
        "updated_at": created_at,
    }
    return product | changes


def hostile_product(number: int) -> dict[str, Any]:
    """A product whose every text tries to be markup, and whose pictures try to be scripts."""
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    bad_thumbnail = _thumbnail("x", 0) | {"thumbnail_url": "javascript:document.title='owned'"}
    return sample_product(
        number,
        title=f"{attack} {{{{7*7}}}} ${{alert(1)}}",
        sizes="<b>S</b>, <i onclick=alert(1)>M</i>",
        tags=[attack, '"><svg onload=alert(1)>'],
        raw_caption=attack + "\u202e" + "A" * 4000,
        thumbnails=[bad_thumbnail],
        primary_thumbnail=bad_thumbnail,
    )


def _thumbnail(video_id: str, index: int) -> dict[str, Any]:
    return {
        "thumbnail_url": f"https://cdn.example.com/{video_id}/{index}.jpg",
        "thumbnail_s3_key": f"thumbnails/{video_id}/{index}.jpg",
        "frame_timestamp": round(1.4 + index * 2.6, 1),
        "frame_index": 42 + index * 78,
        "confidence_score": 0.91,
        "quality_score": 0.88,
        "is_primary": index == 1,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
