"""The stored product: copies of it, and what readers see of it."""

from __future__ import annotations

import attrs
from attrs import evolve

from linkhub_core.model import Availability, Listing, ProductRecord
from linkhub_core.testing.builders import a_listed, a_record


def test_a_record_changes_only_in_what_its_method_names() -> None:
    """Each other field stays, also one that the model will have later: here all differ from their defaults."""
    record = a_listed(a_record(unannounced_revision=1, shown=True, cursor="b"), title="Boots")
    assert [one.name for one in attrs.fields(ProductRecord) if getattr(record, one.name) == one.default] == []
    assert repr(record.with_cursor("c")) == repr(evolve(record, cursor="c"))
    assert repr(record.announced()) == repr(evolve(record, unannounced_revision=None))


def test_an_announced_record_is_shown_unless_it_is_withdrawn() -> None:
    """So the event of its next revision is an update, or that of a product which comes back."""
    record = a_record()
    assert (record.shown, record.announced().shown) == (False, True)
    assert not evolve(record, listing=Listing(availability=Availability.WITHDRAWN)).announced().shown
