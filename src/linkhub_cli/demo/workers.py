"""The two simulated workers: an endless, seeded script of messages and their times.

Halves of a video come in either order, seconds apart: some twice, some again later with another price, a few never, a
few malformed. The same seed gives the same script.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field, frozen

from linkhub_adapters.runtime.waiting import stopped_within
from linkhub_cli.demo.shops import SHOPS, SampleProduct, Shop
from linkhub_core.model import Kind
from linkhub_core.ports import Clock, EventPublisher, OutgoingMessage
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import timestamp_text

_FIRST_VIDEO_ID = 7_301_234_568_000_000_000
_THUMBNAILS = 5

COPIED, PARSED_AGAIN, NEVER_COMES, MALFORMED = 0.08, 0.06, 0.03, 0.03


@frozen(order=True)
class Sending:
    """A message, and when it is sent, in seconds from the start."""

    at_seconds: float
    number: int
    message: OutgoingMessage = field(order=False)


@define(kw_only=True)
class SimulatedWorkers:
    """The script: ``videos_per_second`` are posted on average, with pictures below ``picture_url``."""

    seed: int
    start: datetime
    videos_per_second: float
    picture_url: str
    _random: random.Random = field(init=False)
    _numbers: Iterator[int] = field(factory=itertools.count, init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  a demonstration, not a secret

    def script(self) -> Iterator[Sending]:
        """All messages in order, without end."""
        pending: list[Sending] = []
        posted_at = 0.0
        for video in itertools.count(1):
            posted_at += self._random.expovariate(self.videos_per_second)
            for sending in self._post(posted_at, f"{_FIRST_VIDEO_ID + video * 1_000_003}"):
                heapq.heappush(pending, sending)
            while pending and pending[0].at_seconds <= posted_at:
                yield heapq.heappop(pending)

    def _post(self, at_seconds: float, video_id: str) -> Iterator[Sending]:
        """The messages of both workers for one video."""
        chance = self._random
        shop: Shop = chance.choices(SHOPS, weights=range(len(SHOPS), 0, -1))[0]
        product = shop.product_of(video_id)
        captioned, cut = (at_seconds + chance.uniform(0.05, 2.5) for _ in range(2))
        missing = chance.choice(list(Kind)) if chance.random() < NEVER_COMES else None
        if missing is not Kind.CAPTION:
            yield from self._send(captioned, Kind.CAPTION, self._caption(shop, product, video_id, captioned))
        if missing is not Kind.THUMBNAIL:
            yield from self._send(cut, Kind.THUMBNAIL, self._thumbnails(shop, video_id, cut))
        if chance.random() < PARSED_AGAIN:
            again = max(captioned, cut) + chance.uniform(2, 10)
            reduced = self._caption(shop, product, video_id, again) | {"title": f"{product.title} (reduced)"}
            yield from self._send(again, Kind.CAPTION, reduced)

    def _send(self, at_seconds: float, kind: Kind, event: dict[str, Any]) -> Iterator[Sending]:
        if self._random.random() < MALFORMED:
            event = event | self._random.choice(_MISTAKES[kind])
        body = json_text.dump(event).decode()
        message = OutgoingMessage(
            kind=kind, body=body, attributes={"correlationId": f"demo-{event['video_id']}-{kind.value}"}
        )
        yield Sending(at_seconds, next(self._numbers), message)
        if self._random.random() < COPIED:
            yield Sending(at_seconds + self._random.uniform(0, 3), next(self._numbers), message)

    def _caption(self, shop: Shop, product: SampleProduct, video_id: str, at_seconds: float) -> dict[str, Any]:
        chance = self._random
        price = None if product.price_from is None else chance.randrange(product.price_from, product.price_to, 500)
        return {
            "video_id": video_id,
            "seller_handle": shop.seller_handle,
            "title": product.title,
            "price": price,
            "sizes": chance.choice(product.sizes) or None,
            "tags": list(product.tags),
            "confidence_score": round(chance.uniform(0.6, 0.99), 3),
            "raw_caption": f"{product.title} #{shop.seller_handle} DM to order",
            "timestamp": self._stamp(at_seconds),
        }

    def _thumbnails(self, shop: Shop, video_id: str, at_seconds: float) -> dict[str, Any]:
        best = self._random.randrange(_THUMBNAILS)
        frames = [self._frame(shop, video_id, number, is_primary=number == best) for number in range(_THUMBNAILS)]
        return {
            "video_id": video_id,
            "seller_handle": shop.seller_handle,
            "thumbnails": frames,
            "primary_thumbnail": frames[best],
            "processing_metadata": {
                "video_duration": round(self._random.uniform(8, 60), 2),
                "frames_analyzed": self._random.randrange(40, 200),
                "thumbnails_generated": _THUMBNAILS,
                "processing_time_ms": self._random.randrange(600, 4_000),
            },
            "timestamp": self._stamp(at_seconds),
        }

    def _frame(self, shop: Shop, video_id: str, number: int, *, is_primary: bool) -> dict[str, Any]:
        return {
            "thumbnail_url": f"{self.picture_url}/{shop.seller_handle}/{video_id}_{number}.svg",
            "thumbnail_s3_key": f"thumbnails/{shop.seller_handle}/{video_id}_{number}.svg",
            "frame_timestamp": round(number * 1.7 + 0.25, 3),
            "frame_index": number * 45,
            "confidence_score": round(self._random.uniform(0.5, 0.99), 4),
            "quality_score": round(self._random.uniform(0.5, 0.99), 4),
            "is_primary": is_primary,
        }

    def _stamp(self, at_seconds: float) -> str:
        return timestamp_text(self.start + timedelta(seconds=at_seconds))


_MISTAKES: dict[Kind, tuple[dict[str, Any], ...]] = {
    Kind.CAPTION: ({"price": "45k"}, {"tags": "dress, linen"}, {"timestamp": "yesterday"}, {"title": None}),
    Kind.THUMBNAIL: ({"thumbnails": []}, {"primary_thumbnail": None}, {"processing_metadata": {}}),
}


@frozen(kw_only=True)
class Feeding:
    """The duty that publishes the script, each message when it is due."""

    workers: SimulatedWorkers
    publisher: EventPublisher
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set."""
        for sending in self.workers.script():
            since_start = (self.clock.now() - self.workers.start).total_seconds()
            if await stopped_within(stop, sending.at_seconds - since_start):
                return
            await self.publisher.publish([sending.message])
