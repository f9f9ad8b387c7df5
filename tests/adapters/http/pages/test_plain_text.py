"""Texts for titles, attributes and XML: no character that would break them."""

import pytest

from linkhub_adapters.http.pages.plain_text import one_line, printable


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1b", "\x7f", "\x85", "\ud800", "\ufffe", "\ufdd0"])
def test_what_xml_does_not_allow_is_replaced(bad: str) -> None:
    """Controls, lone surrogates and non-characters; tabs and line ends stay."""
    assert printable(f"a{bad}\tb\n") == "a\ufffd\tb\n"


def test_a_line_has_no_breaks_and_turns_nothing_around() -> None:
    """White space is one space, controls of direction are gone, letters of each script stay."""
    assert one_line(" a\n\tb\u202e c\u2066\u200f فستان ", 50) == "a b c فستان"


def test_a_long_line_is_cut() -> None:
    """At the limit, with an ellipsis."""
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcd efg", 6) == "abcd…"
