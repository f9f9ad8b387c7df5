"""The embedded default: queues, stores and announcements in one SQLite file, safe with several processes at once.

Every call of a port is one transaction on a thread of its own, never on the event loop. Messages, halves, products and
announcements are on the disk when the call returns (WAL, ``synchronous=FULL``). Leases, acknowledgements, cleared debts
and dropped rows are not: a loss of power can undo the last ones, never anything written before them, and they are done
again. Other processes see each write at once, and those that wait for it within 50 ms.
"""

from linkhub_adapters.sqlite.announcements import SqliteAnnouncements
from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.dead_letters import SqliteDeadLetters
from linkhub_adapters.sqlite.depths import Depths, SqliteDepths
from linkhub_adapters.sqlite.event_queue import SqliteEventPublisher, SqliteEventQueue
from linkhub_adapters.sqlite.file_health import SqliteFileHealth
from linkhub_adapters.sqlite.marks import SqliteMark
from linkhub_adapters.sqlite.ports import open_ports, ports_over
from linkhub_adapters.sqlite.process_registry import SqliteProcessRegistry
from linkhub_adapters.sqlite.product_store import SqliteProductStore
from linkhub_adapters.sqlite.queue_contents import SqliteQueueContents
from linkhub_adapters.sqlite.shop_directory import SqliteShopDirectory
from linkhub_adapters.sqlite.shop_stamps import SqliteShopStamps
from linkhub_adapters.sqlite.staging_store import SqliteStagingStore
from linkhub_adapters.sqlite.video_lookup import SqliteVideoLookup

__all__ = [
    "Depths",
    "SqliteAnnouncements",
    "SqliteDatabase",
    "SqliteDeadLetters",
    "SqliteDepths",
    "SqliteEventPublisher",
    "SqliteEventQueue",
    "SqliteFileHealth",
    "SqliteMark",
    "SqliteProcessRegistry",
    "SqliteProductStore",
    "SqliteQueueContents",
    "SqliteShopDirectory",
    "SqliteShopStamps",
    "SqliteStagingStore",
    "SqliteVideoLookup",
    "open_ports",
    "ports_over",
]
