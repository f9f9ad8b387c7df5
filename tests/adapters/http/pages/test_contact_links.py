"""Contacts: for all shops or for one, with the product filled in."""

import pytest

from linkhub_adapters.http.pages.contact_links import ContactLinks, is_whatsapp, split_entries
from linkhub_core.model.rules import RuleBroken


def test_a_product_is_filled_in_percent_encoded() -> None:
    """No character of a title can end the parameter that it is in."""
    links = ContactLinks.parse(["https://wa.me/256?text=Is%20{title}%20there?%20{seller}/{video_id}"])
    link = links.link("nalu", "v_1", 'Dress & "more" #1 👗\n\u202e{seller}')
    filled = "Dress%20%26%20%22more%22%20%231%20%F0%9F%91%97%20%7Bseller%7D"
    assert link == f"https://wa.me/256?text=Is%20{filled}%20there?%20nalu/v_1"


def test_a_long_title_is_cut() -> None:
    """WhatsApp takes no address of 20 kB."""
    assert len(ContactLinks.parse(["https://a.example/{title}"]).link("s", "v", "x" * 2_000) or "") < 250


def test_one_shop_has_its_own() -> None:
    """The others have that for all, or none."""
    links = ContactLinks.parse(["https://all.example/", "nalu=https://nalu.example/{video_id}"])
    assert [links.link(shop, "7", "t") for shop in ("nalu", "x")] == ["https://nalu.example/7", "https://all.example/"]
    assert ContactLinks.parse(["nalu=https://nalu.example"]).link("x", "7", "t") is None


@pytest.mark.parametrize(
    ("address", "template"),
    [
        ("https://wa.me/256", "https://wa.me/256?text={title}"),
        ("https://api.whatsapp.com/send?phone=256", "https://api.whatsapp.com/send?phone=256&text={title}"),
        ("https://wa.me/256?text=Hi", "https://wa.me/256?text=Hi"),
        ("https://shop.example/ask", "https://shop.example/ask"),
    ],
)
def test_a_chat_without_a_text_gets_the_title(address: str, template: str) -> None:
    """Of WhatsApp only: what another address means is not known."""
    assert ContactLinks.parse([address]).template("x") == template


def test_a_text_is_split_where_the_next_entry_begins() -> None:
    """Commas and spaces are between entries; a comma within an address stays."""
    text = "https://a.example/?q=1,2, nalu=https://b.example/ kicks=https://c.example,"
    assert split_entries(text) == ("https://a.example/?q=1,2", "nalu=https://b.example/", "kicks=https://c.example")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("http://wa.me/256", "must be https"),
        ("javascript:alert(1)", "must be https"),
        ("https://{seller}.example/", "must be https"),
        ("https://user@a.example/", "must be https"),
        ("https://a.example/ü", "percent-encoded"),
        ('https://a.example/">', None),
        ("https://a.example/{name}", "no other braces"),
        ("https://a.example/{title", "no other braces"),
        ("a b=https://a.example", "must be https"),
    ],
)
def test_what_is_no_template_is_refused(entry: str, problem: str | None) -> None:
    """A text may have quotes, which a page escapes; other schemes, hosts with places and unknown places it may not."""
    if problem is None:
        assert ContactLinks.parse([entry]).templates
        return
    with pytest.raises(RuleBroken, match=problem):
        ContactLinks.parse([entry])


def test_a_shop_has_one_contact() -> None:
    """Two would make it a matter of order."""
    with pytest.raises(RuleBroken, match="two addresses for nalu"):
        ContactLinks.parse(["nalu=https://a.example", "nalu=https://b.example"])


def test_whatsapp_is_known_by_its_host() -> None:
    """Not by a word in the address."""
    assert is_whatsapp("https://wa.me/256")
    assert not is_whatsapp("https://a.example/wa.me")
