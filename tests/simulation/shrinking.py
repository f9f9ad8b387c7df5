"""Makes a failing plan smaller: fewer messages, workers and faults, as long as a rule is still broken.

Each step leaves something out and runs the plan again. What is left out changes all chances after it, so a step is
tried with a few seeds of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from tests.simulation.plan import ClockError, FaultRates, Plan
from tests.simulation.world import simulate_plan

TRIES = 4


def shrink(plan: Plan) -> Plan:
    """The smallest plan that is found from a failing one; it fails, too."""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(plan):
            found = _failing(candidate)
            if found is not None:
                plan, is_smaller = found, True
                break
    return plan


def _failing(candidate: Plan) -> Plan | None:
    for number in range(TRIES):
        tried = evolve(candidate, seed=candidate.seed + number * 1_000_003)
        if simulate_plan(tried).violations:
            return tried
    return None


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with one thing less, the largest things first."""
    yield from (evolve(plan, fault_rates=fault_rates) for fault_rates in _with_fewer_faults(plan.fault_rates))
    if plan.sweeper_seconds is not None:
        yield evolve(plan, sweeper_seconds=None)
    if plan.consumers > 1:
        yield evolve(plan, consumers=plan.consumers - 1)
    for number in range(len(plan.publications)):
        yield evolve(plan, publications=[*plan.publications[:number], *plan.publications[number + 1 :]])
    for simpler in (
        evolve(plan, deletions=plan.deletions[1:]),
        evolve(plan, redrives=plan.redrives[1:]),
        evolve(plan, listings=plan.listings[1:]),
        evolve(plan, listings=plan.listings[:-1]),
        evolve(plan, imports=plan.imports[1:]),
        evolve(plan, imports=[evolve(one, halves=()) for one in plan.imports]),
        evolve(plan, imports=[evolve(one, products=one.products[:1]) for one in plan.imports]),
        evolve(plan, realtime=False),
        evolve(plan, unreadable_row=None),
        evolve(plan, adoptions=plan.adoptions[1:]),
        evolve(plan, foreign=None),
        evolve(plan, refused=None),
        evolve(plan, vanishing=False),
        evolve(plan, stages_in_two_calls=False),
        evolve(plan, clocks=[ClockError()] * len(plan.clocks)),
        evolve(plan, batch_size=1),
        evolve(plan, max_in_flight=1),
    ):
        if simpler != plan:
            yield simpler


def _with_fewer_faults(fault_rates: FaultRates) -> Iterator[FaultRates]:
    for calmer in (
        evolve(fault_rates, outages={}),
        evolve(fault_rates, crash_rate=0.0),
        evolve(fault_rates, fault_rate=0.0),
        evolve(fault_rates, hiccup_rate=0.0),
        evolve(fault_rates, stall_rate=0.0),
        evolve(fault_rates, copy_rate=0.0),
    ):
        if calmer != fault_rates:
            yield calmer
