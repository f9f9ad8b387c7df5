"""The messages and the subscribers of a run, computed from a few numbers and a seed, the same in every process.

One shop, the popular one, has a share of everything; the others share the rest evenly. The title of each product holds
its number as ``|0000123|``, and nothing else in an event does: so a client identifies a product without parsing the
event.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

from attrs import evolve, frozen

from benchmarks.events import SELLERS, pair
from linkhub_core.ports import OutgoingMessage

MARK = b"|"
POPULAR = SELLERS[0]
_TITLE = "Trendy Summer Heels"


@frozen(kw_only=True)
class Sending:
    """A message, and the number of the product that it is a half of; none for one that has to be rejected."""

    number: int | None
    message: OutgoingMessage


@frozen(kw_only=True)
class Traffic:
    """How much of everything.

    Args:
        products: how many videos, of two messages each.
        clients: how many connections, each of which watches one shop.
        seconds: how long the sending takes.
        popular_products: the share of the popular shop among the products.
        popular_clients: its share among the clients.
        socketio_clients: the share of the clients that speak Socket.IO.
        spread: how far apart the halves of a video are sent, in messages, at most.
        twice: the share of the messages that are sent a second time.
        malformed: how many messages come on top that have to be rejected, as a share of the good ones.
        seed: for the same messages at each run.
    """

    products: int
    clients: int
    seconds: float
    popular_products: float = 0.5
    popular_clients: float = 0.5
    socketio_clients: float = 0.15
    spread: int = 200
    twice: float = 0.05
    malformed: float = 0.005
    seed: int = 1

    @property
    def rejected(self) -> int:
        """How many messages have to be rejected."""
        return round(2 * self.products * self.malformed)

    def sellers_of_products(self) -> Sequence[str]:
        """The shop of each product, by its number."""
        return _shared_out(self.products, self.popular_products)

    def sellers_of_clients(self) -> Sequence[str]:
        """The shop that each client watches, by its number."""
        return _shared_out(self.clients, self.popular_clients)

    def dialects_of_clients(self) -> Sequence[str]:
        """The protocol of each client, by its number: ``plain`` or ``socketio``."""
        return ["socketio" if chosen else "plain" for chosen in _evenly(self.clients, self.socketio_clients)]

    def sendings(self) -> Sequence[Sending]:
        """All messages, in the order in which they are sent."""
        chance = random.Random(self.seed)
        halves = list(self._halves(chance))
        placed = [(place + chance.random() * self.spread, half) for place, half in enumerate(halves)]
        again = [(place + chance.random() * self.spread, half) for place, half in _some(placed, self.twice, chance)]
        broken = [
            (chance.random() * len(halves), _broken(chance.choice(halves), index)) for index in range(self.rejected)
        ]
        return [sending for _, sending in sorted(placed + again + broken, key=lambda entry: entry[0])]

    def _halves(self, chance: random.Random) -> Iterator[Sending]:
        for number, seller in enumerate(self.sellers_of_products()):
            caption, thumbnails = pair(number, chance, sellers=[seller])
            mark = MARK.decode()
            body = caption.body.replace(_TITLE, f"{_TITLE} {mark}{number:07d}{mark}")
            yield Sending(number=number, message=evolve(caption, body=body))
            yield Sending(number=number, message=thumbnails)


def number_of(video_id: str) -> int:
    """The number of a product."""
    return int(video_id[-11:])


def _evenly(count: int, share: float) -> Sequence[bool]:
    """Choose a share, spread over the whole."""
    return [int((number + 1) * share) > int(number * share) for number in range(count)]


def _shared_out(count: int, share: float) -> Sequence[str]:
    others = cycle(SELLERS[1:])
    return [POPULAR if is_popular else next(others) for is_popular in _evenly(count, share)]


def _some(
    placed: Sequence[tuple[float, Sending]], share: float, chance: random.Random
) -> Sequence[tuple[float, Sending]]:
    return chance.sample(placed, round(len(placed) * share))


def _broken(sending: Sending, index: int) -> Sending:
    message = sending.message
    body = _BREAKING[index % len(_BREAKING)](message.body)
    return Sending(number=None, message=evolve(message, body=body))


_BREAKING: Sequence[Callable[[str], str]] = (
    lambda body: body[: len(body) // 2],
    lambda body: body.replace('"video_id"', '"vedio_id"'),
    lambda body: body.replace('"timestamp":"', '"timestamp":"yesterday '),
    lambda body: f"[{body},{body}]",
)
