"""Events that are replayed, encoded once for all who are told: a bounded memory of the latest of them.

What names an event is its product, ``created_at`` and revision, so whoever asks for the same one gets the same bytes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import define, field

from linkhub_adapters.realtime.dialect import DIALECTS, Dialect
from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce, timestamp_text
from linkhub_core.model import ProductKey, ProductRecord

__all__ = ["EncodedEvent", "EncodedEvents"]

MAX_BYTES: Final = 16_777_216


@define(eq=False)
class EncodedEvent:
    """An announcement, and each form in which somebody has been told of it."""

    announcement: Announcement
    _forms: dict[Dialect, Any] = field(factory=dict)

    def form(self, dialect: Dialect) -> Any:
        """What ``write`` of a viewer of this dialect takes."""
        form = self._forms.get(dialect)
        if form is None:
            form = self._forms[dialect] = dialect.encode(self.announcement)
        return form

    @property
    def size_bytes(self) -> int:
        """What it takes with all its forms, whether they have been made or not."""
        return len(self.announcement.event_json) * (1 + len(DIALECTS))


@define(eq=False, kw_only=True)
class EncodedEvents:
    """The events that were asked for last, of at most ``max_bytes`` together."""

    max_bytes: int = MAX_BYTES
    size_bytes: int = field(default=0, init=False)
    # In order of the last use: the first is the one that is forgotten.
    _events: dict[tuple[ProductKey, str, int], EncodedEvent] = field(factory=dict, init=False)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._events)

    def of_record(self, record: ProductRecord, now: datetime) -> EncodedEvent:
        """The event of a record's revision; ``now`` is what it tells as its ``timestamp`` if it is made here."""
        key = (record.key, timestamp_text(record.created_at), record.revision)
        event = self._events.pop(key, None)
        return self._keep(key, event or EncodedEvent(announce(record, now)), is_new=event is None)

    def of_announcement(self, announcement: Announcement) -> EncodedEvent:
        """The event that has been announced already."""
        key = (announcement.key, *announcement.order)
        event = self._events.pop(key, None)
        return self._keep(key, event or EncodedEvent(announcement), is_new=event is None)

    def _keep(self, key: tuple[ProductKey, str, int], event: EncodedEvent, *, is_new: bool) -> EncodedEvent:
        self._events[key] = event
        if is_new:
            self.size_bytes += event.size_bytes
            while self.size_bytes > self.max_bytes:
                self.size_bytes -= self._events.pop(next(iter(self._events))).size_bytes
        return event
