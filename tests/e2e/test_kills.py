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

from tests.e2e.hub import Hub
from tests.e2e.story import Story
from tests.e2e.town import a_town

pytestmark = pytest.mark.e2e

KILLS = 50


@frozen(kw_only=True)
class _Outcome:
    """What there is in the end: titles of products and what viewers show of them, halves alone, and rejected bodies."""

    titles: Mapping[str, str]
    lonely: frozenset[str]
    rejected: frozenset[str]
    shown: Mapping[str, Any]
    stored: Mapping[str, Any]


def test_fifty_kills_on_the_embedded_file(hub: Hub, tmp_path: Path) -> None:
    """Whoever is killed, and whenever."""
    story = Story.told_by(random.Random(1), videos=240)
    outcome = asyncio.run(_survive(hub, tmp_path, story, random.Random(1)))
    assert (outcome.titles, outcome.lonely, outcome.rejected) == (story.titles, story.lonely, story.rejected)
    assert outcome.shown == outcome.stored


@pytest.mark.aws
def test_fifty_kills_on_aws(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    """The same, with news by the topic; where a process was killed while it buried a message, there are two letters."""
    story = Story.told_by(random.Random(2), videos=240)
    hub = make_hub(is_fifo=False, has_topic=True)
    outcome = asyncio.run(_survive(hub, tmp_path, story, random.Random(2)))
    assert (outcome.titles, outcome.lonely, outcome.rejected) == (story.titles, story.lonely, story.rejected)
    assert outcome.shown == outcome.stored


async def _survive(hub: Hub, directory: Path, story: Story, rng: random.Random) -> _Outcome:
    with a_town(hub, directory) as town:
        await town.survive(story, rng, kills=KILLS)
        assert sum(mortal.lives for mortal in town.everybody) == len(town.everybody) + KILLS
        assert min(viewer.losses for viewer in town.viewers) > 0
    hub.run("sweep")
    stored = {product["video_id"]: product for product in _lines(hub, "export")}
    return _Outcome(
        titles={video_id: product["title"] for video_id, product in stored.items()},
        lonely=frozenset(half["video_id"] for half in _lines(hub, "staging", "list", "--json")),
        rejected=frozenset(letter["body"] for letter in _lines(hub, "dead-letters", "list", "--json")),
        shown={video_id: product for viewer in town.viewers for video_id, product in viewer.shown.items()},
        stored=stored,
    )


def _lines(hub: Hub, *command: str) -> list[Any]:
    return [json.loads(line) for line in hub.run(*command).splitlines()]
