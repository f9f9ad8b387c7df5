"""The memory adapters keep the contract of every port."""

from __future__ import annotations

from functools import partial

import pytest

from linkhub_adapters.memory import (
    MemoryAnnouncements,
    MemoryEventQueue,
    MemoryProductStore,
    MemoryQueueContents,
    MemoryShopDirectory,
    MemoryShopStamps,
    MemoryStagingStore,
)
from linkhub_adapters.memory.announcements import MemoryAnnouncementFeed
from linkhub_core.model import ProductKey, ProductRecord, WaitingHalf
from linkhub_core.testing.builders import NOON, a_record, an_unreadable
from linkhub_core.testing.cursors import ExactCursorContract
from linkhub_core.testing.event_queue import EventQueueContract, Queues
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.foreign_rows import ForeignProductContract, ForeignStagingContract, PlantProduct, PlantRow
from linkhub_core.testing.listings import ListingContract
from linkhub_core.testing.notifier import NotifierContract, OpenFeed
from linkhub_core.testing.product_store import ProductStoreContract
from linkhub_core.testing.queue_contents import QueueContentsContract
from linkhub_core.testing.readable import Spoil
from linkhub_core.testing.shop_directory import ShopDirectoryContract
from linkhub_core.testing.shop_stamps import ShopStampsContract
from linkhub_core.testing.staging_store import StagingStoreContract
from linkhub_core.wire.announcements import announce


class TestMemoryStagingStore(StagingStoreContract):
    """Staging in memory."""

    @pytest.fixture
    def staging_store(self) -> MemoryStagingStore:
        """An empty store."""
        return MemoryStagingStore()

    @pytest.fixture
    def spoil(self, staging_store: MemoryStagingStore) -> Spoil:
        """Puts an unreadable row."""

        async def put(key: ProductKey) -> None:
            staging_store.unreadable[key] = an_unreadable(key)

        return put


class TestMemoryProductStore(ShopDirectoryContract, ProductStoreContract, ExactCursorContract, ListingContract):
    """Products in memory, and their numbers."""

    @pytest.fixture
    def product_store(self) -> MemoryProductStore:
        """An empty store."""
        return MemoryProductStore()

    @pytest.fixture
    def spoil(self, product_store: MemoryProductStore) -> Spoil:
        """Puts an unreadable row."""

        async def put(key: ProductKey) -> None:
            product_store.unreadable[key] = an_unreadable(key)

        return put

    @pytest.fixture
    def delete(self, product_store: MemoryProductStore) -> Spoil:
        """Deletes a product."""

        async def remove(key: ProductKey) -> None:
            del product_store.rows[key]

        return remove

    @pytest.fixture
    def shop_directory(self, product_store: MemoryProductStore) -> MemoryShopDirectory:
        """Its shops."""
        return MemoryShopDirectory(products=product_store)


class TestMemoryShopStamps(ShopStampsContract):
    """Stamps in memory."""

    @pytest.fixture
    def product_store(self) -> MemoryProductStore:
        """An empty store."""
        return MemoryProductStore()

    @pytest.fixture
    def shop_stamps(self, product_store: MemoryProductStore) -> MemoryShopStamps:
        """Its stamps."""
        return MemoryShopStamps(product_store)


class TestForeignRowsInMemory(ForeignStagingContract):
    """Staging rows of another service in memory."""

    @pytest.fixture
    def staging_store(self) -> MemoryStagingStore:
        """An empty store."""
        return MemoryStagingStore()

    @pytest.fixture
    def plant(self, staging_store: MemoryStagingStore) -> PlantRow:
        """Puts a row."""

        async def put(row: WaitingHalf) -> None:
            staging_store.rows[row.key] = row

        return put


class TestForeignProductsInMemory(ForeignProductContract):
    """Products of another service in memory."""

    @pytest.fixture
    def product_store(self) -> MemoryProductStore:
        """An empty store."""
        return MemoryProductStore()

    @pytest.fixture
    def plant(self, product_store: MemoryProductStore) -> PlantProduct:
        """Puts a product."""

        async def put(record: ProductRecord) -> None:
            product_store.rows[record.key] = record

        return put


class TestMemoryAnnouncements(NotifierContract):
    """The bus in memory."""

    @pytest.fixture
    def notifier(self) -> MemoryAnnouncements:
        """A bus without listeners."""
        return MemoryAnnouncements()

    @pytest.fixture
    def open_feed(self, notifier: MemoryAnnouncements) -> OpenFeed:
        """Opens a feed that waits briefly."""

        return partial(notifier.open_feed, receive_wait_seconds=0.01)


class TestMemoryEventQueue(EventQueueContract, QueueContentsContract):
    """The queues in memory, and what they hold."""

    @pytest.fixture
    def queue(self) -> MemoryEventQueue:
        """An empty queue that waits briefly."""
        return MemoryEventQueue(clock=FakeClock(), receive_wait_seconds=0.01, max_receive_count=3)

    @pytest.fixture
    def queues(self, queue: MemoryEventQueue) -> Queues:
        """Its ports."""
        assert isinstance(queue.clock, FakeClock)
        return Queues(queue=queue, publisher=queue, letters=queue, clock=queue.clock)

    @pytest.fixture
    def contents(self, queue: MemoryEventQueue) -> MemoryQueueContents:
        """Its contents."""
        return MemoryQueueContents(queue=queue)


async def test_a_sleeping_listener_loses_the_oldest() -> None:
    """An unread feed is bounded: the newest announcements stay."""
    feed = MemoryAnnouncementFeed(receive_wait_seconds=0.01, most=2)
    feed.put([announce(a_record(), NOON, f"c-{number}") for number in range(5)])
    assert [announcement.correlation_id for announcement in await feed.receive()] == ["c-3", "c-4"]
