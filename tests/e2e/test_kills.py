"""Processes are killed with SIGKILL at random moments while events flow, listings change and clients watch.

Nothing is lost and nothing is doubled. Every client ends with exactly what ``linkhub export`` prints: those that stay
and come back with ``since``, and those that come and go by any transport and keep only the last cursor.

``python -m benchmarks kills`` runs the same scenario with fifty kills and other seeds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.kill_outcome import survive_kills

pytestmark = pytest.mark.e2e

KILLS = 10


def test_kills_on_the_embedded_file(deployment: Deployment, tmp_path: Path) -> None:
    """Any process, at any moment."""
    _survive(deployment, tmp_path, seed=1)


@pytest.mark.aws
def test_kills_on_aws(make_deployment: Callable[..., Deployment], tmp_path: Path) -> None:
    """With announcements over the topic. A process killed while it rejects a message leaves two dead letters."""
    _survive(make_deployment(is_fifo=False, has_topic=True), tmp_path, seed=2)


def _survive(deployment: Deployment, directory: Path, *, seed: int) -> None:
    script = EventScript.generate(random.Random(seed), videos=60)
    outcome = asyncio.run(survive_kills(deployment, directory, script, seed=seed, kills=KILLS))
    assert (outcome.titles, outcome.waiting, outcome.rejected) == (script.titles, script.waiting, script.rejected)
    assert outcome.shown == outcome.stored
    assert outcome.cursor_shown == outcome.stored
    assert outcome.restarts == KILLS
    assert min(outcome.losses) > 0
    assert min(outcome.visits.values()) > 0
