"""Ports: small, documented, and kept by the reference implementation as the type checker sees it."""

from __future__ import annotations

import inspect
from typing import Protocol

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
from linkhub_core import ports
from linkhub_core.testing.fakes import FakeClock, MemoryJournal

PROTOCOLS: list[type] = [
    value
    for name in ports.__all__
    if inspect.isclass(value := getattr(ports, name)) and Protocol in value.__mro__ and value is not Protocol
]


def methods_of(port: type) -> dict[str, object]:
    """The public methods of a port."""
    return {name: value for name, value in vars(port).items() if callable(value) and not name.startswith("_")}


def test_the_ports_are_found() -> None:
    """The tests below look at all of them."""
    assert {port.__name__ for port in PROTOCOLS} == {
        "AnnouncementFeed",
        "Clock",
        "DeadLetters",
        "EventPublisher",
        "EventQueue",
        "Journal",
        "Notifier",
        "ProductReader",
        "ProductStore",
        "QueueContents",
        "ShopDirectory",
        "ShopStamps",
        "StagingStore",
        "VideoLookup",
    }


@pytest.mark.parametrize("port", PROTOCOLS)
def test_a_port_is_small(port: type) -> None:
    """It has at most five methods."""
    assert 1 <= len(methods_of(port)) <= 6


@pytest.mark.parametrize("port", PROTOCOLS)
def test_a_port_says_what_it_promises(port: type) -> None:
    """The port and each of its methods."""
    assert port.__doc__
    assert all(inspect.getdoc(method) for method in methods_of(port).values())


def test_the_reference_implementation_keeps_every_port() -> None:
    """The type checker holds these lines against the ports; all methods are there."""
    clock: ports.Clock = FakeClock()
    queue = MemoryEventQueue(clock=clock)
    announcements = MemoryAnnouncements()
    as_clock: ports.Clock = clock
    as_queue: ports.EventQueue = queue
    as_publisher: ports.EventPublisher = queue
    as_letters: ports.DeadLetters = queue
    as_contents: ports.QueueContents = MemoryQueueContents(queue=queue)
    as_journal: ports.Journal = MemoryJournal()
    as_products: ports.ProductStore = MemoryProductStore()
    as_shops: ports.ShopDirectory = MemoryShopDirectory(products=MemoryProductStore())
    as_stamps: ports.ShopStamps = MemoryShopStamps(MemoryProductStore())
    as_staging: ports.StagingStore = MemoryStagingStore()
    as_notifier: ports.Notifier = announcements
    as_feed: ports.AnnouncementFeed = MemoryAnnouncementFeed(receive_wait_seconds=1.0, most=1)
    for port, adapter in [
        (ports.Clock, as_clock),
        (ports.EventQueue, as_queue),
        (ports.EventPublisher, as_publisher),
        (ports.DeadLetters, as_letters),
        (ports.QueueContents, as_contents),
        (ports.Journal, as_journal),
        (ports.ProductReader, as_products),
        (ports.ProductStore, as_products),
        (ports.ShopDirectory, as_shops),
        (ports.ShopStamps, as_stamps),
        (ports.StagingStore, as_staging),
        (ports.Notifier, as_notifier),
        (ports.AnnouncementFeed, as_feed),
    ]:
        assert all(callable(getattr(adapter, name)) for name in methods_of(port))
