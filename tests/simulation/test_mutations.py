"""The simulation detects errors: each step of the protocol, left out or changed, is caught within 3,000 seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.mutation_runs import Run, open_runs
from tests.simulation.mutations import MUTATIONS, StaleMutation, install

MOST_SEEDS = 3_000


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs the simulation in processes of their own, in which production code can be broken as it is imported."""
    with open_runs() as opened:
        yield opened


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_broken_protocol_is_caught(run: Run, name: str) -> None:
    """A seed is found in which the broken step breaks a rule, and the command that replays it is printed."""
    first = MUTATIONS[name].first_seed
    exit_code, output = run("--mutation", name, f"{first}-{first + MOST_SEEDS}")
    assert exit_code == 1, f"{name} broke no rule: {output}"
    assert "BROKEN: " in output
    assert f"python -m tests.simulation --mutation {name} " in output


def test_the_whole_protocol_passes_where_a_broken_one_fails(run: Run) -> None:
    """The mutation is caught, not the way in which it is installed."""
    assert run("0-100")[0] == 0


def test_a_replay_ends_with_the_rule_that_was_broken(run: Run) -> None:
    """The command that a failure prints shows its log, shrunk, and the rule when it was broken."""
    exit_code, replay = run("--mutation", "acknowledge-before-saving", "0")
    assert exit_code == 1
    assert "The checker finds a rule broken: " in replay
    assert "acknowledges m" in replay
    _, whole = run("--mutation", "acknowledge-before-saving", "--whole", "0")
    assert len(whole.splitlines()) > len(replay.splitlines())


def test_a_mutation_comes_before_the_module_that_it_breaks() -> None:
    """It refuses to be installed after the module was imported: it would break nothing."""
    import linkhub_core.application.assemble  # noqa: F401, PLC0415  it has to be there already

    with pytest.raises(StaleMutation):
        install("acknowledge-before-saving")
