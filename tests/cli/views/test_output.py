"""How results are printed."""

from datetime import timedelta
from decimal import Decimal

import pytest

from linkhub_cli.views.output import age_text, json_line, print_status, print_table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (61, "1m 1s"),
        (3_600, "1h"),
        (12_000, "3h 20m"),
        (90_061, "1d 1h"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    """An age reads in its two largest units."""
    assert age_text(timedelta(seconds=seconds)) == text


def test_json_keeps_prices_exact() -> None:
    """Numbers are written with all their digits, texts as they are."""
    assert json_line({"price": Decimal("30000.10"), "title": "👜"}) == '{"price":30000.10,"title":"👜"}'


def test_news_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of files and texts of senders are in it; lines stay lines."""
    print_status("one\x1b[2J\ntwo\u202e")
    assert capsys.readouterr().err == "one\\x1b[2J\ntwo\\u202e\n"


def test_tables_print_texts_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Text that looks like markup is printed as text, and no line is cut in a pipe."""
    long = "x" * 120
    print_table(["a", "b"], [("[red]not red[/]", long)], title="[b]head[/]")
    printed = capsys.readouterr().out
    for text in ("[b]head[/]", "[red]not red[/]", long):
        assert text in printed
