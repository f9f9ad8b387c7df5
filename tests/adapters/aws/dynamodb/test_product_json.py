"""Items as the JSON of readers: the bytes of the codec for whatever the model may hold, and a name for the rest."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from linkhub_adapters.aws.dynamodb.product_items import product_item
from linkhub_adapters.aws.dynamodb.product_json import stored_from_item
from linkhub_core.model import Caption, ProductKey, ThumbnailSet
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import KEY, a_caption, a_record
from linkhub_core.testing.extremes import extreme_captions, extreme_thumbnail_sets
from linkhub_core.wire.codec import encode_product, stored_product


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
    plain = stored_from_item(product_item(a_record(caption=a_caption(price=_price(price)))))
    assert stored_from_item(item) == plain


def _price(digits: str) -> Any:
    from decimal import Decimal  # noqa: PLC0415  only here

    return a_caption(price=Decimal(digits)).price


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
