"""Entries: facts that a journal can keep, compare and name."""

from __future__ import annotations

from typing import get_args

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from linkhub_core.model import journal_entries as entries
from linkhub_core.model.journal_entries import Entry, Swept


def test_the_union_names_every_entry() -> None:
    """A journal that handles each member of it handles all there are."""
    defined = {value for value in vars(entries).values() if attrs.has(value) and value.__module__ == entries.__name__}
    assert set(get_args(Entry)) == defined


@pytest.mark.parametrize("kind", get_args(Entry))
def test_an_entry_says_what_each_value_is(kind: type) -> None:
    """By keyword only, and frozen: it is a fact."""
    assert all(attribute.kw_only for attribute in attrs.fields(kind))
    assert kind.__doc__


def test_a_fact_does_not_change() -> None:
    """An entry is frozen."""
    swept = Swept(seen=1, folded=0, expired=0, announced=0)
    with pytest.raises(FrozenInstanceError):
        swept.seen = 2  # type: ignore[misc]
