"""The contract of :class:`~linkhub_core.ports.Notifier` and its :class:`~linkhub_core.ports.AnnouncementFeed`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import pytest

from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import AnnouncementFeed, Notifier
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.extremes import extreme_captions
from linkhub_core.wire.codec import announce

__all__ = ["NotifierContract", "OpenFeed"]

SAFETY_SECONDS = 30.0  # for what happens within milliseconds, unless something is broken

OpenFeed = Callable[[], Awaitable[AnnouncementFeed]]


def _news(number: int) -> Announcement:
    return announce(a_record(a_key(number)), NOON, f"c-{number}")


async def _hear(feed: AnnouncementFeed, count: int) -> list[Announcement]:
    heard: list[Announcement] = []
    async with asyncio.timeout(SAFETY_SECONDS):
        while len(heard) < count:
            heard += await feed.receive()
    return heard


def _by_content(announcement: Announcement) -> tuple[bytes, str]:
    return announcement.event_json, announcement.correlation_id


class NotifierContract:
    """Subclass it with fixtures ``notifier``, and ``open_feed``: a coroutine function that opens a feed of its bus.

    A bus may hand announcements over in another order than it was given them: then ``is_ordered`` is false, and what
    is compared is which came, and how often.
    """

    pytestmark = pytest.mark.asyncio
    is_ordered: ClassVar[bool] = True

    def _same(self, heard: Sequence[Announcement], told: Sequence[Announcement]) -> bool:
        if self.is_ordered:
            return list(heard) == list(told)
        return sorted(heard, key=_by_content) == sorted(told, key=_by_content)

    async def test_every_open_feed_hears_the_news(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Each feed gets each announcement, whole, in the order of their arrival."""
        feeds = [await open_feed(), await open_feed()]
        news = [_news(number) for number in range(25)]
        await notifier.notify(news)
        for feed in feeds:
            assert self._same(await _hear(feed, 25), news)

    async def test_a_feed_hears_what_comes_after_it_was_opened(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """What was announced before is not heard."""
        await notifier.notify([_news(1)])
        feed = await open_feed()
        await notifier.notify([_news(2)])
        assert await _hear(feed, 1) == [_news(2)]

    async def test_silence_is_an_empty_answer(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """When nothing comes within the waiting time, a feed answers with nothing, and goes on."""
        feed = await open_feed()
        assert list(await feed.receive()) == []
        await notifier.notify([_news(1)])
        assert await _hear(feed, 1) == [_news(1)]

    async def test_the_same_news_may_be_told_again(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Announcing again is allowed; it is heard again."""
        feed = await open_feed()
        await notifier.notify([_news(1)])
        await notifier.notify([_news(1)])
        assert await _hear(feed, 2) == [_news(1), _news(1)]

    async def test_a_listener_that_waits_hears_at_once_what_is_told(
        self, notifier: Notifier, open_feed: OpenFeed
    ) -> None:
        """Many announcements in one call reach a feed that is being read, all of them."""
        feed = await open_feed()
        news = [_news(number) for number in range(250)]
        heard, _ = await asyncio.gather(_hear(feed, 250), notifier.notify(news))
        assert self._same(heard, news)

    async def test_no_news_is_no_news(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """An empty batch tells nobody anything."""
        feed = await open_feed()
        await notifier.notify([])
        assert list(await feed.receive()) == []

    async def test_an_event_arrives_in_the_very_bytes(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Whatever a product says, its event is not encoded anew on the way."""
        feed = await open_feed()
        news = [
            announce(a_record(a_key(number), caption=caption), NOON, "c-1")
            for number, caption in enumerate(extreme_captions())
        ]
        await notifier.notify(news)
        heard = await _hear(feed, len(news))
        assert sorted(one.event_json for one in heard) == sorted(one.event_json for one in news)
        assert self._same(heard, news)
