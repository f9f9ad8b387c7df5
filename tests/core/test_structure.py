"""Values of the model from JSON objects: what is built right away, and what is read again so that faults have names."""

from __future__ import annotations

from typing import Any

import pytest

from linkhub_core.codec import document_of
from linkhub_core.errors import Fault
from linkhub_core.model import Caption, ThumbnailSet
from linkhub_core.structure import structure, structure_thoroughly, unstructure
from tests.support.builders import a_caption, a_thumbnail_set


@pytest.mark.parametrize("content", [a_caption(), a_thumbnail_set()], ids=["caption", "thumbnails"])
def test_there_and_back(content: Caption | ThumbnailSet) -> None:
    """A value comes back from its own document, by either way, without a fault."""
    faults: list[Fault] = []
    document = unstructure(content)
    assert structure(document, type(content), faults) == content
    assert structure_thoroughly(document, type(content), faults) == content
    assert faults == []
    assert document == document_of(content)


def test_names_that_no_field_has_are_ignored() -> None:
    """A sender may know more than we do."""
    faults: list[Fault] = []
    assert structure(unstructure(a_caption()) | {"mood": "sunny"}, Caption, faults) == a_caption()
    assert faults == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("title",), 3, Fault("title", "must be text, not a number")),
        (("thumbnails",), "none", Fault("thumbnails", "must be a list of objects")),
        (("thumbnails",), [], Fault("thumbnails", "has 0 entries, at least 1 must be there")),
        (("thumbnails", 1), 7, Fault("thumbnails[1]", "must be an object")),
        (("thumbnails", 1, "is_primary"), "yes", Fault("thumbnails[1].is_primary", "must be true or false, not text")),
    ],
)
def test_each_fault_has_its_path(path: tuple[Any, ...], value: object, fault: Fault) -> None:
    """Down to the entry of a list and the field in it; there is no value then."""
    content = a_caption() if path[0] == "title" else a_thumbnail_set()
    document = unstructure(content)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    faults: list[Fault] = []
    assert structure(document, type(content), faults) is None
    assert faults == [fault]


def test_what_is_missing_is_told_by_its_name() -> None:
    """All of it at once."""
    faults: list[Fault] = []
    assert structure({"sizes": None}, Caption, faults) is None
    assert {Fault("title", "is missing"), Fault("tags", "is missing")} <= set(faults)
