"""A generated stream of events of any length: in random order, some twice, some malformed, some without a partner.

Beside it are changes of listings, for every second product.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage
from linkhub_core.testing.builders import an_event

SELLERS = ("nalu-fashion", "boda.parts", "kikuubo_home")

_LISTINGS: Sequence[Sequence[Mapping[str, Any]]] = (
    [{"availability": "withdrawn"}],
    [{"availability": "withdrawn"}, {"title": "back"}],
    [{"title": "listed", "price": 49000}, {"availability": "sold_out"}, {"availability": "withdrawn"}],
    [{"availability": "sold_out", "title": "sold"}],
)


@frozen
class EventScript:
    """The messages and the expected result.

    ``titles`` are those of the visible products, by video; ``waiting`` the videos whose other half is never sent;
    ``rejected`` malformed bodies; ``listings`` the changes of each product, by seller and video.
    """

    messages: Sequence[OutgoingMessage]
    titles: Mapping[str, str]
    waiting: frozenset[str]
    rejected: frozenset[str]
    listings: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]

    @classmethod
    def generate(cls, rng: random.Random, videos: int) -> EventScript:
        """Each video has one to three captions and one or two sets of thumbnails; one in ten has captions only."""
        messages: list[OutgoingMessage] = []
        titles, waiting, rejected = {}, set(), set()
        for number in range(videos):
            video_id, seller = f"v{number:05}", SELLERS[number % len(SELLERS)]
            captions = rng.randint(1, 3)
            messages += [_caption(video_id, seller, version) for version in range(captions)]
            if number % 10 == 7:
                waiting.add(video_id)
            else:
                titles[video_id] = _title(video_id, captions - 1)
                messages += [_thumbnails(video_id, seller, version) for version in range(rng.randint(1, 2))]
            if number % 12 == 5:
                messages.append(OutgoingMessage(kind=Kind.CAPTION, body=f"{{ {video_id}", attributes={}))
                rejected.add(f"{{ {video_id}")
        messages += rng.sample(messages, len(messages) // 4)
        rng.shuffle(messages)
        listings = {}
        for number, video_id in enumerate(sorted(titles)[::2]):
            changes = _LISTINGS[number % len(_LISTINGS)]
            listings[SELLERS[int(video_id[1:]) % len(SELLERS)], video_id] = changes
            if changes[-1].get("availability") == "withdrawn":
                del titles[video_id]
            else:
                titles[video_id] = changes[-1].get("title", titles[video_id])
        return cls(messages, titles, frozenset(waiting), frozenset(rejected), listings)

    def in_parts(self, count: int) -> Iterator[Sequence[OutgoingMessage]]:
        """All messages in ``count`` parts."""
        for part in range(count):
            yield self.messages[part * len(self.messages) // count : (part + 1) * len(self.messages) // count]


def _title(video_id: str, version: int) -> str:
    return f"{video_id}, version {version + 1}"


def _caption(video_id: str, seller: str, version: int) -> OutgoingMessage:
    stamped = f"2026-01-15T12:{version:02}:00Z"
    return _message(Kind.CAPTION, video_id, seller, timestamp=stamped, title=_title(video_id, version))


def _thumbnails(video_id: str, seller: str, version: int) -> OutgoingMessage:
    return _message(Kind.THUMBNAIL, video_id, seller, timestamp=f"2026-01-15T12:{version:02}:30Z")


def _message(kind: Kind, video_id: str, seller: str, **fields: Any) -> OutgoingMessage:
    event = an_event(kind, video_id=video_id, seller_handle=seller, **fields)
    return OutgoingMessage(kind=kind, body=json.dumps(event), attributes={"correlationId": video_id})
