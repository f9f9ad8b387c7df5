"""Events through the production consumer: every video has to become one product, announced, and nothing else.

At most a hundred products are under way: the latency of a product, from the publication of its halves until its
announcement is heard, is not that of a backlog.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import quantiles
from typing import Any

from attrs import define, field, frozen

from linkhub_cli.trial.checks import Deviation
from linkhub_cli.trial.sample_events import sample_body, sample_key
from linkhub_cli.wiring.container import Container
from linkhub_core.model import Kind, ProductKey, ProductRecord
from linkhub_core.ports import AnnouncementFeed, OutgoingMessage

_SELLERS = 20
_MIN_SECONDS, _EVENTS_PER_SECOND = 60, 10
_WINDOW = 50

Progress = Callable[[int, int], None]


@frozen(kw_only=True)
class Measured:
    """The results of the events."""

    events: int
    products: int
    seconds: float
    latencies_seconds: Sequence[float] = field(repr=False)

    @property
    def figures(self) -> dict[str, Any]:
        """The figures for people and programs."""
        cuts = quantiles(self.latencies_seconds, n=100, method="inclusive")
        return {
            "events": self.events,
            "products": self.products,
            "seconds": round(self.seconds, 2),
            "events_per_second": round(self.events / self.seconds, 1),
            "latency_seconds": {"median": round(cuts[49], 3), "99 %": round(cuts[98], 3)},
        }


@define(kw_only=True)
class EventTrial:
    """Sends ``events``, two for each video, and follows them; ``progress`` gets the products heard so far, and all."""

    container: Container
    events: int
    progress: Progress
    _sent_at: dict[ProductKey, datetime] = field(factory=dict, init=False)
    _heard_at: dict[ProductKey, datetime] = field(factory=dict, init=False)
    _heard: asyncio.Event = field(factory=asyncio.Event, init=False)

    @property
    def products(self) -> int:
        """The number of products that have to come of the events."""
        return self.events // 2

    async def run(self) -> Measured:
        """Publish, consume, listen, and look at the stores.

        Raises:
            Deviation: a product is missing or was saved twice, or something else is stored.
            ServiceUnavailable: the backend cannot be reached.
        """
        stop, clock = asyncio.Event(), self.container.clock()
        started_at = clock.now()
        async with self.container.backend().open_feed() as feed, asyncio.TaskGroup() as work:
            work.create_task(self.container.consumer().run(stop))
            publishing = work.create_task(self._publish())
            try:
                async with asyncio.timeout(_MIN_SECONDS + self.events / _EVENTS_PER_SECOND):
                    await self._listen(feed)
            except TimeoutError:
                pass  # the examination names what did not come
            finally:
                publishing.cancel()
                stop.set()
        await self._examine()
        return Measured(
            events=2 * self.products,
            products=len(self._heard_at),
            seconds=(max(self._heard_at.values()) - started_at).total_seconds(),
            latencies_seconds=[(at - self._sent_at[key]).total_seconds() for key, at in self._heard_at.items()],
        )

    def _window(self, videos: range) -> Sequence[OutgoingMessage]:
        """Both events of each video, in any order."""
        now, messages = self.container.clock().now(), []
        for video in videos:
            seller = f"events-{video % _SELLERS}"
            self._sent_at[sample_key(seller, video)] = now
            messages += [OutgoingMessage(kind=kind, body=sample_body(kind, seller, video, now)) for kind in Kind]
        random.Random(videos.start).shuffle(messages)  # noqa: S311  the same order in each trial
        return messages

    async def _publish(self) -> None:
        for start in range(0, self.products, _WINDOW):
            while len(self._sent_at) - len(self._heard_at) > _WINDOW:
                self._heard.clear()
                await self._heard.wait()
            window = self._window(range(start, min(start + _WINDOW, self.products)))
            await self.container.backend().publisher.publish(window)

    async def _listen(self, feed: AnnouncementFeed) -> None:
        while len(self._heard_at) < self.products:
            for announcement in await feed.receive():
                if announcement.key in self._sent_at:
                    self._heard_at.setdefault(announcement.key, self.container.clock().now())
            self._heard.set()
            self.progress(len(self._heard_at), self.products)

    async def _examine(self) -> None:
        if missing := self.products - len(self._heard_at):
            raise Deviation(f"{missing} of {self.products} products were not announced in time")
        await self.container.sweep()()
        backend = self.container.backend()
        halves = [row async for row in backend.staging.scan()]
        if halves:
            raise Deviation(f"{len(halves)} halves were left in staging")
        stored = [record async for record in backend.products.scan() if isinstance(record, ProductRecord)]
        if sorted(record.key for record in stored) != sorted(self._sent_at):
            raise Deviation(f"{len(stored)} products are stored, not the {self.products} that were sent")
        if any(record.revision != 1 or record.unannounced_revision for record in stored):
            raise Deviation("a product was saved twice, or is not announced")
