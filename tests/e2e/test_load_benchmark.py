"""The benchmark of an hour's traffic, as small as can be: it loses nothing, and would say so if it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve
from benchmarks.load.clients import Sightings
from benchmarks.load.findings import examine
from benchmarks.load.run import Evidence, run
from benchmarks.load.traffic import POPULAR, Traffic

TRAFFIC = Traffic(products=200, clients=50, seconds=2.0, popular_clients=0.5, spread=50)

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The result of one run."""
    return run(TRAFFIC, tmp_path_factory.mktemp("load"))


def test_nothing_is_lost_nor_shown_twice(evidence: Evidence) -> None:
    """Queues are empty, every product is saved once, and every client of its shop was shown it once."""
    findings = examine(TRAFFIC, evidence)
    assert findings.faults == []
    assert (findings.missed, findings.doubled) == (0, 0)
    assert len(evidence.saved) == TRAFFIC.products
    assert evidence.sent.messages == 2 * 200 + 20 + TRAFFIC.rejected
    assert evidence.figures.dead_letters == TRAFFIC.rejected > 0


def test_half_of_everything_is_the_popular_shops(evidence: Evidence) -> None:
    """A hundred products for each of its 25 clients, and the rest for the others, two or three each."""
    findings = examine(TRAFFIC, evidence)
    assert TRAFFIC.sellers_of_products().count(POPULAR) == 100
    assert len(findings.popular_latencies) == 100 * 25
    assert len(findings.latencies) > 100 * 25
    assert min(findings.latencies) > 0


def _forget(seen: Sightings) -> Sightings:
    return evolve(seen, clients=seen.clients[1:], products=seen.products[1:], times=seen.times[1:])


def _repeat(seen: Sightings) -> Sightings:
    return evolve(
        seen,
        clients=seen.clients + seen.clients[:1],
        products=seen.products + seen.products[:1],
        times=seen.times + seen.times[:1],
    )


@pytest.mark.parametrize(
    ("change", "missed", "doubled"), [(_forget, 1, 0), (_repeat, 0, 1)], ids=["one missed", "one twice"]
)
def test_a_single_event_is_reported(
    evidence: Evidence, change: Callable[[Sightings], Sightings], missed: int, doubled: int
) -> None:
    """One event that a client missed, or was shown twice, is a fault of that client and of the count."""
    findings = examine(TRAFFIC, evolve(evidence, sightings=change(evidence.sightings)))
    assert (findings.missed, findings.doubled) == (missed, doubled)
    assert len(findings.faults) == 2


def test_missing_products_are_reported(evidence: Evidence) -> None:
    """A product that is not there, one without its announcement, and a half left behind."""
    first, second, *rest = evidence.saved
    spoilt = evolve(
        evidence,
        saved=[evolve(second, is_announced=False), *rest],
        figures=evolve(evidence.figures, staged=1, dead_letters=0),
    )
    assert first not in spoilt.saved
    assert [fault.split()[0] for fault in examine(TRAFFIC, spoilt).faults] == ["199", "1", "1", "0"]


def test_a_closed_client_is_reported(evidence: Evidence, tmp_path: Path) -> None:
    """By its close code, which outlives the way from one process to the other."""
    closed = evolve(evidence.sightings, closed={7: 1013})
    closed.write(tmp_path)
    findings = examine(TRAFFIC, evolve(evidence, sightings=Sightings.read(tmp_path)))
    assert findings.faults == ["1 clients were closed, by close code: {1013: 1}"]
