"""The SQLite adapters keep the contract of every port."""

from __future__ import annotations

from functools import partial

import pytest

from linkhub_adapters.sqlite import (
    SqliteAnnouncements,
    SqliteDatabase,
    SqliteDeadLetters,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteProductStore,
    SqliteQueueContents,
    SqliteShopDirectory,
    SqliteStagingStore,
)
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.testing.cursors import ExactCursorContract
from linkhub_core.testing.event_queue import EventQueueContract, Queues
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.foreign_rows import ForeignProductContract, PlantProduct
from linkhub_core.testing.listings import ListingContract
from linkhub_core.testing.notifier import NotifierContract, OpenFeed
from linkhub_core.testing.product_store import ProductStoreContract
from linkhub_core.testing.queue_contents import QueueContentsContract
from linkhub_core.testing.readable import Spoil
from linkhub_core.testing.shop_directory import ShopDirectoryContract
from linkhub_core.testing.staging_store import StagingStoreContract

_SPOILT_ROW = """
INSERT INTO staging (seller_handle, video_id, half, version, body, correlation_id, waiting_since, expires_at)
VALUES (?, ?, 'caption', 'of another program', X'00', '', 0, 0)
"""
_SPOILT_PRODUCT = """
INSERT INTO products (seller_handle, video_id, document, caption_version, thumbnails_version, revision, updated_at)
VALUES (?, ?, X'7B7D', '', '', 7, '2026-01-15T12:00:00.000Z')
"""


class TestSqliteStagingStore(StagingStoreContract):
    """Staging in the file."""

    @pytest.fixture
    def staging_store(self, database: SqliteDatabase) -> SqliteStagingStore:
        """An empty store."""
        return SqliteStagingStore(database=database)

    @pytest.fixture
    def spoil(self, database: SqliteDatabase) -> Spoil:
        """Puts a row whose version and body are none."""

        async def put(key: ProductKey) -> None:
            row = (key.seller_handle, key.video_id)
            await database.write(lambda connection: connection.execute(_SPOILT_ROW, row))

        return put


class TestSqliteProductStore(ShopDirectoryContract, ProductStoreContract, ExactCursorContract, ListingContract):
    """Products in the file, and their numbers."""

    @pytest.fixture
    def product_store(self, database: SqliteDatabase) -> SqliteProductStore:
        """An empty store."""
        return SqliteProductStore(database=database)

    @pytest.fixture
    def spoil(self, database: SqliteDatabase) -> Spoil:
        """Puts a row whose document is no product."""

        async def put(key: ProductKey) -> None:
            row = (key.seller_handle, key.video_id)
            await database.write(lambda connection: connection.execute(_SPOILT_PRODUCT, row))

        return put

    @pytest.fixture
    def delete(self, database: SqliteDatabase) -> Spoil:
        """Deletes a row."""

        async def remove(key: ProductKey) -> None:
            statement = "DELETE FROM products WHERE seller_handle = ? AND video_id = ?"
            await database.write(lambda connection: connection.execute(statement, (key.seller_handle, key.video_id)))

        return remove

    @pytest.fixture
    def shop_directory(self, database: SqliteDatabase) -> SqliteShopDirectory:
        """Its shops."""
        return SqliteShopDirectory(database=database)


class TestForeignProductsInTheFile(ForeignProductContract):
    """Products without a revision in the file."""

    @pytest.fixture
    def product_store(self, database: SqliteDatabase) -> SqliteProductStore:
        """An empty store."""
        return SqliteProductStore(database=database)

    @pytest.fixture
    def plant(self, product_store: SqliteProductStore) -> PlantProduct:
        """Puts a product."""

        async def put(record: ProductRecord) -> None:
            await product_store.create([record])

        return put


class TestSqliteAnnouncements(NotifierContract):
    """The bus in the file."""

    @pytest.fixture
    def notifier(self, database: SqliteDatabase) -> SqliteAnnouncements:
        """A bus without listeners."""
        return SqliteAnnouncements(database=database)

    @pytest.fixture
    def open_feed(self, notifier: SqliteAnnouncements) -> OpenFeed:
        """Opens a feed that waits briefly."""

        return partial(notifier.open_feed, receive_wait_seconds=0.01)


class TestSqliteEventQueue(EventQueueContract, QueueContentsContract):
    """The queues in the file, and what they hold."""

    @pytest.fixture
    def queues(self, database: SqliteDatabase) -> Queues:
        """Empty queues that wait briefly."""
        clock = FakeClock()
        return Queues(
            queue=SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=0.01, max_receive_count=3),
            publisher=SqliteEventPublisher(database=database, clock=clock),
            letters=SqliteDeadLetters(database=database, clock=clock),
            clock=clock,
        )

    @pytest.fixture
    def contents(self, database: SqliteDatabase, queues: Queues) -> SqliteQueueContents:
        """Their contents."""
        return SqliteQueueContents(database=database, clock=queues.clock)
