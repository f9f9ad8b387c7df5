"""A product as an item, and an item as the JSON of readers: the bytes of the codec."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.aws.dynamodb.product_items import (
    OPTIONAL,
    product_from_item,
    product_item,
    product_key,
    product_key_of,
    stored_from_item,
)
from linkhub_core.model import Caption, ProductKey, ThumbnailSet
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import KEY, a_caption, a_record, a_thumbnail_set
from linkhub_core.testing.extremes import extreme_captions, extreme_thumbnail_sets
from linkhub_core.wire.codec import encode_product, stored_product


def test_other_services_find_each_field_under_its_name() -> None:
    """The fields of the product are top-level attributes; lists are lists of maps."""
    item = product_item(a_record(caption=a_caption(price=Decimal("49.99"), confidence_score=0.9)))
    assert list(item) == [
        "seller_handle",
        "video_id",
        "title",
        "price",
        "sizes",
        "tags",
        "confidence_score",
        "thumbnails",
        "primary_thumbnail",
        "processing_metadata",
        "created_at",
        "updated_at",
        "caption_version",
        "thumbnails_version",
        "revision",
        "unannounced_revision",
    ]
    assert item["price"] == {"N": "49.99"}
    assert item["thumbnails"]["L"][0]["M"]["is_primary"] == {"BOOL": True}
    assert item["created_at"] == {"S": "2026-01-15T12:00:00.000Z"}
    assert (item["revision"], item["unannounced_revision"]) == ({"N": "1"}, {"N": "1"})


def test_what_may_be_absent_is_absent() -> None:
    """A product without the optional fields has none of those attributes, not nulls."""
    item = product_item(a_record(unannounced_revision=None))
    assert not item.keys() & set(OPTIONAL)
    full = product_item(a_record(caption=a_caption(confidence_score=1, raw_caption="x")))
    assert full.keys() - item.keys() == set(OPTIONAL)


@pytest.mark.parametrize("due", [None, 1])
@pytest.mark.parametrize("shown", [True, False])
def test_shown_is_left_out_where_its_absence_says_the_same(*, shown: bool, due: int | None) -> None:
    """A new product is not larger for it, and the record comes back equal."""
    record = a_record(unannounced_revision=due, shown=shown)
    item = product_item(record)
    assert ("shown" in item) is (shown or due is None)
    assert product_from_item(item) == record


def test_the_key_is_part_of_the_item() -> None:
    """The key's attributes are those of the item, and name the product."""
    record = a_record()
    item, key = product_item(record), product_key(record.key)
    assert key.items() <= item.items()
    assert product_key_of(key) == record.key


@given(
    strategies.keys(),
    strategies.captions(),
    strategies.thumbnail_sets(),
    st.none() | st.integers(1, 10**6),
)
def test_a_product_survives(
    key: ProductKey, caption: Caption, thumbnails: ThumbnailSet, unannounced_revision: int | None
) -> None:
    """Every product that the codec accepts comes back equal."""
    record = a_record(key, caption=caption, thumbnails=thumbnails, unannounced_revision=unannounced_revision)
    assert product_from_item(product_item(record)) == record


@pytest.mark.parametrize(
    "broken",
    [
        {"title": {"N": "1"}},
        {"revision": {"S": "one"}},
        {"caption_version": {"S": "new"}},
        {"thumbnails": {"L": []}},
        {"created_at": {"S": "yesterday"}},
        {"tags": {"N": "1"}},
        {"revision": {"L": []}},
    ],
    ids=str,
)
def test_an_item_of_another_program_is_named(broken: dict[str, dict[str, object]]) -> None:
    """An item that is no product of linkhub's is an outcome with its key, whatever is wrong with it."""
    read = product_from_item(product_item(a_record()) | broken)
    assert isinstance(read, Unreadable)
    assert read.video_id == a_record().key.video_id


def test_an_item_without_a_version_is_unreadable() -> None:
    """A product that somebody else wrote lacks what linkhub keeps beside it."""
    item = product_item(a_record(key=ProductKey("other", "v-1"), thumbnails=a_thumbnail_set()))
    del item["caption_version"]
    problem = "the attribute 'caption_version' is missing"
    assert product_from_item(item) == Unreadable(seller_handle="other", video_id="v-1", problem=problem)


# --- ready JSON


@given(strategies.keys(), strategies.captions(), strategies.thumbnail_sets())
def test_an_item_reads_as_the_codec_writes(key: ProductKey, caption: Caption, thumbnails: ThumbnailSet) -> None:
    """Byte for byte, whatever the rules allow."""
    record = a_record(key, caption=caption, thumbnails=thumbnails)
    assert stored_from_item(product_item(record)) == stored_product(record)


def test_the_ends_of_the_rules_read_as_the_codec_writes() -> None:
    """Dear and cheap prices, the largest and the smallest numbers, odd texts."""
    for fields in [{"caption": caption} for caption in extreme_captions()] + [
        {"thumbnails": thumbnails} for thumbnails in extreme_thumbnail_sets()
    ]:
        record = a_record(**fields)
        assert stored_from_item(product_item(record)) == stored_product(record)


@pytest.mark.parametrize("price", ["1E+3", "1000.0", "0.10", "1E-6"])
def test_a_number_of_another_form_reads_as_its_rule_has_it(price: str) -> None:
    """Another program may write the same number with other digits."""
    item: dict[str, Any] = {**product_item(a_record()), "price": {"N": price}}
    plain = stored_from_item(product_item(a_record(caption=a_caption(price=Decimal(price)))))
    assert stored_from_item(item) == plain


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", None),
        ("title", {"N": "5"}),
        ("price", {"S": "dear"}),
        ("thumbnails", {"L": [{"S": "x"}]}),
        ("revision", {"S": "first"}),
    ],
)
def test_an_item_that_is_no_product_is_named(name: str, value: Any) -> None:
    """It is unreadable under its key; nothing is raised."""
    item = {**product_item(a_record()), name: value}
    read = stored_from_item({key: entry for key, entry in item.items() if entry is not None})
    assert isinstance(read, Unreadable)
    assert (read.seller_handle, read.video_id) == (KEY.seller_handle, KEY.video_id)
    assert read.problem


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        ("tags", {"SS": ["a"]}, ["a"]),
        ("primary_thumbnail", {"M": {}}, orjson.loads(encode_product(a_record()))["thumbnails"][0]),
        ("created_at", {"N": "1"}, "1970-01-01T00:00:01.000Z"),
    ],
)
def test_an_item_in_another_form_is_put_right(name: str, value: Any, becomes: Any) -> None:
    """As the intake puts right an event."""
    read = stored_from_item({**product_item(a_record()), name: value})
    assert isinstance(read, StoredProduct)
    assert orjson.loads(read.document)[name] == becomes
