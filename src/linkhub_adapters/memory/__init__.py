"""Every port in the memory of one process: the reference implementation, and the backend for tests and demos.

Each class is the simplest code that passes the contract suite of its port (:mod:`linkhub_core.testing`). All data is
lost when the process ends.
"""

from linkhub_adapters.memory.announcements import MemoryAnnouncements
from linkhub_adapters.memory.event_queue import MemoryEventQueue, MemoryQueueContents
from linkhub_adapters.memory.ports import open_ports
from linkhub_adapters.memory.product_store import MemoryProductStore, MemoryShopStamps
from linkhub_adapters.memory.shop_directory import MemoryShopDirectory
from linkhub_adapters.memory.staging_store import MemoryStagingStore
from linkhub_adapters.memory.video_lookup import MemoryVideoLookup

__all__ = [
    "MemoryAnnouncements",
    "MemoryEventQueue",
    "MemoryProductStore",
    "MemoryQueueContents",
    "MemoryShopDirectory",
    "MemoryShopStamps",
    "MemoryStagingStore",
    "MemoryVideoLookup",
    "open_ports",
]
