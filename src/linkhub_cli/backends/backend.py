"""What every backend gives: its ports, and what an operator wants to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import field, frozen

from linkhub_adapters.observability import CloudUsage, Figures
from linkhub_cli.settings import Settings
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import (
    AnnouncementFeed,
    Clock,
    DeadLetters,
    EventPublisher,
    EventQueue,
    Notifier,
    ProductStore,
    ShopStamps,
    StagingStore,
    VideoLookup,
)

__all__ = ["OPEN_ALL", "OPEN_STORES", "Backend", "OpenBackend", "Opening"]


@frozen(kw_only=True)
class Opening:
    """What a backend is opened for.

    Args:
        makes_storage: whether storage that is absent is made; what only looks finds nothing there.
        uses_queues: whether queues are used, and have to be as a consumer needs them.
    """

    makes_storage: bool = True
    uses_queues: bool = True


OPEN_ALL = Opening()
OPEN_STORES = Opening(makes_storage=False, uses_queues=False)


@frozen(kw_only=True)
class Backend:
    """The opened ports of one technology.

    ``open_feed`` listens to announcements from when it is entered until it is left. ``probes`` name what must answer
    for any process to be ready, ``work_probes`` what must answer for one that consumes; each returns when it does, and
    raises when not. ``guard`` raises ``StoreLost`` when no process that opened the backend can go on. ``made`` names
    the storage that was made when the backend was opened, if there was none. ``figures`` counts what is there now.
    Where it is ``cheap_to_scan``, all that waits may be read every few seconds. ``usage`` counts the calls of a cloud's
    services, where there is one. ``meet`` leaves the report of a process under its name and gives those of all,
    ``leave`` removes one, where there is a place for reports. ``stamps`` change with a shop, for pages that are kept of
    it; ``received`` is called with announcements before viewers get them. The opener closes what has to be closed.
    """

    name: str
    queue: EventQueue
    publisher: EventPublisher
    dead_letters: DeadLetters
    staging: StagingStore
    products: ProductStore
    videos: VideoLookup
    notifier: Notifier
    open_feed: Callable[[], AbstractAsyncContextManager[AnnouncementFeed]]
    probes: Mapping[str, Callable[[], Awaitable[object]]]
    figures: Callable[[], Awaitable[Figures]]
    cheap_to_scan: bool
    work_probes: Mapping[str, Callable[[], Awaitable[object]]] = field(factory=dict)
    guard: Callable[[], Awaitable[object]] | None = None
    made: str | None = None
    usage: Callable[[], CloudUsage | None] = field(default=lambda: None)
    stamps: ShopStamps | None = None
    received: Callable[[Sequence[Announcement]], None] = field(default=lambda _: None)
    meet: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None
    leave: Callable[[str], Awaitable[None]] | None = None


class OpenBackend(Protocol):
    """What the module of a backend offers under the name ``open_backend``."""

    def __call__(self, settings: Settings, clock: Clock, opening: Opening) -> AbstractAsyncContextManager[Backend]:
        """Open it; leaving the context closes all that it holds.

        Raises:
            SettingsFaulty: a setting names something that is not there, or that cannot be used.
            ServiceUnavailable: it cannot be reached.
        """
        ...
