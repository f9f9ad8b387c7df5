"""Replay a seed, or run many: see the package."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from tests.simulation.mutations import MUTATIONS, install

_COMMAND = ".venv/bin/python -m tests.simulation"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds that the command line names.

    Returns:
        0 when every run kept every rule, else 1.
    """
    parser = argparse.ArgumentParser(prog=_COMMAND)
    parser.add_argument("seeds", help="a seed, whose log is printed, or a range FIRST-END without its END")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="run with this step of the protocol broken")
    parser.add_argument("--whole", action="store_true", help="print the log of a failing seed without shrinking")
    options = parser.parse_args(arguments)
    if options.mutation:
        install(options.mutation)
    first, dash, end = options.seeds.partition("-")
    if not dash:
        return _replay(int(first), shrunk=not options.whole)
    return _run_all(range(int(first), int(end)), f" --mutation {options.mutation}" if options.mutation else "")


def _replay(seed: int, *, shrunk: bool) -> int:
    # Imported late: a mutation has to come first.
    from tests.simulation.plan import Plan  # noqa: PLC0415
    from tests.simulation.shrinking import shrink  # noqa: PLC0415
    from tests.simulation.world import simulate_plan  # noqa: PLC0415

    plan = Plan.of(seed)
    if shrunk and simulate_plan(plan).violations:
        plan = shrink(plan)
    outcome = simulate_plan(plan, logged=True)
    _print(*outcome.log, f"{outcome.virtual_seconds:,.0f} virtual seconds; broken rules: {len(outcome.violations)}")
    return 1 if outcome.violations else 0


def _run_all(seeds: range, extra: str) -> int:
    from tests.simulation.world import simulate  # noqa: PLC0415

    begin = time.perf_counter()
    for number, seed in enumerate(seeds, start=1):
        if violations := simulate(seed).violations:
            _print(*(f"BROKEN: {rule}" for rule in violations[:10]))
            _print(f"seed {seed}, run number {number}; see its log, shrunk: {_COMMAND}{extra} {seed}")
            return 1
    seconds = time.perf_counter() - begin
    _print(f"{len(seeds):,} seeds kept every rule, {len(seeds) / seconds:.0f} a second")
    return 0


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
