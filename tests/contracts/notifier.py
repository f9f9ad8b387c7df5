"""The contract of :class:`~linkhub_core.ports.Notifier` and its :class:`~linkhub_core.ports.AnnouncementFeed`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce
from linkhub_core.ports import AnnouncementFeed, Notifier
from tests.support.builders import NOON, a_key, a_record

__all__ = ["NotifierContract"]

OpenFeed = Callable[[], Awaitable[AnnouncementFeed]]


def _news(number: int) -> Announcement:
    return announce(a_record(a_key(number)), NOON, f"c-{number}")


async def _take(feed: AnnouncementFeed, count: int) -> list[Announcement]:
    taken: list[Announcement] = []
    while len(taken) < count:
        received = await feed.receive()
        assert received, f"only {len(taken)} of {count} came"
        taken += received
    return taken


class NotifierContract:
    """Subclass it with fixtures ``notifier``, and ``open_feed``: a coroutine function that opens a feed of its bus."""

    async def test_every_open_feed_hears_the_news(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Each feed gets each announcement, whole, in the order in which they were handed over."""
        feeds = [await open_feed(), await open_feed()]
        news = [_news(number) for number in range(25)]
        await notifier.notify(news)
        for feed in feeds:
            assert await _take(feed, 25) == news

    async def test_a_feed_hears_what_comes_after_it_was_opened(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """What was announced before is not heard."""
        await notifier.notify([_news(1)])
        feed = await open_feed()
        await notifier.notify([_news(2)])
        assert await _take(feed, 1) == [_news(2)]

    async def test_silence_is_an_empty_answer(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """When nothing comes within the waiting time, a feed answers with nothing, and goes on."""
        feed = await open_feed()
        assert list(await feed.receive()) == []
        await notifier.notify([_news(1)])
        assert await _take(feed, 1) == [_news(1)]

    async def test_the_same_news_may_be_told_again(self, notifier: Notifier, open_feed: OpenFeed) -> None:
        """Announcing again is allowed; it is heard again."""
        feed = await open_feed()
        await notifier.notify([_news(1)])
        await notifier.notify([_news(1)])
        assert await _take(feed, 2) == [_news(1), _news(1)]
