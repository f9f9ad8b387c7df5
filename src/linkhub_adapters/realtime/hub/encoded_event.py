"""An announcement with its encoded forms: all viewers that get it share them."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_core.model.announcement import Announcement

__all__ = ["EncodedEvent"]


@define(eq=False)
class EncodedEvent:
    """An announcement; each form is made when it is first asked for."""

    announcement: Announcement
    _forms: dict[WireFormat, Any] = field(factory=dict)

    def form(self, dialect: WireFormat) -> Any:
        """What ``write`` of a viewer of this dialect takes."""
        form = self._forms.get(dialect)
        if form is None:
            form = self._forms[dialect] = dialect.encode(self.announcement)
        return form
