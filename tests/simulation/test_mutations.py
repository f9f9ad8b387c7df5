"""The proof can fail: each step of the protocol, left out or turned around, is caught within a few thousand seeds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS, StaleMutation, install

MOST_SEEDS = 3_000
ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the simulation in a process of its own, where production code can be broken as it is imported."""
    command = [sys.executable, "-m", "tests.simulation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_broken_protocol_is_caught(name: str) -> None:
    """A world is found in which the broken step does harm, and the command that replays it is told."""
    caught = run("--mutation", name, f"0-{MOST_SEEDS}")
    assert caught.returncode == 1, f"{name} harmed nobody: {caught.stdout}{caught.stderr}"
    assert "BROKEN: " in caught.stdout
    assert f"python -m tests.simulation --mutation {name} " in caught.stdout


def test_the_whole_protocol_passes_where_a_broken_one_fails() -> None:
    """It is the mutation that is caught, not the way in which it is put in."""
    assert run("0-100").returncode == 0


def test_a_replay_ends_with_the_rule_that_was_broken() -> None:
    """The command that a failure prints tells its story, shrunk, and the rule when it was broken."""
    replay = run("--mutation", "acknowledge-before-saving", "0")
    assert replay.returncode == 1
    assert "The checker finds a rule broken: " in replay.stdout
    assert "acknowledges m" in replay.stdout
    whole = run("--mutation", "acknowledge-before-saving", "--whole", "0")
    assert len(whole.stdout.splitlines()) > len(replay.stdout.splitlines())


def test_a_mutation_comes_before_the_module_that_it_breaks() -> None:
    """Put in too late it would break nothing, so it refuses."""
    import linkhub_core.application.assemble  # noqa: F401, PLC0415  it has to be there already

    with pytest.raises(StaleMutation):
        install("acknowledge-before-saving")
