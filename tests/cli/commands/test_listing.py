"""``linkhub listing``, and what ``export`` and ``why`` show of it."""

import json

import pytest

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal

SELLER, VIDEO = CAPTION["seller_handle"], CAPTION["video_id"]


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """A terminal whose shop has one product."""
    terminal.publish(CAPTION, THUMBNAILS)
    terminal.consume()
    return terminal


def test_set_merges_and_clear_resets(shop: Terminal) -> None:
    """An option changes its field only; a newer caption changes none of them."""
    shop.run("listing", "set", SELLER, VIDEO, "--title", "Summer Heels", "--price", "12345678901.25")
    (listed,) = shop.lines("listing", "set", SELLER, VIDEO, "--sold-out", "--json")
    assert listed == {
        "seller_handle": SELLER,
        "video_id": VIDEO,
        "availability": "sold_out",
        "title": "Summer Heels",
        "price": 12345678901.25,
        "revision": 3,
    }
    shop.publish(CAPTION | {"title": "parsed again", "timestamp": "2026-02-01T00:00:00Z"})
    shop.consume()
    (product,) = shop.lines("export")
    assert (product["title"], product["price"], product["availability"]) == ("Summer Heels", 12345678901.25, "sold_out")
    shop.run("listing", "set", SELLER, VIDEO, "--parsed-price")
    assert shop.run("listing", "show", SELLER, VIDEO).stdout == f"{SELLER}/{VIDEO}: sold out, title Summer Heels\n"
    (cleared,) = shop.lines("listing", "clear", SELLER, VIDEO, "--json")
    assert (cleared["availability"], cleared["title"], cleared["price"]) == ("in_stock", None, None)
    (product,) = shop.lines("export")
    assert product["title"] == "parsed again"
    assert "availability" not in product


def test_a_withdrawn_product_is_not_exported(shop: Terminal) -> None:
    """It is shown by its key, ``why`` says why it is in no shop, and it comes back."""
    assert shop.run("listing", "set", SELLER, VIDEO, "--withdrawn").exit_code == 0
    assert shop.lines("export") == []
    assert shop.lines("listing", "show", SELLER, VIDEO, "--json")[0]["availability"] == "withdrawn"
    assert "its listing withdraws it" in shop.run("why", VIDEO).stdout
    (story,) = shop.lines("why", VIDEO, "--json")
    (listed,) = (one for one in story["timeline"] if one["what"] == "listed")
    assert listed["availability"] == "withdrawn"
    events = [one["event"] for one in story["timeline"] if one["what"] == "announced"]
    assert events == ["new_product", "product_removed"]
    again = shop.run("listing", "set", SELLER, VIDEO, "--withdrawn")
    assert (again.exit_code, again.stderr) == (0, "linkhub: the listing was so already\n")
    shop.run("listing", "set", SELLER, VIDEO, "--in-stock")
    assert [product["video_id"] for product in shop.lines("export")] == [VIDEO]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((SELLER, "unknown", "--sold-out"), 1, f"there is no product {SELLER}/unknown"),
        ((SELLER, VIDEO), 2, "Name at least one change"),
        ((SELLER, VIDEO, "--price", "45k"), 2, "--price: must be a number"),
        ((SELLER, VIDEO, "--price", "1", "--parsed-price"), 2, "exclude each other"),
        ((SELLER, "a/b", "--sold-out"), 2, "VIDEO_ID: may only hold characters"),
        (("a/b", VIDEO, "--sold-out"), 2, "seller"),
    ],
)
def test_mistakes(shop: Terminal, arguments: tuple[str, ...], code: int, words: str) -> None:
    """They are named, and nothing is changed."""
    result = shop.run("listing", "set", *arguments)
    assert (result.exit_code, words in result.stderr) == (code, True), result.output
    assert "availability" not in json.loads(shop.run("export").stdout)
