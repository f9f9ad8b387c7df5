"""The bus of the AWS backend: a notifier on the topic, and the feed of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define, field

from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed
from linkhub_adapters.aws.sns.node_queues import NodeQueues
from linkhub_adapters.aws.sns.notifier import SnsNotifier
from linkhub_core.errors import LinkhubError

BEAT_SECONDS = 30.0


@define(kw_only=True, eq=False)
class TopicBus:
    """Announcements by the topic. A process that opens the feed receives them from a queue of its own."""

    notifier: SnsNotifier
    nodes: NodeQueues
    feed: SnsAnnouncementFeed
    _is_open: bool = field(default=False, init=False)

    async def check(self) -> None:
        """Return if the feed is closed or works.

        Raises:
            LinkhubError: as :meth:`SnsAnnouncementFeed.check`.
        """
        if self._is_open:
            await self.feed.check()

    @asynccontextmanager
    async def open_feed(self) -> AsyncIterator[SnsAnnouncementFeed]:
        """Open the feed, and close it at the end; one at a time."""
        await self.feed.open()
        self._is_open = True
        beating = asyncio.create_task(self._beat())
        try:
            yield self.feed
        finally:
            self._is_open = False
            beating.cancel()
            await asyncio.wait([beating])
            await self.feed.close()

    async def _beat(self) -> None:
        """Renew this process's queue, and remove the queues of dead processes; :meth:`check` reports a failure."""
        while True:
            with contextlib.suppress(LinkhubError):
                await self.feed.beat()
                await self.nodes.remove_dead()
            await asyncio.sleep(BEAT_SECONDS)
