"""The ports of one backend, opened together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from attrs import frozen

from linkhub_core.ports.dead_letters import DeadLetters
from linkhub_core.ports.event_publisher import EventPublisher
from linkhub_core.ports.event_queue import EventQueue
from linkhub_core.ports.notifier import AnnouncementFeed, Notifier
from linkhub_core.ports.product_store import ProductStore, ShopStamps
from linkhub_core.ports.queue_contents import QueueContents
from linkhub_core.ports.shop_directory import ShopDirectory
from linkhub_core.ports.staging_store import StagingStore
from linkhub_core.ports.video_lookup import VideoLookup


@frozen(kw_only=True)
class OpenedPorts:
    """The ports over one storage, valid until the ``open_ports`` of their adapter room is left.

    Every room opens them alike: ``async with open_ports(...) as ports``. A service that keeps to these names changes
    its backend by that one line.

    Attributes:
        queue: both queues, caption and thumbnail.
        publisher: publishes to ``queue``.
        dead_letters: the messages that ``queue`` rejected.
        queue_contents: the messages of ``queue``, for exports and imports.
        staging: the halves that wait.
        products: the products.
        notifier: sends announcements to every open feed, also in other processes.
        open_feed: opens a feed: ``async with ports.open_feed() as feed``.
        stamps: change with a shop; for caches of its first page.
        shops: lists the shops of ``products``.
        videos: finds all rows and messages of one video.
    """

    queue: EventQueue
    publisher: EventPublisher
    dead_letters: DeadLetters
    queue_contents: QueueContents
    staging: StagingStore
    products: ProductStore
    notifier: Notifier
    open_feed: Callable[[], AbstractAsyncContextManager[AnnouncementFeed]]
    stamps: ShopStamps
    shops: ShopDirectory
    videos: VideoLookup
