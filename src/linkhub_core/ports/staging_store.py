"""Where a half waits for its partner: at most one row a product, holding one half."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from attrs import frozen

from linkhub_core.model import Half, ProductKey, WaitingHalf
from linkhub_core.model.unreadable import Unreadable

__all__ = [
    "DropOutcome",
    "Dropped",
    "Equal",
    "Newer",
    "Partner",
    "StageOutcome",
    "Staged",
    "StagingStore",
    "Superseded",
]


@frozen
class Staged:
    """The row was absent or older, and now holds our half."""


@frozen
class Equal:
    """The row holds exactly our half already, and expires no earlier than ours."""


@frozen
class Superseded:
    """The row holds a newer half of our kind, and expires no earlier than ours."""


@frozen
class Partner:
    """The row holds the other half; it was left as it is."""

    waiting: WaitingHalf


StageOutcome = Staged | Equal | Superseded | Partner | Unreadable


@frozen
class Dropped:
    """The row is gone."""


@frozen
class Newer:
    """The row holds something else than what was to be dropped, and was left as it is."""

    waiting: WaitingHalf


DropOutcome = Dropped | Newer | Unreadable


class StagingStore(Protocol):
    """Rows keyed by product. A key is at most once in a batch; outcomes come in the order of the batch.

    A row that cannot be read is an outcome of its own, :class:`~linkhub_core.ports.Unreadable`: it is left as it is.

    Raises:
        ServiceUnavailable: from each method; some of the batch may have been written.
        StoreRefused: one of the batch can never be stored; the others may or may not have been written.
    """

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """Put each half where no row is, or an older version of the same kind.

        A row that is replaced keeps its ``waiting_since``; everything else of it becomes the new half's. A row that
        holds our half or a newer one of its kind is renewed: it expires when ours would. The renewal is conditional on
        the row being there as it was read; if it is not, the half is staged again from the start. An expiry only moves
        later. Expiry decides nothing else: a row past ``expires_at`` that is still there still joins.

        Args:
            halves: what is to wait.
            slack: a row that expires earlier by no more than this is not renewed, which saves the write.
        """
        ...

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """Read rows consistently: a row whose write has returned is seen. Keys without a row are left out."""
        ...

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """Delete each row if it still holds this very half (kind and version), and no other.

        Of a :class:`~linkhub_core.model.WaitingHalf`, an orphan or a row with both halves, all has to be as it was
        read: the expiry, too, because another process may have renewed it since and acknowledged a message for that.
        """
        ...

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """Every row, in no order; rows that come or go meanwhile may be seen or not."""
        ...
