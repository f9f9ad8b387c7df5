"""Templates escape what is filled in."""

from markupsafe import Markup

from linkhub_adapters.http.pages.markup_template import MarkupTemplate, joined


def test_a_value_is_escaped_and_markup_is_not() -> None:
    """In text and in attributes; braces of a value are no places."""
    template = MarkupTemplate('<b title="{text}">{text}{more}</b>')
    filled = template.fill(text="\"'<&>{more}", more=Markup("<i></i>"))
    escaped = "&#34;&#39;&lt;&amp;&gt;{more}"
    assert filled == f'<b title="{escaped}">{escaped}<i></i></b>'


def test_pieces_are_joined() -> None:
    """As they are."""
    assert joined([Markup("<a>"), Markup("<b>")], "\n") == Markup("<a>\n<b>")
