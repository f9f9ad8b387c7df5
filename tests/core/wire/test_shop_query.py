"""The catalog: what readers may ask for, and where the next page starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey
from linkhub_core.testing.builders import KEY, NOON, a_key, a_stored
from linkhub_core.wire import shop_query as catalog
from linkhub_core.wire.shop_query import Page


@pytest.mark.parametrize(("raw", "limit"), [(None, 20), ("", 20), ("1", 1), ("50", 50), ("007", 7)])
def test_a_limit_is_from_1_to_50_and_20_by_default(raw: str | None, limit: int) -> None:
    """Both ends included."""
    assert catalog.parse_limit(raw) == limit


@pytest.mark.parametrize("raw", [" ", "0", "51", "-1", "+5", "5.0", "5 ", "١", "1e1", "twenty", "9" * 5000])
def test_any_other_limit_is_invalid(raw: str) -> None:
    """And the fault names the parameter."""
    with pytest.raises(InvalidQuery) as invalid:
        catalog.parse_limit(raw)
    assert invalid.value.parameter == "limit"


@pytest.mark.parametrize("raw", ["a", "nalu-fashion", "A.b_c-9", "s" * 64])
def test_a_seller_keeps_the_rule_of_its_handle(raw: str) -> None:
    """And comes back as it is."""
    assert catalog.parse_seller(raw) == raw


@pytest.mark.parametrize("raw", ["", "a b", "s" * 65, "a/b", "ü", "a\n", None, 5, ["a"]])
def test_any_other_seller_is_invalid(raw: object) -> None:
    """For any type that a message of a socket has."""
    with pytest.raises(InvalidQuery) as invalid:
        catalog.parse_seller(raw)
    assert invalid.value.parameter == "seller_handle"


@pytest.mark.parametrize(
    ("raw", "since"),
    [
        (None, None),
        ("", None),
        ("2026-01-15T12:00:00.000Z", NOON),
        ("2026-01-15T12:00:00", NOON),
        ("2026-01-15T15:00:00+03:00", NOON),
        ("2026-01-15T15:00:00 03:00", NOON),
        ("2026-01-15T15:00:00 0300", NOON),
        ("2026-01-15 12:00:00", NOON),
        ("2026-01-15T11:59:59.999999Z", NOON - timedelta(microseconds=1)),
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC)),
    ],
)
def test_since_is_a_moment_or_nothing(raw: str | None, since: datetime | None) -> None:
    """A plus that a query string turned into a blank is taken for a plus."""
    assert catalog.parse_since(raw) == since


@pytest.mark.parametrize("raw", ["yesterday", "2026-13-01", 1768478400, True, {}, "2026-01-15T12:00:00Z\0", "\ud800"])
def test_any_other_since_is_invalid(raw: object) -> None:
    """Text that is no moment, and what is no text."""
    with pytest.raises(InvalidQuery) as invalid:
        catalog.parse_since(raw)
    assert invalid.value.parameter == "since"


def test_the_next_since_lies_further_back_than_two_clocks_are_apart() -> None:
    """A product saved with a clock 2 s behind is later than it."""
    assert catalog.next_since(NOON) < NOON - timedelta(seconds=2)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_cursor_leads_back_however_often_it_was_encoded(times: int) -> None:
    """Decoded by a framework, as it was handed out, or encoded once more by a careful client."""
    cursor = '{"seller_handle":"nalu-fashion","video_id":"v_1"}'
    for _ in range(times):
        cursor = quote(cursor, safe="")
    assert catalog.decode_last_key(cursor, "nalu-fashion") == "v_1"
    assert catalog.decode_last_key(catalog.encode_last_key(KEY), KEY.seller_handle) == KEY.video_id


@pytest.mark.parametrize("raw", [None, ""])
def test_no_cursor_is_the_first_page(raw: str | None) -> None:
    """As is an empty one."""
    assert catalog.decode_last_key(raw, "a") is None


@pytest.mark.parametrize(
    "raw",
    [
        "v_1",
        "{",
        "[]",
        "null",
        "7",
        '"text"',
        "{}",
        '{"seller_handle":"a"}',
        '{"seller_handle":"a","video_id":7}',
        '{"seller_handle":"a","video_id":""}',
        '{"seller_handle":"a","video_id":"a b"}',
        '{"seller_handle":["a"],"video_id":"v"}',
        "%7B%22",
        "%",
        "%ff%fe",
        "\ud800",
        "\0",
        "[" * 100_000,
    ],
)
def test_any_other_cursor_is_invalid(raw: str) -> None:
    """Garbage is the reader's fault, never ours."""
    with pytest.raises(InvalidQuery) as invalid:
        catalog.decode_last_key(raw, "a")
    assert invalid.value.parameter == "lastKey"


def test_the_cursor_of_another_shop_is_invalid() -> None:
    """It says whose it is."""
    with pytest.raises(InvalidQuery, match="belongs to the shop 'b', not to 'a'"):
        catalog.decode_last_key(catalog.encode_last_key(ProductKey("b", "v")), "a")


def test_the_next_page_starts_after_the_last_product_if_there_is_more() -> None:
    """The last page, an empty one included, leads nowhere."""
    products = [a_stored(a_key(2)), a_stored(a_key(1))]
    assert Page(products=products, has_more=True).last_key == a_key(1)
    assert Page(products=products, has_more=False).last_key is None
    assert Page(products=[], has_more=False).last_key is None
