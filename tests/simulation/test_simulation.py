"""Thousands of worlds, each from its seed: whatever goes wrong in them, linkhub keeps what it guarantees."""

from __future__ import annotations

import pytest

from tests.simulation.world import simulate

SEEDS = 6_000
CHUNK = 250


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_guarantee_holds_in_every_world(first: int) -> None:
    """Storm, calm, sweep, redrive and copies: nothing is lost, wrong, unannounced or left over."""
    for seed in range(first, first + CHUNK):
        violations = simulate(seed).violations
        assert not violations, f"{violations[0]}; replay it: .venv/bin/python -m tests.simulation {seed}"


def test_a_seed_gives_the_same_run_each_time() -> None:
    """A failure can be replayed: the trace of a seed is the same to the last line."""
    for seed in range(20):
        assert simulate(seed, traced=True) == simulate(seed, traced=True)


def test_a_trace_changes_nothing() -> None:
    """A run that is watched takes the same course as one that is not."""
    for seed in range(20):
        assert simulate(seed, traced=True).virtual_seconds == simulate(seed).virtual_seconds


def test_the_storms_are_real() -> None:
    """Crashes, faults and lost races all happen, so the worlds do not pass because nothing goes on in them."""
    told = "\n".join(line for seed in range(60) for line in simulate(seed, traced=True).trace)
    for sight in (
        "CRASHES",
        "never arrived",
        "was lost",
        "stopped after",
        "is down",
        "REFUSED",
        "-> Exists",
        "-> Conflict",
        "-> Newer",
        "-> Equal",
        "-> Superseded",
        "-> Partner",
        "scanned row",
        "scanned product",
        "reject",
    ):
        assert sight in told, f"never seen: {sight}"
