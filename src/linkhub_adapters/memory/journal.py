"""A journal that keeps what it is told, for tests to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from attrs import define, field

from linkhub_core.ports import Entry

__all__ = ["MemoryJournal"]

E = TypeVar("E")


@define
class MemoryJournal:
    """Keeps every entry, in order. For tests only: it grows without bound."""

    entries: list[Entry] = field(factory=list)

    def record(self, entries: Sequence[Entry]) -> None:
        """Take down ``entries``."""
        self.entries += entries

    def of(self, kind: type[E]) -> list[E]:
        """The entries of one class."""
        return [entry for entry in self.entries if isinstance(entry, kind)]
