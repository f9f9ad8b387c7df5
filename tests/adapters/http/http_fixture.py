"""A listener in a test's hands: the real application on memory stores, its clock, and whatever failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import define, evolve, field
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from linkhub_adapters.http import FailedRequest, HttpServices, HttpSettings, OperatorAction, Probe, create_app
from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore, MemoryShopDirectory, MemoryStagingStore
from linkhub_cli.operator.desk import Desk
from linkhub_core.access import RefusedCaller
from linkhub_core.application import BrowseShop, ListShops, SetListing
from linkhub_core.model import Availability, Listing, ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import OutgoingMessage, Unreadable
from linkhub_core.testing.fakes import FakeClock, MemoryJournal, RecordingNotifier
from linkhub_core.wire.codec import decode_record, timestamp_text
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.adapters.http.memory_desk import make_desk, reject

HANDLE = "nalu-fashion"
PRODUCTS = f"/api/v1/shop/{HANDLE}/products"
STATS = {
    "totalConnections": 3,
    "totalSubscriptions": 4,
    "sellerHandles": [HANDLE],
    "clientsPerSeller": {HANDLE: 4},
    "clientsPerTransport": {"websocket": 3},
}
METRICS = b"# TYPE linkhub_events_total counter\nlinkhub_events_total 1.0\n"
METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"


def video_id(number: int) -> str:
    """The id of the n-th video: later videos sort later."""
    return f"{7_300_000_000_000_000_000 + number}"


def product(number: int, *, seller: str = HANDLE, updated_at: datetime | None = None, **changes: Any) -> ProductRecord:
    """A product of the n-th video, whole and plausible, with these fields different."""
    moment = timestamp_text(updated_at or FakeClock().now())
    document = {
        "seller_handle": seller,
        "video_id": video_id(number),
        "title": f"Nambula dress {number} 👗",
        "price": 85_000,
        "sizes": "M, L",
        "tags": ["dress", "ankara"],
        "confidence_score": 0.9,
        "raw_caption": "New in! 85k only",
        "thumbnails": [_thumbnail(number, index) for index in range(5)],
        "primary_thumbnail": _thumbnail(number, 0),
        "processing_metadata": {
            "video_duration": 14.5,
            "frames_analyzed": 150,
            "thumbnails_generated": 5,
            "processing_time_ms": 1900,
        },
        "created_at": moment,
        "updated_at": moment,
    }
    version = f"{number:020d}-0123456789abcdef"
    return decode_record(
        document | changes, caption_version=version, thumbnails_version=version, revision=1, unannounced_revision=None
    )


def listed(record: ProductRecord, availability: Availability) -> ProductRecord:
    """The product with this availability."""
    return evolve(record, listing=Listing(availability=availability))


def _thumbnail(number: int, index: int) -> dict[str, Any]:
    box = {"x": 12.5, "y": 40, "width": 220, "height": 610.25}
    return {
        "thumbnail_url": f"https://cdn.example.com/{video_id(number)}_{index}.jpg",
        "thumbnail_s3_key": f"thumbnails/{video_id(number)}_{index}.jpg",
        "frame_timestamp": 1.5 * index,
        "frame_index": 45 * index,
        "confidence_score": 0.8,
        "quality_score": 0.7,
        "is_primary": index == 0,
        "detected_objects": [{"class_name": "person", "confidence": 0.83, "bbox": box}],
    }


@define
class BrokenProductStore(MemoryProductStore):
    """A store that raises what it was given, whatever it is asked."""

    error: Exception = field(kw_only=True)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """Fail."""
        raise self.error

    async def page(self, query: PageQuery) -> Page:
        """Fail."""
        raise self.error


async def _status() -> Mapping[str, Any]:
    return {"timestamp": "2026-01-15T12:00:00.000Z", "queues": []}


@define(kw_only=True)
class HttpFixture:
    """The application and its services. Change a part before the first request."""

    store: MemoryProductStore = field(factory=MemoryProductStore)
    clock: FakeClock = field(factory=FakeClock)
    journal: MemoryJournal = field(factory=MemoryJournal)
    notifier: RecordingNotifier = field(factory=RecordingNotifier)
    settings: HttpSettings = field(factory=HttpSettings)
    probes: Sequence[Probe] = ()
    extra_routes: Sequence[BaseRoute] = ()
    extra_paths: Mapping[str, Any] = field(factory=dict)
    stats: Callable[[], Mapping[str, Any]] = lambda: STATS
    operator_status: Callable[[], Awaitable[Mapping[str, Any]]] = _status
    is_draining: bool = False
    failures: list[FailedRequest] = field(factory=list)
    refusals: list[RefusedCaller] = field(factory=list)
    actions: list[OperatorAction] = field(factory=list)
    queue: MemoryEventQueue = field()
    desk: Desk = field()

    @queue.default
    def _queue(self) -> MemoryEventQueue:
        return MemoryEventQueue(clock=self.clock, receive_wait_seconds=0)

    @desk.default
    def _desk(self) -> Desk:
        return make_desk(self.queue, self.store, self.clock, self.journal)

    def app(self) -> Starlette:
        """The application."""
        listings = SetListing(
            products=self.store,
            staging=MemoryStagingStore(),
            notifier=self.notifier,
            journal=self.journal,
            clock=self.clock,
        )
        services = HttpServices(
            listings=listings,
            browse=BrowseShop(products=self.store, clock=self.clock, journal=self.journal),
            shops=ListShops(directory=MemoryShopDirectory(products=self.store)),
            stats=self.stats,
            metrics=lambda: (METRICS, METRICS_TYPE),
            operator_status=self.operator_status,
            desk=self.desk,
            acted=self.actions.append,
            failed=self.failures.append,
            refused=self.refusals.append,
            draining=lambda: self.is_draining,
            probes=self.probes,
        )
        return create_app(services, self.settings, self.extra_routes, self.extra_paths)

    def client(self) -> AsyncClient:
        """A client of it. What the application raises on, the client raises too."""
        return AsyncClient(transport=ASGITransport(self.app()), base_url="http://localhost:3002")

    async def reject(self, *messages: OutgoingMessage) -> None:
        """Put messages among the dead letters, as a consumer does with those that it cannot read."""
        await reject(self.queue, messages)

    async def save(self, *records: ProductRecord, clock_lead_seconds: float = 0.0) -> None:
        """Save products as a saver would whose clock is ahead of ours by so much."""
        moment = self.clock.now() + timedelta(seconds=clock_lead_seconds)
        for record in records:
            self.store.put(_stamped(record, moment))


def _stamped(record: ProductRecord, moment: datetime) -> ProductRecord:
    """The record as saved at ``moment``, in whole milliseconds."""
    stamp = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return evolve(record, created_at=stamp, updated_at=stamp)
