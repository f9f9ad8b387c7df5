"""Cursors as text: opaque to clients, read back by stores, and in order where their positions are numbers."""

from __future__ import annotations

import pytest

from linkhub_core.errors import InvalidQuery
from linkhub_core.wire.cursor import Cursor, encode_cursor, parse_cursor


def at(position: object, seller_handle: str = "nalu-fashion") -> Cursor:
    """A cursor."""
    return Cursor(store="s", seller_handle=seller_handle, position=str(position))


@pytest.mark.parametrize("position", ["0", "42", "1768478400000~1768478405000~7301", "x"])
def test_a_cursor_is_read_back(position: str) -> None:
    """It is URL-safe."""
    text = encode_cursor(at(position))
    assert parse_cursor(text, "nalu-fashion") == at(position)
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "raw", ["garbage", 7, "=", "a" * 401, encode_cursor(at(1)) + "AAAA", encode_cursor(at(1, "b"))]
)
def test_what_is_no_cursor_of_the_shop_is_invalid(raw: object) -> None:
    """The parameter is named."""
    with pytest.raises(InvalidQuery) as invalid:
        parse_cursor(raw, "nalu-fashion")
    assert invalid.value.parameter == "cursor"


@pytest.mark.parametrize("raw", [None, ""])
def test_an_absent_cursor_is_none(raw: str | None) -> None:
    """An empty one counts as absent."""
    assert parse_cursor(raw, "nalu-fashion") is None


def test_positions_that_begin_with_numbers_have_an_order() -> None:
    """Numbers alone by their size; a change of a stamped store after the position that is its stamp alone."""
    positions = ["x", "9", "10", "10~11~a", "10~11~b", "11"]
    assert sorted(positions, key=lambda position: at(position).order) == positions
    assert [position for position in positions if at(position).is_number] == ["9", "10", "11"]


@pytest.mark.parametrize("position", ["00", "05", "0" * 19 + "5", "9" * 19])
def test_a_number_that_no_store_wrote_so_has_no_place_among_others(position: str) -> None:
    """Else the read that it shares would begin elsewhere than its order says, and others would miss changes."""
    assert not at(position).is_number
