"""The contract of :class:`~linkhub_core.ports.Notifier` and its :class:`~linkhub_core.ports.AnnouncementFeed`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import ClassVar

import pytest
from attrs import evolve

from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport
from linkhub_core.ports import AnnouncementFeed, Notifier
from linkhub_core.testing.builders import NOON, a_key, a_record, a_waiting
from linkhub_core.testing.extremes import extreme_captions
from linkhub_core.testing.readable import optional_fixture
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.codec import timestamp_text

SAFETY_SECONDS = 30.0  # for what happens within milliseconds, unless something is broken

OpenFeed = Callable[[], AbstractAsyncContextManager[AnnouncementFeed]]


def _announcement(number: int) -> Announcement:
    stamped_at = None if number % 2 else timestamp_text(NOON + timedelta(milliseconds=number))
    return evolve(announce(a_record(a_key(number)), NOON, f"c-{number}"), stamped_at=stamped_at)


async def _receive(feed: AnnouncementFeed, count: int) -> list[Announcement]:
    received: list[Announcement] = []
    async with asyncio.timeout(SAFETY_SECONDS):
        while len(received) < count:
            received += await feed.receive()
    return received


def _by_content(announcement: Announcement) -> tuple[bytes, str]:
    return announcement.event_json, announcement.correlation_id


class NotifierContract:
    """Subclass it with a fixture ``notifier``.

    The suite opens feeds with ``notifier.open_feed()``. If the notifier has no such method, add a fixture ``open_feed``
    that gives an :data:`OpenFeed`: a function that returns an asynchronous context manager of a new feed. With neither,
    every test is skipped. A feed should wait briefly: ``receive`` returns an empty batch after that.

    Set ``is_ordered`` to false if the bus may deliver announcements in another order; the suite then compares which
    announcements arrive, and how often.
    """

    pytestmark = pytest.mark.asyncio
    is_ordered: ClassVar[bool] = True

    @pytest.fixture
    def open_feed(self, request: pytest.FixtureRequest, notifier: Notifier) -> OpenFeed:
        """Opens a feed of the notifier's bus."""
        if (open_feed := getattr(notifier, "open_feed", None)) is None:
            open_feed = optional_fixture(request, "open_feed", "the notifier has no method open_feed")
        opened: OpenFeed = open_feed
        return opened

    def _same(self, received: Sequence[Announcement], sent: Sequence[Announcement]) -> bool:
        if self.is_ordered:
            return list(received) == list(sent)
        return sorted(received, key=_by_content) == sorted(sent, key=_by_content)

    async def test_every_open_feed_receives_every_announcement(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Each feed receives each announcement unchanged, in the order of ``notify``."""
        sent = [_announcement(number) for number in range(25)]
        async with open_feed() as one, open_feed() as other:
            await notifier.notify(sent)
            for feed in (one, other):
                assert self._same(await _receive(feed, 25), sent)

    async def test_a_later_call_is_received_later(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """An ordered bus keeps the order of calls and of the announcements of a call, for each feed alike."""
        batches = [[_announcement(number + offset) for offset in (0, 2, 1)] for number in range(0, 30, 3)]
        sent = [announcement for batch in batches for announcement in batch]
        async with open_feed() as one, open_feed() as other:
            for batch in batches:
                await notifier.notify(batch)
            for feed in (one, other):
                assert self._same(await _receive(feed, len(sent)), sent)

    async def test_a_feed_receives_what_follows_its_opening(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Announcements from before the feed was opened are not received."""
        await notifier.notify([_announcement(1)])
        async with open_feed() as feed:
            await notifier.notify([_announcement(2)])
            assert await _receive(feed, 1) == [_announcement(2)]

    async def test_receive_returns_an_empty_batch_after_its_waiting_time(
        self, notifier: Notifier, open_feed: OpenFeed
    ) -> None:
        """Without an announcement ``receive`` returns an empty batch; the feed stays usable."""
        async with open_feed() as feed:
            assert list(await feed.receive()) == []
            await notifier.notify([_announcement(1)])
            assert await _receive(feed, 1) == [_announcement(1)]

    async def test_an_announcement_may_be_repeated(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """The same announcement, sent twice, is received twice."""
        async with open_feed() as feed:
            await notifier.notify([_announcement(1)])
            await notifier.notify([_announcement(1)])
            assert await _receive(feed, 2) == [_announcement(1), _announcement(1)]

    async def test_a_large_batch_reaches_a_waiting_feed(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """All announcements of one large call reach a feed that is waiting in ``receive``."""
        sent = [_announcement(number) for number in range(250)]
        async with open_feed() as feed:
            received, _ = await asyncio.gather(_receive(feed, 250), notifier.notify(sent))
        assert self._same(received, sent)

    async def test_an_empty_batch_sends_nothing(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """No feed receives anything from an empty batch."""
        async with open_feed() as feed:
            await notifier.notify([])
            assert list(await feed.receive()) == []

    async def test_a_report_reaches_no_feed(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Reports of halves that wait long are for other services: feeds receive what follows."""
        reports = [HalfReport.of(a_waiting(), is_expired=is_expired) for is_expired in (False, True)]
        async with open_feed() as feed:
            await notifier.report(reports)
            await notifier.report([])
            await notifier.notify([_announcement(1)])
            assert await _receive(feed, 1) == [_announcement(1)]

    async def test_an_event_arrives_byte_by_byte(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """The bytes of ``event_json`` are unchanged for captions at every limit of the model."""
        sent = [
            announce(a_record(a_key(number), caption=caption), NOON, "c-1")
            for number, caption in enumerate(extreme_captions())
        ]
        async with open_feed() as feed:
            await notifier.notify(sent)
            received = await _receive(feed, len(sent))
        assert sorted(one.event_json for one in received) == sorted(one.event_json for one in sent)
        assert self._same(received, sent)
