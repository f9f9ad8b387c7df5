"""A product as the pages show it: the same rules as in the scripts, and no fault where a document has one."""

from decimal import Decimal
from typing import Any

import pytest

from linkhub_adapters.http.pages.product_view import ProductView, shop_name, size_list
from tests.browser.samples import SELLER, sample_product


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("S, M, L", ("S", "M", "L")),
        ("M / L / XL", ("M", "L", "XL")),
        ("S M L XL", ("S", "M", "L", "XL")),
        ("38 39 40.5", ("38", "39", "40.5")),
        ("S, S, M", ("S", "M")),
        ("One size fits all", ("One size fits all",)),
        ("38-42", ("38-42",)),
        ("  ", ()),
        ("", ()),
    ],
)
def test_sizes_are_a_list_only_where_the_text_is_one(text: str, sizes: tuple[str, ...]) -> None:
    """As `sizeList` of format.js has them: tests/browser/test_modules.py has the same table."""
    assert size_list(text) == sizes


@pytest.mark.parametrize(
    ("handle", "name"),
    [("nalu-fashion", "Nalu Fashion"), ("kampala.kicks", "Kampala Kicks"), ("a__b", "A B"), ("-", "-"), ("X9", "X9")],
)
def test_a_shop_has_a_name(handle: str, name: str) -> None:
    """Made of its handle."""
    assert shop_name(handle) == name


def test_a_product_is_read() -> None:
    """The primary thumbnail first, each picture once; tags without their sign; an exact price."""
    product = sample_product(25, price=19.9, tags=["#linen", "linen", " "], availability="sold_out")
    view = ProductView.of(SELLER, product)
    assert (view.title, view.price, view.is_sold_out, view.tags) == (
        "Tailored waistcoat",
        Decimal("19.9"),
        True,
        ("linen",),
    )
    assert view.pictures[0] == product["primary_thumbnail"]["thumbnail_url"]
    assert len(view.pictures) == 5


def test_scripts_get_what_they_read_and_no_more() -> None:
    """Scores, keys and boxes of detected objects are half of a document."""
    document = ProductView.of(SELLER, sample_product(3)).document
    assert document["thumbnails"][0].keys() == {"thumbnail_url", "frame_timestamp"}
    assert not {"confidence_score", "seller_handle"} & document.keys()


@pytest.mark.parametrize(
    ("video_id", "has_video"),
    [
        ("7368211940557000000", True),
        ("7" * 15, True),
        ("7" * 14, False),
        ("7" * 21, False),
        ("v7368211940557000000", False),
    ],
)
def test_only_an_id_of_tiktok_links_to_a_video(video_id: str, has_video: bool) -> None:
    """15 to 20 digits."""
    url = ProductView.of(SELLER, sample_product(1, video_id=video_id)).video_url
    assert url == (f"https://www.tiktok.com/@{SELLER}/video/{video_id}" if has_video else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 7, "price": "12", "tags": "x", "thumbnails": {}, "primary_thumbnail": [], "sizes": []},
        {"title": "\ud83d", "price": True, "tags": [None, {}], "processing_metadata": {"video_duration": "x"}},
        {"primary_thumbnail": {"thumbnail_url": "javascript:alert(1)"}, "thumbnails": [7], "raw_caption": None},
    ],
)
def test_what_is_wrong_is_left_out(changes: dict[str, Any]) -> None:
    """The product still has a title."""
    view = ProductView.of(SELLER, sample_product(1, **changes))
    assert view.title
    assert not any("javascript" in picture for picture in view.pictures)
