"""The report of a half that waits long for its partner, for the owner of the other worker."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from linkhub_core.model.values import Kind, Origin, ProductKey, WaitingHalf

HALF_STALLED = "half_stalled"
HALF_EXPIRED = "half_expired"


@frozen(kw_only=True)
class HalfReport:
    """A half that waits, or ``is_expired``: its time is over, and the sweep removes it.

    ``origin`` is that of the message which brought the waiting half.
    """

    key: ProductKey
    waiting: Kind
    origin: Origin
    waiting_since: datetime
    expires_at: datetime
    is_expired: bool

    @classmethod
    def of(cls, row: WaitingHalf, *, is_expired: bool) -> HalfReport:
        """The report of a row."""
        return cls(
            key=row.key,
            waiting=row.half.kind,
            origin=row.origin,
            waiting_since=row.waiting_since,
            expires_at=row.expires_at,
            is_expired=is_expired,
        )

    @property
    def missing(self) -> Kind:
        """The half that did not come."""
        return self.waiting.partner

    @property
    def event_type(self) -> str:
        """The name of its event."""
        return HALF_EXPIRED if self.is_expired else HALF_STALLED
