"""What happened, told as it happens: the core's only way to logs, metrics and traces.

Entries are facts in the past tense (:mod:`linkhub_core.model.journal_entries`). A journal must not fail, wait, or keep
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from linkhub_core.model.journal_entries import Entry

__all__ = ["Entry", "Journal", "SilentJournal"]


class Journal(Protocol):
    """Takes down what happened."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Take down ``entries``, in the order in which they happened."""
        ...


@frozen
class SilentJournal:
    """A journal that keeps nothing."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Do nothing."""
