"""What every backend gives: its ports, and what an operator wants to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import field, frozen

from linkhub_adapters.telemetry import CloudUsage, Figures
from linkhub_cli.settings import Settings
from linkhub_core.ports import (
    AnnouncementFeed,
    Clock,
    DeadLetters,
    EventPublisher,
    EventQueue,
    Notifier,
    ProductStore,
    StagingStore,
    Videos,
)

__all__ = ["Backend", "OpenBackend"]


@frozen(kw_only=True)
class Backend:
    """The opened ports of one technology.

    ``open_feed`` listens to announcements from when it is entered until it is left. ``probes`` name what must answer
    for the process to be ready; each returns when it does, and raises when not. ``figures`` counts what stands there
    now. Where it is ``cheap_to_scan``, all that waits may be read every few seconds. ``usage`` tells what a
    cloud's services were asked for, where there is one. ``meet`` leaves the report of a process under its name and
    gives those of all, where there is a place for reports. What has to be closed is closed by whoever opened the
    backend.
    """

    name: str
    queue: EventQueue
    publisher: EventPublisher
    dead_letters: DeadLetters
    staging: StagingStore
    products: ProductStore
    videos: Videos
    notifier: Notifier
    open_feed: Callable[[], AbstractAsyncContextManager[AnnouncementFeed]]
    probes: Mapping[str, Callable[[], Awaitable[object]]]
    figures: Callable[[], Awaitable[Figures]]
    cheap_to_scan: bool
    usage: Callable[[], CloudUsage | None] = field(default=lambda: None)
    meet: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None


class OpenBackend(Protocol):
    """What the module of a backend offers under the name ``open_backend``."""

    def __call__(self, settings: Settings, clock: Clock) -> AbstractAsyncContextManager[Backend]:
        """Open it; leaving the context closes all that it holds.

        Raises:
            ServiceUnavailable: it cannot be reached.
        """
        ...
