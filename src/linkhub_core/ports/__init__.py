"""The ports: Protocols over core types, which adapters implement.

Ports take and return batches (one message is a batch of one), so that an adapter can do 25 writes in one call. The
outcome of a call is a value. An exception means that the call could not be made; its class says whether trying again
may help (:mod:`linkhub_core.errors`).
"""

from linkhub_core.model.journal_entries import Entry
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.additions import Added, AddOutcome, Known, Refused
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetter, DeadLetterQuery, DeadLetters
from linkhub_core.ports.event_publisher import EventPublisher, OutgoingMessage, Refusal
from linkhub_core.ports.event_queue import QUEUE_DEFAULTS, Delivery, EventQueue, LeaseOptions, QueueOptions, Rejection
from linkhub_core.ports.journal import Journal, SilentJournal
from linkhub_core.ports.notifier import AnnouncementFeed, Notifier
from linkhub_core.ports.opened_ports import OpenedPorts
from linkhub_core.ports.product_store import (
    Change,
    Changes,
    Conflict,
    Created,
    CreateOutcome,
    Exists,
    Marked,
    MarkOutcome,
    ProductReader,
    ProductStore,
    Revised,
    ReviseOutcome,
    Revision,
    ShopStamps,
    UnknownCursor,
)
from linkhub_core.ports.queue_contents import QueueContents
from linkhub_core.ports.shop_directory import Shop, ShopDirectory
from linkhub_core.ports.staging_store import (
    DropOutcome,
    Dropped,
    Equal,
    Newer,
    Partner,
    ReportClaim,
    Staged,
    StageOutcome,
    StagingStore,
    Superseded,
)
from linkhub_core.ports.video_lookup import QueuedMessage, VideoLookup, VideoRecord
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = [
    "QUEUE_DEFAULTS",
    "AddOutcome",
    "Added",
    "AnnouncementFeed",
    "Change",
    "Changes",
    "Clock",
    "Conflict",
    "CreateOutcome",
    "Created",
    "DeadLetter",
    "DeadLetterQuery",
    "DeadLetters",
    "Delivery",
    "DropOutcome",
    "Dropped",
    "Entry",
    "Equal",
    "EventPublisher",
    "EventQueue",
    "Exists",
    "Journal",
    "Known",
    "LeaseOptions",
    "MarkOutcome",
    "Marked",
    "Newer",
    "Notifier",
    "OpenedPorts",
    "OutgoingMessage",
    "Page",
    "PageQuery",
    "Partner",
    "ProductReader",
    "ProductStore",
    "QueueContents",
    "QueueOptions",
    "QueuedMessage",
    "Refusal",
    "Refused",
    "Rejection",
    "ReportClaim",
    "ReviseOutcome",
    "Revised",
    "Revision",
    "Shop",
    "ShopDirectory",
    "ShopStamps",
    "SilentJournal",
    "StageOutcome",
    "Staged",
    "StagingStore",
    "Superseded",
    "UnknownCursor",
    "Unreadable",
    "VideoLookup",
    "VideoRecord",
]
