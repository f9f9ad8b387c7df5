"""Characters that SQS and SNS refuse are found before a message is sent, or escaped."""

import json

import pytest

from linkhub_adapters.aws.sqs.xml_text import fault_of, json_as_text, json_from_text, value_as_text


@pytest.mark.parametrize("body", ["a", "\t\n\r", "é☃😀", "\ud7ff\ue000\ufffd"])
def test_text_that_can_be_sent_has_no_fault(body: str) -> None:
    """The whole alphabet of XML 1.0 is let through, its borders included."""
    assert fault_of(body) is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "an empty message cannot be sent"),
        ("ab\x00", "character U+0000 at position 2 cannot be sent"),
        ("\x0b", "character U+000B at position 0 cannot be sent"),
        ("a\ud800", "character U+D800 at position 1 cannot be sent"),
        ("\ufffe", "character U+FFFE at position 0 cannot be sent"),
        ("\uffff", "character U+FFFF at position 0 cannot be sent"),
    ],
)
def test_text_that_cannot_be_sent_is_named(body: str, problem: str) -> None:
    """The fault says which character, and where."""
    assert fault_of(body) == problem


def test_json_keeps_its_meaning_without_the_characters() -> None:
    """A refused character is escaped, and the document has the same value."""
    document = json.dumps({"title": "a\uffffb\ufffe😀"}, ensure_ascii=False)
    sent = json_as_text(document)
    assert fault_of(sent) is None
    assert json.loads(sent) == json.loads(document)


@pytest.mark.parametrize("title", ["a\uffffb\ufffe", "\\ufffe", "\\\ufffe\\", '"\\"\uffff', "\n\x00\u2028é😀", "uffff"])
def test_json_comes_back_as_it_was(title: str) -> None:
    """Escaped for the way, and as bare as before at its end; what only looks like an escape stays."""
    document = json.dumps({"title": title}, ensure_ascii=False)
    assert json_from_text(json_as_text(document)) == document


def test_a_value_is_cut_and_cleaned() -> None:
    """An attribute's value loses what is refused and what is too long."""
    assert value_as_text("a\x00b" + "c" * 300, most_characters=256) == "a\ufffdb" + "c" * 253
