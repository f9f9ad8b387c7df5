"""Redacted bodies: nothing of a text is left, and everything else is."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkhub_core.application import FailedDelivery, ReadDelivery, read_delivery
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.testing.builders import a_delivery, an_event
from linkhub_core.wire.redact import Redaction

DATA = Path(__file__).parents[2] / "data"
REDACTION = Redaction(b"secret")


def _bodies() -> list[tuple[Kind, str]]:
    files = ((DATA / f"{name}.jsonl").read_text("utf-8") for name in ("intake", "stream"))
    lines = [json.loads(line) for file in files for line in file.splitlines()]
    return [(Kind(line["queue"]), line["body"]) for line in lines[::2]]


def _outcome(kind: Kind, body: str) -> tuple[object, ...]:
    """How a body is read: its key, notes and the fields at fault."""
    read = read_delivery(a_delivery(kind, body=body))
    if isinstance(read, ReadDelivery):
        return read.half.key, read.half.kind, read.origin.notes
    assert isinstance(read, FailedDelivery)
    assert isinstance(read.error, MalformedEvent)
    return "rejected", [fault.field for fault in read.error.faults]


def _size(text: str) -> tuple[int, int]:
    return len(text), len(text.encode("utf-8", "surrogatepass"))


def test_every_body_keeps_its_size_and_is_read_as_before() -> None:
    """All spellings and envelopes, and all that is rejected: the same key, notes, or fields at fault."""
    for kind, body in _bodies():
        redacted = REDACTION.body(body)
        assert _size(redacted) == _size(body)
        assert _outcome(kind, redacted) == _outcome(kind, body), body


def test_texts_and_urls_are_replaced_and_the_rest_stays() -> None:
    """Of a whole event; a number in a text is a text."""
    caption = an_event(title="Heels 👠 für Zoë", raw_caption="Call 0772123456", sizes="37-41", tags=["heels", "42"])
    redacted = json.loads(REDACTION.body(json.dumps(caption, ensure_ascii=False)))
    for name in ("video_id", "seller_handle", "timestamp", "price"):
        assert redacted[name] == caption[name]
    for name in ("title", "raw_caption", "sizes", "tags"):
        old, new = str(caption[name]), str(redacted[name])
        for before, after in zip(old, new, strict=True):
            assert unicodedata.category(before) == unicodedata.category(after)
            assert (before == after) is (not before.isalnum() and before != "👠")
    thumbnails = an_event(Kind.THUMBNAIL)
    redacted = json.loads(REDACTION.body(json.dumps(thumbnails)))
    url, primary = redacted["thumbnails"][0]["thumbnail_url"], redacted["primary_thumbnail"]["thumbnail_url"]
    assert url == primary
    assert url.startswith("https://")
    assert "example" not in url
    assert redacted["processing_metadata"] == thumbnails["processing_metadata"]


def test_equal_texts_are_replaced_alike_under_one_key_only() -> None:
    """However they are escaped, and a URL with and without its scheme; another key replaces them otherwise."""
    plain, escaped = (json.dumps({"title": "größer"}, ensure_ascii=plain) for plain in (False, True))
    assert json.loads(REDACTION.body(plain)) == json.loads(REDACTION.body(escaped))
    assert REDACTION.body(plain) == REDACTION.body(plain) != Redaction(b"other").body(plain)
    urls = json.loads(REDACTION.body('{"a": "//cdn.example/x", "b": "HTTPS://cdn.example/x"}'))
    assert f"HTTPS:{urls['a']}" == urls["b"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('{"title": "Summer heels", "price": 55000', '{"title": "", "price": 55000'),
        ('{"title": "Summer he', '{"title": "'),
        ('{"title": Summer heels, "price": 5}', '{"title":  , "price": 5}'),
        ("{'title': 'Summer heels', 'price': 5}", "{'': ' ', '': 5}"),
        ("<title>Summer heels 0772</title>", "<> </>"),
        ("Summer heels 0772", " "),
        ('"Summer \\"heels\\" \\u00e9\\ud83d\\ude00"', '" \\"\\" \\u\\u\\u"'),
    ],
)
def test_a_malformed_body_keeps_its_structure(body: str, kept: str) -> None:
    """No word of its texts is left; punctuation and numbers between it are."""
    redacted = REDACTION.body(body)
    assert _size(redacted) == _size(body)
    assert not {"Summer", "heels", "0772", "00e9", "ude00"} & set(
        redacted.replace("\\", '"').replace("u", '"').split('"')
    )
    assert [sign for sign in redacted if not sign.isalnum()] == [sign for sign in body if not sign.isalnum()]
    assert all(sign in redacted for sign in kept)


def test_attributes_keep_their_names_and_what_joins_them() -> None:
    """Correlation ids, traces, and the time of the first sending."""
    kept = {"correlationId": "c-1", "traceparent": "00-ab-cd-01", "linkhubFirstSentAt": "2026-01-15T12:00:00.000+00:00"}
    redacted = REDACTION.attributes({**kept, "shop": "Nalu 7"})
    assert {name: redacted[name] for name in kept} == kept
    assert redacted["shop"] != "Nalu 7"


@settings(max_examples=50)
@given(
    st.text()
    | st.recursive(st.none() | st.text() | st.floats(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)).map(
        json.dumps
    )
)
def test_any_text_keeps_its_size_and_json_stays_json(body: str) -> None:
    """Whatever it is: lone surrogates, controls, any script."""
    redacted = REDACTION.body(body)
    assert _size(redacted) == _size(body)
    try:
        document = json.loads(body)
    except ValueError:
        return
    assert type(json.loads(redacted)) is type(document)
