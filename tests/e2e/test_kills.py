"""Fifty kills in a run: SIGKILL at random moments, while events flow and viewers watch.

Nothing is lost, nothing is doubled, and no viewer misses a product that it could have been shown.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.kill_scenario import open_kill_scenario

pytestmark = pytest.mark.e2e

KILLS = 50


@frozen(kw_only=True)
class _Outcome:
    """What there is in the end: titles of products and what viewers show of them, halves alone, and rejected bodies."""

    titles: Mapping[str, str]
    waiting: frozenset[str]
    rejected: frozenset[str]
    shown: Mapping[str, Any]
    stored: Mapping[str, Any]


def test_fifty_kills_on_the_embedded_file(deployment: Deployment, tmp_path: Path) -> None:
    """Whoever is killed, and whenever."""
    script = EventScript.generate(random.Random(1), videos=240)
    outcome = asyncio.run(_survive(deployment, tmp_path, script, random.Random(1)))
    assert (outcome.titles, outcome.waiting, outcome.rejected) == (script.titles, script.waiting, script.rejected)
    assert outcome.shown == outcome.stored


@pytest.mark.aws
def test_fifty_kills_on_aws(make_deployment: Callable[..., Deployment], tmp_path: Path) -> None:
    """The same, with news by the topic; where a process was killed while it buried a message, there are two letters."""
    script = EventScript.generate(random.Random(2), videos=240)
    deployment = make_deployment(is_fifo=False, has_topic=True)
    outcome = asyncio.run(_survive(deployment, tmp_path, script, random.Random(2)))
    assert (outcome.titles, outcome.waiting, outcome.rejected) == (script.titles, script.waiting, script.rejected)
    assert outcome.shown == outcome.stored


async def _survive(deployment: Deployment, directory: Path, script: EventScript, rng: random.Random) -> _Outcome:
    with open_kill_scenario(deployment, directory) as scenario:
        await scenario.survive(script, rng, kills=KILLS)
        assert sum(process.lives for process in scenario.processes) == len(scenario.processes) + KILLS
        assert min(viewer.losses for viewer in scenario.viewers) > 0
    deployment.run("sweep")
    stored = {product["video_id"]: product for product in _lines(deployment, "export")}
    return _Outcome(
        titles={video_id: product["title"] for video_id, product in stored.items()},
        waiting=frozenset(half["video_id"] for half in _lines(deployment, "staging", "list", "--json")),
        rejected=frozenset(letter["body"] for letter in _lines(deployment, "dead-letters", "list", "--json")),
        shown={video_id: product for viewer in scenario.viewers for video_id, product in viewer.shown.items()},
        stored=stored,
    )


def _lines(deployment: Deployment, *command: str) -> list[Any]:
    return [json.loads(line) for line in deployment.run(*command).splitlines()]
