"""Wrappers of ports that fail chosen calls, before or after their effect.

    products = FlakyProductStore(MemoryProductStore(), strikes=[Strike("create", lost_reply, after=True)])

The strikes of a method apply one after the other: the next applies when the first has failed its number of calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Half, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    CreateOutcome,
    Delivery,
    DropOutcome,
    EventQueue,
    MarkOutcome,
    Notifier,
    ProductStore,
    Rejection,
    ReportClaim,
    ReviseOutcome,
    Revision,
    StageOutcome,
    StagingStore,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

A = TypeVar("A")
T = TypeVar("T")


def unavailable(service: str = "a service") -> ServiceUnavailable:
    """A transient error."""
    return ServiceUnavailable(service, "made by a test")


def _anything(_: Any) -> bool:
    return True


@frozen
class Strike:
    """Fails ``times`` calls of ``method`` with ``error``, after ``skip`` calls that pass. ``times=None`` fails all.

    With ``after`` the call has its effect first, so that only its reply is lost. ``of`` selects calls by argument.
    """

    method: str
    error: Exception
    times: int | None = 1
    skip: int = field(default=0, kw_only=True)
    after: bool = field(default=False, kw_only=True)
    of: Callable[[Any], bool] = field(default=_anything, kw_only=True)


@define(eq=False, kw_only=True)
class _Flaky:
    """The base of the wrappers: the remaining ``strikes``, and the ``calls`` so far."""

    strikes: list[Strike] = field(factory=list)
    calls: list[str] = field(factory=list, init=False)

    async def _around(self, method: str, argument: A, effect: Callable[[A], Awaitable[T]]) -> T:
        self.calls.append(method)
        strike = self._due(method, argument)
        if strike is not None and not strike.after:
            raise strike.error
        outcome = await effect(argument)
        if strike is not None:
            raise strike.error
        return outcome

    def _due(self, method: str, argument: object) -> Strike | None:
        for index, strike in enumerate(self.strikes):
            if strike.method == method and strike.of(argument):
                self._count(index, strike)
                return None if strike.skip else strike
        return None

    def _count(self, index: int, strike: Strike) -> None:
        if strike.skip:
            self.strikes[index] = evolve(strike, skip=strike.skip - 1)
        elif strike.times == 1:
            del self.strikes[index]
        elif strike.times is not None:
            self.strikes[index] = evolve(strike, times=strike.times - 1)


@define(eq=False)
class FlakyProductStore(_Flaky):
    """A product store with failing calls."""

    inner: ProductStore

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        return await self._around("find", keys, self.inner.find)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self._around("read", keys, self.inner.read)

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        return await self._around("create", records, self.inner.create)

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return await self._around("revise", revisions, self.inner.revise)

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return await self._around("prepare_announcements", records, self.inner.prepare_announcements)

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return await self._around("mark_announced", records, self.inner.mark_announced)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self._around("page", query, self.inner.page)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        return await self._around("changes", after, lambda cursor: self.inner.changes(seller_handle, cursor, limit))

    def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port; a scan never fails."""
        return self.inner.scan(seller_handle=seller_handle, unannounced=unannounced)


@define(eq=False)
class FlakyStagingStore(_Flaky):
    """A staging store with failing calls."""

    inner: StagingStore

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        return await self._around("stage", halves, lambda rows: self.inner.stage(rows, slack=slack))

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        return await self._around("waiting", keys, self.inner.waiting)

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self._around("drop", rows, self.inner.drop)

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""
        return await self._around("claim_reports", claims, self.inner.claim_reports)

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port; a scan never fails."""
        return self.inner.scan()


@define(eq=False)
class FlakyNotifier(_Flaky):
    """A notifier with failing calls."""

    inner: Notifier

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        await self._around("notify", announcements, self.inner.notify)

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port."""
        await self._around("report", reports, self.inner.report)


@define(eq=False)
class FlakyEventQueue(_Flaky):
    """A queue with failing calls."""

    inner: EventQueue

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        return await self._around("receive", None, lambda _: self.inner.receive())

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await self._around("acknowledge", deliveries, self.inner.acknowledge)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port."""
        await self._around("release", deliveries, lambda given: self.inner.release(given, delay_seconds))

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await self._around("extend", deliveries, self.inner.extend)

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        await self._around("reject", rejections, self.inner.reject)


@define(eq=False)
class DuplicatingQueue:
    """A queue that delivers each message a second time with the next batch, acknowledged or not."""

    inner: EventQueue
    _again: list[Delivery] = field(factory=list, init=False)

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        fresh = await self.inner.receive()
        deliveries, self._again = [*self._again, *fresh], list(fresh)
        return deliveries

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await self.inner.acknowledge(deliveries)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port."""
        await self.inner.release(deliveries, delay_seconds)

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        await self.inner.extend(deliveries)

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        await self.inner.reject(rejections)
