"""The results of a run: events lost or received twice, latencies, and the growth of memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from benchmarks.load.clients import Sightings
from benchmarks.load.run import QUARTERS, Evidence
from benchmarks.load.traffic import POPULAR, Traffic, number_of

MOST_GROWTH = 0.05
_MIDDLE = QUARTERS.index(0.5)


@frozen(kw_only=True)
class Growth:
    """The memory of a process, in bytes, at each quarter; flat is what grew by 5 % at most in the second half.

    A server grows by some 400 bytes a product, until it remembers the newest revision of 100,000: that is its bound, of
    which a run shows the beginning only.
    """

    resident_bytes: Sequence[int]
    products: int

    @property
    def _grown_bytes(self) -> int:
        return self.resident_bytes[-1] - self.resident_bytes[_MIDDLE]

    @property
    def share(self) -> float:
        """By how much of itself it grew in the second half."""
        return self._grown_bytes / self.resident_bytes[_MIDDLE]

    @property
    def bytes_per_product(self) -> float:
        """By how much it grew for each product that was published in the second half."""
        return self._grown_bytes / (self.products * (1 - QUARTERS[_MIDDLE]))

    @property
    def is_flat(self) -> bool:
        """Whether it stayed as it was."""
        return self.share <= MOST_GROWTH


@frozen(kw_only=True)
class Findings:
    """``faults`` say what was lost or wrong, and are empty when nothing was. ``latencies`` are seconds from just before
    the later half was put on the queue until a client's socket was read, sorted, of all clients and of the popular
    shop's. ``missed`` counts clients that missed something, ``doubled`` those that were shown something twice."""

    faults: Sequence[str]
    latencies: Sequence[float] = field(repr=False)
    popular_latencies: Sequence[float] = field(repr=False)
    missed: int
    doubled: int
    saved_per_second: float
    growth: Mapping[str, Growth]


def examine(traffic: Traffic, evidence: Evidence) -> Findings:
    """Compare what came of a run with what had to come of it."""
    shown = _shown(traffic, evidence.sightings)
    sellers = traffic.sellers_of_clients()
    due = {seller: _due(traffic, seller) for seller in set(sellers)}
    missed = [number for number, seller in enumerate(sellers) if _lacks(shown[number], due[seller])]
    doubled = [number for number, seller in enumerate(sellers) if _exceeds(shown[number], due[seller])]
    latencies = _latencies(evidence, [True] * traffic.clients)
    popular = _latencies(evidence, [seller == POPULAR for seller in sellers])
    faults = [*_faults_of_clients(traffic, evidence, missed, doubled), *_faults_of_stores(traffic, evidence)]
    return Findings(
        faults=faults,
        latencies=latencies,
        popular_latencies=popular,
        missed=len(missed),
        doubled=len(doubled),
        saved_per_second=_saved_per_second(evidence),
        growth={
            name: Growth(resident_bytes=[look.resident_bytes for look in looks], products=traffic.products)
            for name, looks in evidence.vitals.items()
        },
    )


def _shown(traffic: Traffic, seen: Sightings) -> Sequence[bytes]:
    """How often each client saw each product: a row of counts for each client."""
    counts = [bytearray(traffic.products) for _ in range(traffic.clients)]
    for client, product in zip(seen.clients, seen.products, strict=True):
        row = counts[client]
        row[product] = min(255, row[product] + 1)
    return [bytes(row) for row in counts]


def _due(traffic: Traffic, seller: str) -> bytes:
    return bytes(each == seller for each in traffic.sellers_of_products())


def _lacks(row: bytes, due: bytes) -> bool:
    return row != due and any(count < wanted for count, wanted in zip(row, due, strict=True))


def _exceeds(row: bytes, due: bytes) -> bool:
    return row != due and any(count > wanted for count, wanted in zip(row, due, strict=True))


def _latencies(evidence: Evidence, counts: Sequence[bool]) -> Sequence[float]:
    seen, published_at = evidence.sightings, evidence.published_at
    moments = zip(seen.clients, seen.products, seen.times, strict=True)
    return sorted(moment - published_at[product] for client, product, moment in moments if counts[client])


def _faults_of_clients(
    traffic: Traffic, evidence: Evidence, missed: Sequence[int], doubled: Sequence[int]
) -> Sequence[str]:
    closed = evidence.sightings.closed
    delivered, seen = evidence.metrics["linkhub_deliveries_total"], len(evidence.sightings.times)
    claims = {
        f"{len(missed)} of {traffic.clients} clients missed something, the first is client {missed[:1]}": missed,
        f"{len(doubled)} clients were shown something twice, or of another shop": doubled,
        f"{len(closed)} clients were closed, by close code: {dict(Counter(closed.values()))}": closed,
        f"the server counts {delivered:,.0f} deliveries, the clients {seen:,}": delivered != seen,
    }
    return [claim for claim, holds in claims.items() if holds]


def _faults_of_stores(traffic: Traffic, evidence: Evidence) -> Sequence[str]:
    figures, sellers = evidence.figures, traffic.sellers_of_products()
    right = {(seller, number) for number, seller in enumerate(sellers)}
    found = [(record.seller_handle, number_of(record.video_id)) for record in evidence.saved]
    revised = sum(record.revision != 1 for record in evidence.saved)
    silent = sum(not record.is_announced for record in evidence.saved)
    claims = {
        f"{sum(figures.queued.values())} messages are still queued": any(figures.queued.values()),
        f"{len(found)} products were saved, not the {len(right)} that were sent": sorted(found) != sorted(right),
        f"{revised} products have a second revision": revised,
        f"{silent} products are not marked as announced": silent,
        f"{figures.staged} halves wait beside their products": figures.staged,
        f"{figures.dead_letters} dead letters, not {traffic.rejected}": figures.dead_letters != traffic.rejected,
    }
    return [claim for claim, holds in claims.items() if holds]


def _saved_per_second(evidence: Evidence) -> float:
    moments = [record.created_at for record in evidence.saved]
    seconds = (max(moments) - min(moments)).total_seconds() if moments else 0.0
    return len(moments) / seconds if seconds else 0.0
