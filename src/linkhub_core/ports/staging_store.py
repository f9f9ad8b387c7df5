"""The halves that wait for their partners: at most one row a product, with one half."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import frozen

from linkhub_core.model import Half, ProductKey, WaitingHalf
from linkhub_core.model.stored_product import Unreadable


@frozen
class Staged:
    """The row was absent or older, and holds the given half now."""


@frozen
class Equal:
    """The row held the same half, and expires no earlier than the given one."""


@frozen
class Superseded:
    """The row holds a newer half of the same kind, and expires no earlier than the given one."""


@frozen
class Partner:
    """The row holds the other half; it was not changed."""

    waiting: WaitingHalf


StageOutcome = Staged | Equal | Superseded | Partner | Unreadable


@frozen
class Dropped:
    """The row is absent now."""


@frozen
class Newer:
    """The row holds another half, or was renewed; it was not changed."""

    waiting: WaitingHalf


DropOutcome = Dropped | Newer | Unreadable


@frozen
class ReportClaim:
    """A new ``report_claimed_until`` of a row; none gives the claim back, the latest moment says: it was reported."""

    row: WaitingHalf
    until: datetime | None


class StagingStore(Protocol):
    """Rows keyed by product. A batch holds each key at most once; outcomes come in the order of the batch.

    For a row that cannot be read the outcome is :class:`~linkhub_core.ports.Unreadable`; the row is not changed.

    Raises:
        ServiceUnavailable: from each method; a part of the batch may have been written.
        StoreRefused: one of the batch can never be stored; the others may have been written.
    """

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """Put each half if the row is absent or holds an older version of the same kind.

        A replaced row keeps its ``waiting_since`` and ``report_claimed_until``. A row that holds the same half, or a
        newer one of its kind, is renewed: it expires when the given half would. The renewal is conditional on the row
        as it was read; if the condition fails, the half is staged again from the start. An expiry only moves later. An
        expired row that is still there still joins.

        Args:
            halves: the halves that wait.
            slack: a row that expires earlier by no more than this is not renewed, which saves the write.
        """
        ...

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """Read rows consistently: a row whose write has returned is seen. Keys without a row are left out."""
        ...

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """Delete each row if it still holds this half, by kind and version, and no other.

        For a :class:`~linkhub_core.model.WaitingHalf`, which is an orphan or a row with both halves, the expiry has to
        be as it was read, too: another process may have renewed the row, and acknowledged a message for that.
        """
        ...

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """Set ``report_claimed_until``, the right to report that a half waits long.

        Args:
            claims: of rows of linkhub's with one half each, as they were read.

        Returns:
            For each row, whether it was set. It is not if the row is gone, holds a half of another kind or of another
            ``waiting_since``, or was claimed meanwhile. A claim changes nothing that :meth:`drop` compares.
        """
        ...

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """Every row, in any order. Rows that are put or deleted during the scan may be left out."""
        ...
