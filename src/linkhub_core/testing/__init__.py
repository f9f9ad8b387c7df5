"""The test kit for authors of adapters and users of the ports. Needs the extra ``testing``.

Contract suites: subclass one, and give it the fixture that its docstring names. Fakes and fault-injecting wrappers:
:mod:`~linkhub_core.testing.fakes`, :mod:`~linkhub_core.testing.flaky`. Values and Hypothesis strategies:
:mod:`~linkhub_core.testing.builders`, :mod:`~linkhub_core.testing.strategies`. Production code must not import this.
"""

import pytest

# Before these modules are imported: a failed assertion then shows its values.
_ASSERTING = (
    "cursors",
    "event_queue",
    "foreign_rows",
    "listings",
    "notifier",
    "product_store",
    "queue_contents",
    "readable",
    "shop_directory",
    "shop_stamps",
    "staging_store",
)
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _ASSERTING))

from linkhub_core.testing.cursors import CursorContract, ExactCursorContract
from linkhub_core.testing.event_queue import EventQueueContract, Queues
from linkhub_core.testing.fakes import FakeClock, MemoryJournal, RecordingNotifier
from linkhub_core.testing.flaky import (
    DuplicatingQueue,
    FlakyEventQueue,
    FlakyNotifier,
    FlakyProductStore,
    FlakyStagingStore,
    Strike,
    unavailable,
)
from linkhub_core.testing.foreign_rows import ForeignProductContract, ForeignStagingContract
from linkhub_core.testing.listings import ListingContract
from linkhub_core.testing.notifier import NotifierContract
from linkhub_core.testing.product_store import ProductStoreContract
from linkhub_core.testing.queue_contents import QueueContentsContract
from linkhub_core.testing.shop_directory import ShopDirectoryContract
from linkhub_core.testing.shop_stamps import ShopStampsContract
from linkhub_core.testing.staging_store import StagingStoreContract

__all__ = [
    "CursorContract",
    "DuplicatingQueue",
    "EventQueueContract",
    "ExactCursorContract",
    "FakeClock",
    "FlakyEventQueue",
    "FlakyNotifier",
    "FlakyProductStore",
    "FlakyStagingStore",
    "ForeignProductContract",
    "ForeignStagingContract",
    "ListingContract",
    "MemoryJournal",
    "NotifierContract",
    "ProductStoreContract",
    "QueueContentsContract",
    "Queues",
    "RecordingNotifier",
    "ShopDirectoryContract",
    "ShopStampsContract",
    "StagingStoreContract",
    "Strike",
    "unavailable",
]
