"""HTML in which plain text stays text."""

from linkhub_adapters.http.pages.api_docs.markup import Markup, element, prose


def test_text_is_escaped_and_elements_are_not() -> None:
    """Only what was made as an element is markup."""
    assert element("p", "a < b & c", element("b", "<i>")) == "<p>a &lt; b &amp; c<b>&lt;i&gt;</b></p>"


def test_attributes_are_escaped() -> None:
    """A quote cannot end one; names lose the underscore that Python needs."""
    written = element("a", "x", class_="y", href='"><script>', aria_label="z")
    assert written == '<a class="y" href="&quot;&gt;&lt;script&gt;" aria-label="z">x</a>'


def test_code_stands_between_backticks() -> None:
    """And is escaped like the words around it; a lone backtick stays."""
    assert prose("send `<since>` & `") == "send <code>&lt;since&gt;</code> &amp; `"
    assert isinstance(prose("x"), Markup)
