"""Records the work of the use cases: the source of logs, metrics and traces.

Entries are facts in the past tense (:mod:`linkhub_core.model.journal_entries`). A journal must not fail, wait or grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from linkhub_core.model.journal_entries import Entry


class Journal(Protocol):
    """Records entries."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Record entries in their order."""
        ...


@frozen
class SilentJournal:
    """A journal that keeps nothing."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Do nothing."""
