"""``linkhub export``."""

import json
import sqlite3
from contextlib import closing

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal


def _two_shops(terminal: Terminal) -> None:
    for seller, video in (("nalu", "2"), ("boda.parts", "9"), ("nalu", "10")):
        key = {"seller_handle": seller, "video_id": video}
        terminal.publish(CAPTION | key, THUMBNAILS | key)
    terminal.consume()


def test_products_in_key_order(terminal: Terminal) -> None:
    """By seller, then by video, as texts; every field of the product is there."""
    _two_shops(terminal)
    products = terminal.lines("export")
    assert [(one["seller_handle"], one["video_id"]) for one in products] == [
        ("boda.parts", "9"),
        ("nalu", "10"),
        ("nalu", "2"),
    ]
    assert list(products[0]) == [
        "seller_handle", "video_id", "title", "price", "sizes", "tags", "thumbnails", "primary_thumbnail",
        "processing_metadata", "created_at", "updated_at",
    ]  # fmt: skip


def test_one_shop(terminal: Terminal) -> None:
    """--seller leaves the others out; an unknown one has no products."""
    _two_shops(terminal)
    assert [one["video_id"] for one in terminal.lines("export", "--seller", "nalu")] == ["10", "2"]
    assert terminal.lines("export", "--seller", "unknown") == []


def test_an_impossible_seller(terminal: Terminal) -> None:
    """A handle outside its alphabet is a mistake."""
    result = terminal.run("export", "--seller", "a b")
    assert result.exit_code == 2
    assert result.stderr.startswith("linkhub: seller_handle: ")


def test_a_product_that_cannot_be_read_is_named_and_delays_no_other(terminal: Terminal) -> None:
    """All others are printed, ``why`` knows the row, and a script learns of it by the exit code."""
    _two_shops(terminal)
    with closing(sqlite3.connect(terminal.directory / "data" / "linkhub.sqlite3", isolation_level=None)) as file:
        file.execute("UPDATE products SET caption_version = 'x' WHERE seller_handle = 'boda.parts'")
    result = terminal.run("export")
    assert result.exit_code == 1
    assert [json.loads(line)["video_id"] for line in result.stdout.splitlines()] == ["10", "2"]
    assert "a product cannot be read: boda.parts/9" in result.stderr
    assert "'x' is no version" in result.stderr
    (story,) = terminal.lines("why", "9", "--json")
    assert (story["state"], "'x' is no version" in story["because"]) == ("unreadable", True)
