"""Thousands of runs, each from its seed: linkhub keeps its guarantees through every fault."""

from __future__ import annotations

import re

import pytest

from linkhub_core.model import Kind
from tests.simulation import shrinking
from tests.simulation.plan import Plan
from tests.simulation.world import Outcome, simulate

SEEDS = 6_000
CHUNK = 250


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_guarantee_holds_in_every_world(first: int) -> None:
    """Faults, repair, sweep, redrive and copies: nothing is lost, wrong, unannounced or left over."""
    for seed in range(first, first + CHUNK):
        violations = simulate(seed).violations
        assert not violations, f"{violations[0]}; see its log, shrunk: .venv/bin/python -m tests.simulation {seed}"


def test_a_seed_gives_the_same_run_each_time() -> None:
    """A failure can be replayed: the log of a seed is the same to the last line."""
    for seed in range(20):
        assert simulate(seed, logged=True) == simulate(seed, logged=True)


def test_the_log_changes_nothing() -> None:
    """A run that is watched takes the same course as one that is not."""
    for seed in range(20):
        assert simulate(seed, logged=True).virtual_seconds == simulate(seed).virtual_seconds


def test_the_faults_happen() -> None:
    """Crashes, faults and lost races all occur: the runs do not pass because nothing happens in them."""
    logged = "\n".join(line for seed in range(120) for line in simulate(seed, logged=True).log)
    for sight in (
        "crashes",
        "never arrives",
        "is lost",
        "stops after",
        "is down",
        "is refused",
        "creates nothing, for there is revision",
        "revises nothing, for there is revision",
        "refreshes it",
        "clears no debt",
        "it was there already",
        "a newer one is there",
        "the other half is there",
        "fails to",
        "renews",
        "as an orphan",
        "The time to live removes",
        "deletes revision",
        "redrives",
        "(stamped +29.99",
        "a row that cannot be read",
        "a product that cannot be read",
        "scans the",
        "scans revision",
        "rejects",
        "is recovered",
        "is not recovered",
        "renews the stamp",
        "and there are more",
        "The server is killed",
        "disconnects",
        "loses revision",
        "The adoption",
        "scans revision 0",
        " and the thumbnail",
    ):
        assert sight in logged, f"never seen: {sight}"


def test_the_log_reads_as_sentences() -> None:
    """Each line says who did what and when, in a sentence."""
    for line in simulate(11, logged=True).log:
        assert re.fullmatch(r" *\d+\.\d{4} s  (?:[A-Z]|consumer-|sweeper|last)\S* .+\.", line), line


def test_a_failing_plan_is_shrunk_before_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages, workers and faults that the failure does not need are gone."""

    def fails_with_two_captions(plan: Plan) -> Outcome:
        captions = sum(publication.kind is Kind.CAPTION for publication in plan.publications)
        return Outcome(["broken"] * (captions >= 2), [], 0.0)

    monkeypatch.setattr(shrinking, "simulate_plan", fails_with_two_captions)
    plans = [Plan.of(seed) for seed in range(40)]
    for plan in (plan for plan in plans if fails_with_two_captions(plan).violations):
        small = shrinking.shrink(plan)
        assert [publication.kind for publication in small.publications] == [Kind.CAPTION] * 2
        assert (small.consumers, small.sweeper_seconds, len(small.deletions), small.unreadable_row) == (
            1,
            None,
            0,
            None,
        )
        assert (small.fault_rates.crash_rate, small.fault_rates.fault_rate, small.fault_rates.outages) == (0.0, 0.0, {})
