"""Plain data becomes attribute values and comes back the same."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from linkhub_adapters.aws.dynamodb.attribute_values import _NUMBER_FIELDS, read_document, write_document, write_value
from linkhub_core.model import Content, Half
from linkhub_core.model.rules import Number, number
from linkhub_core.testing import strategies
from linkhub_core.wire.codec import content_from, document_of

_ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("", {"S": ""}),
        ("ü", {"S": "ü"}),
        (True, {"BOOL": True}),
        (None, {"NULL": True}),
        (0, {"N": "0"}),
        (-45, {"N": "-45"}),
        (2**53, {"N": "9007199254740992"}),
        (0.1, {"N": "0.1"}),
        (0.1 + 0.2, {"N": "0.30000000000000004"}),
        (9.9e125, {"N": "9.9e+125"}),
        (1e126, {"S": "1e+126"}),
        (-1.7976931348623157e308, {"S": "-1.7976931348623157e+308"}),
        (1e-130, {"N": "1e-130"}),
        (5e-324, {"S": "5e-324"}),
        (Decimal("1E+12"), {"N": "1000000000000"}),
        (Decimal("999999999999.999999"), {"N": "999999999999.999999"}),
        (("a", "b"), {"L": [{"S": "a"}, {"S": "b"}]}),
        ([], {"L": []}),
        ({"x": 1}, {"M": {"x": {"N": "1"}}}),
    ],
)
def test_each_type_has_its_form(plain: object, written: object) -> None:
    """Numbers are written with all their digits, those that DynamoDB cannot hold as text."""
    assert write_value(plain) == written


def test_what_is_no_plain_data_has_no_form() -> None:
    """A type that no document holds is a mistake, not a guess."""
    with pytest.raises(KeyError):
        write_value(object())


@pytest.mark.parametrize("foreign", [{"SS": ["a"]}, {"NS": ["1"]}, {"B": b"a"}, {"BS": [b"a"]}], ids=str)
def test_what_others_wrote_is_read_for_the_codec_to_judge(foreign: dict[str, object]) -> None:
    """Types that linkhub does not write come out as plain data of some type."""
    [(_, raw)] = foreign.items()
    assert read_document({"title": foreign}) == {"title": raw}


def test_text_in_place_of_a_number_stays_text_unless_it_is_one() -> None:
    """A number as text is read as one only where the model has a number."""
    item = {"title": {"S": "1e308"}, "confidence_score": {"S": "1e308"}, "quality_score": {"S": "high"}}
    assert read_document(item) == {"title": "1e308", "confidence_score": 1e308, "quality_score": "high"}


@given(strategies.numbers())
def test_a_number_survives(value: Number) -> None:
    """Every number that the codec accepts comes back equal, and of the same type."""
    canonical = number()(value)
    read = number()(read_document(write_document({"confidence": canonical}))["confidence"])
    assert (read, type(read)) == (canonical, type(canonical))


@given(strategies.halves())
def test_a_content_survives(half: Half) -> None:
    """Every content that the codec accepts comes back equal."""
    content: Content = half.content
    assert content_from(half.kind, read_document(write_document(document_of(content)))) == content


def test_number_fields_are_known_in_any_order_of_resolution() -> None:
    """Fields that may hold numbers as text are the model's, in a process that has used the codec before, too."""
    script = (
        "from linkhub_core.testing.builders import a_half; a_half();"
        "from linkhub_adapters.aws.dynamodb.attribute_values import _NUMBER_FIELDS; print(sorted(_NUMBER_FIELDS))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=_ROOT)
    assert run.stdout == f"{sorted(_NUMBER_FIELDS)}\n"
    assert {"confidence_score", "video_duration", "x"} <= _NUMBER_FIELDS
