"""Cursors and parameters: whatever a reader sends is read or named as invalid."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import BrowseShop
from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import a_key, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire import shop_query as catalog

SCRAPS = st.sampled_from(
    ["{", "}", '"seller_handle"', ":", '"a"', ",", '"video_id"', "%7B", "%22", "%", "%f", "\ud800", "+"]
)
ANYTHING = st.text(st.characters()) | st.lists(SCRAPS | st.text(max_size=3), max_size=12).map("".join)
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)


@given(strategies.keys(), st.integers(0, 2))
def test_a_cursor_leads_back_to_its_key(key: ProductKey, times: int) -> None:
    """As it was handed out, decoded once by a framework, or encoded once more by a client."""
    cursor = catalog.encode_last_key(key)
    assert catalog.decode_last_key(cursor, key.seller_handle) == key.video_id
    document = json.dumps({"seller_handle": key.seller_handle, "video_id": key.video_id})
    for _ in range(times):
        document = quote(document, safe="")
    assert catalog.decode_last_key(document, key.seller_handle) == key.video_id


@given(
    ANYTHING | st.builds(lambda s, v: json.dumps({"seller_handle": s, "video_id": v}), VALUES, VALUES), st.booleans()
)
def test_any_cursor_is_read_or_invalid(raw: str, encoded: bool) -> None:
    """Nothing else is raised, and what is read is of this shop."""
    try:
        before = catalog.decode_last_key(quote(raw, errors="replace") if encoded else raw, "a")
    except InvalidQuery as invalid:
        assert invalid.parameter == "lastKey"  # noqa: PT017  either end is right
    else:
        assert before is None or ProductKey("a", before).video_id == before


@given(ANYTHING, ANYTHING | VALUES, ANYTHING | VALUES)
def test_any_parameter_is_read_or_invalid(limit: str, since: Any, seller: Any) -> None:
    """Nothing else is raised."""
    for parse, raw in ((catalog.parse_limit, limit), (catalog.parse_since, since), (catalog.parse_seller, seller)):
        try:
            parse(raw)
        except InvalidQuery as invalid:
            assert str(invalid)  # noqa: PT017  either end is right


@given(st.sets(st.integers(0, 60), max_size=30), st.integers(1, 50))
async def test_pages_show_every_product_once_whatever_their_size(numbers: set[int], limit: int) -> None:
    """From the newest to the oldest."""
    rows = {a_key(number): a_record(a_key(number)) for number in numbers}
    shop = BrowseShop(products=MemoryProductStore(rows), clock=FakeClock())
    seen: list[ProductKey] = []
    cursor: str | None = None
    for _ in range(len(numbers) + 1):
        page = (await shop.page(a_key().seller_handle, limit=str(limit), last_key=cursor)).page
        seen += [record.key for record in page.products]
        cursor = catalog.encode_last_key(page.last_key) if page.last_key else None
        if cursor is None:
            break
    assert seen == sorted(rows, reverse=True)
