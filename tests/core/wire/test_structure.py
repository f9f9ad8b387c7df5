"""Values of the model from JSON objects that are already right, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.model import Caption, Half, Listing, ThumbnailSet
from linkhub_core.model.fields import FieldFacts, facts_of
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import a_caption, a_thumbnail_set
from linkhub_core.wire import codec, json_text
from linkhub_core.wire.codec import document_of
from linkhub_core.wire.structure import build, build_exactly, unstructure


@pytest.mark.parametrize("content", [a_caption(), a_thumbnail_set()], ids=["caption", "thumbnails"])
def test_there_and_back(content: Caption | ThumbnailSet) -> None:
    """A value comes back from its own document, by either way."""
    document = unstructure(content)
    assert build(document, type(content)) == content
    assert build_exactly(document, type(content)) == content
    assert document == document_of(content)


@pytest.mark.parametrize("way", [build, build_exactly])
def test_names_that_no_field_has_are_ignored(way: Any) -> None:
    """A sender may know more than we do."""
    assert way(unstructure(a_caption()) | {"mood": "sunny"}, Caption) == a_caption()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("title",), 3),
        (("title",), None),
        (("price",), "55"),
        (("thumbnails",), "none"),
        (("thumbnails",), []),
        (("thumbnails", 1), 7),
        (("thumbnails", 1, "is_primary"), "yes"),
        (("thumbnails", 1, "is_primary"), None),
        (("thumbnails", 1, "qualityScore"), 1),
        (("processing_metadata",), None),
    ],
)
def test_an_event_with_any_deviation_is_left_to_the_intake(path: tuple[Any, ...], value: object) -> None:
    """The short way builds nothing of what would have to be noted or rejected."""
    content = a_caption() if path[0] in ("title", "price") else a_thumbnail_set()
    document = unstructure(content)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises((ValueError, AttributeError, TypeError)):
        build_exactly(document, type(content))


def test_a_stored_value_may_lack_decoration() -> None:
    """What the intake left out is absent in a store; an event without it has something to note."""
    document = unstructure(a_thumbnail_set())
    del document["thumbnails"][0]["quality_score"]
    assert build(document, ThumbnailSet).thumbnails[0].quality_score is None
    with pytest.raises(KeyError):
        build_exactly(document, ThumbnailSet)


def _all_facts(cls: type[Any]) -> Iterator[FieldFacts]:
    for facts in facts_of(cls):
        yield facts
        if facts.nested is not None:
            yield from _all_facts(facts.nested)


RULES = {
    repr(facts.rule): facts.rule for cls in (Caption, ThumbnailSet, Listing) for facts in _all_facts(cls) if facts.rule
}
JSON_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.lists(st.text(), max_size=2)
    | st.sampled_from([-0.0, 2**53, 2.0**53, -(2**53), 2**53 + 1, "", " ", "\0", "é", "x" * 2001, "https://a.b/c"])
)


@given(st.sampled_from(sorted(RULES)), JSON_VALUES)
def test_what_is_surely_canonical_stays_as_it_is(name: str, value: object) -> None:
    """A builder keeps a value without its check only where the check returns the same value, of the same type."""
    rule = RULES[name]
    if eval(rule.surely, {"v": value}):  # noqa: S307  our own expression
        checked: object = rule.check(value)
        assert (checked, type(checked)) == (value, type(value))


@given(strategies.halves())
def test_a_built_value_is_what_its_constructor_makes(half: Half) -> None:
    """Builders do not call constructors; their values equal constructed ones, and their fields have the same types."""
    built = build(json_text.load_document(codec.encode_content(half.content)), type(half.content))
    assert built == half.content
    assert repr(built) == repr(half.content)
