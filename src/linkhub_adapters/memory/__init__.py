"""Everything in this process's memory: the reference implementation of every port, and fakes for anybody's tests.

What stands here is the plainest code that keeps the contract of a port; the other rooms are held against it by the same
suites. Nothing survives the process. ``linkhub_adapters.memory`` may be imported by the tests of any project.
"""

from linkhub_adapters.memory.announcements import MemoryAnnouncements
from linkhub_adapters.memory.clock import FakeClock
from linkhub_adapters.memory.event_queue import MemoryEventQueue
from linkhub_adapters.memory.journal import MemoryJournal
from linkhub_adapters.memory.product_store import MemoryProductStore
from linkhub_adapters.memory.shop_stamps import MemoryShopStamps
from linkhub_adapters.memory.staging_store import MemoryStagingStore
from linkhub_adapters.memory.video_lookup import MemoryVideoLookup

__all__ = [
    "FakeClock",
    "MemoryAnnouncements",
    "MemoryEventQueue",
    "MemoryJournal",
    "MemoryProductStore",
    "MemoryShopStamps",
    "MemoryStagingStore",
    "MemoryVideoLookup",
]
