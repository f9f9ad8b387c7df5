"""Stores with a stopwatch: wrappers that time and count each call, and change nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import perf_counter

from attrs import define, field
from prometheus_client import Counter, Histogram

from linkhub_adapters.observability.metrics import Metrics
from linkhub_core.model import Half, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    CreateOutcome,
    DropOutcome,
    MarkOutcome,
    ProductStore,
    ReviseOutcome,
    Revision,
    StageOutcome,
    StagingStore,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = ["MeasuredProductStore", "MeasuredStagingStore"]


@define(kw_only=True)
class _Stopwatch:
    """Times calls of one store. ``seconds`` reads a steady clock."""

    metrics: Metrics
    store_name: str
    seconds: Callable[[], float] = perf_counter
    _known: dict[tuple[str, str], tuple[Histogram, Counter]] = field(factory=dict, init=False)

    @contextmanager
    def time(self, call: str) -> Iterator[None]:
        began = self.seconds()
        outcome = "failed"
        try:
            yield
            outcome = "ok"
        finally:
            timed, counted = self._meters(call, outcome)
            timed.observe(self.seconds() - began)
            counted.inc()

    def _meters(self, call: str, outcome: str) -> tuple[Histogram, Counter]:
        """Looked up once: finding a metric by its labels costs more than counting."""
        meters = self._known.get((call, outcome))
        if meters is None:
            meters = self._known[call, outcome] = (
                self.metrics.store_call_seconds.labels(self.store_name, call),
                self.metrics.store_calls.labels(self.store_name, call, outcome),
            )
        return meters


class MeasuredProductStore:
    """A product store that is timed. Scans are passed through: how long they take is up to who reads them."""

    def __init__(self, inner: ProductStore, metrics: Metrics) -> None:
        self._inner = inner
        self._watch = _Stopwatch(metrics=metrics, store_name="products")

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        with self._watch.time("find"):
            return await self._inner.find(keys)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        with self._watch.time("read"):
            return await self._inner.read(keys)

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        with self._watch.time("create"):
            return await self._inner.create(records)

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        with self._watch.time("revise"):
            return await self._inner.revise(revisions)

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return await self._inner.prepare_announcements(records)

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        with self._watch.time("mark_announced"):
            return await self._inner.mark_announced(records)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        with self._watch.time("page"):
            return await self._inner.page(query)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        with self._watch.time("changes"):
            return await self._inner.changes(seller_handle, after, limit)

    def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        return self._inner.scan(seller_handle=seller_handle, unannounced=unannounced)


class MeasuredStagingStore:
    """A staging store that is timed. Scans are passed through."""

    def __init__(self, inner: StagingStore, metrics: Metrics) -> None:
        self._inner = inner
        self._watch = _Stopwatch(metrics=metrics, store_name="staging")

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        with self._watch.time("stage"):
            return await self._inner.stage(halves, slack=slack)

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        with self._watch.time("waiting"):
            return await self._inner.waiting(keys)

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        with self._watch.time("drop"):
            return await self._inner.drop(rows)

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        return self._inner.scan()
