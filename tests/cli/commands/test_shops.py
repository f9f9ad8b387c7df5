"""``linkhub shops``."""

import json

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal


def _fill(terminal: Terminal, *shops: tuple[str, str]) -> None:
    for seller, video in shops:
        key = {"seller_handle": seller, "video_id": video}
        terminal.publish(CAPTION | key, THUMBNAILS | key)
    terminal.consume()


def test_a_line_for_each_shop(terminal: Terminal) -> None:
    """With its counts and its newest product; withdrawn ones apart."""
    _fill(terminal, ("nalu", "1"), ("boda.parts", "9"), ("nalu", "2"))
    terminal.run("listing", "set", "nalu", "2", "--withdrawn")
    boda, nalu = terminal.lines("shops", "--json")
    assert (boda["seller_handle"], boda["products"], boda["withdrawn"]) == ("boda.parts", 1, 0)
    assert (nalu["seller_handle"], nalu["products"], nalu["withdrawn"]) == ("nalu", 1, 1)
    assert (nalu["newest_product"]["video_id"], nalu["newest_product"]["title"]) == ("1", CAPTION["title"])
    table = terminal.run("shops").stdout.splitlines()
    assert table[0].split() == ["seller", "products", "withdrawn", "newest", "updated", "title"]
    assert table[2].split()[:4] == ["nalu", "1", "1", "1"]


def test_page_by_page(terminal: Terminal) -> None:
    """``--limit`` says where the rest begins, ``--after`` begins there; all pages together are all shops."""
    _fill(terminal, ("a", "1"), ("b", "1"), ("c", "1"))
    first = terminal.run("shops", "--json", "--limit", "2")
    assert [json.loads(line)["seller_handle"] for line in first.stdout.splitlines()] == ["a", "b"]
    assert "linkhub: more shops follow: --after b" in first.stderr
    rest = terminal.run("shops", "--json", "--limit", "2", "--after", "b")
    assert [json.loads(line)["seller_handle"] for line in rest.stdout.splitlines()] == ["c"]
    assert rest.stderr == ""


def test_more_than_the_command_reads_at_once(terminal: Terminal) -> None:
    """Every shop is there once."""
    handles = [f"shop-{number:03d}" for number in range(101)]
    terminal.publish(*({**half, "seller_handle": handle} for handle in handles for half in (CAPTION, THUMBNAILS)))
    terminal.consume()
    assert [shop["seller_handle"] for shop in terminal.lines("shops", "--json")] == handles


def test_an_impossible_place(terminal: Terminal) -> None:
    """A handle outside its alphabet is a mistake."""
    result = terminal.run("shops", "--after", "a b")
    assert result.exit_code == 2
    assert result.stderr.startswith("linkhub: seller_handle: ")
