"""Fifty kills in a run: SIGKILL at random moments, while events flow and viewers watch.

Nothing is lost, nothing is doubled, and no viewer misses a product that it could have been shown.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.hub import Hub
from tests.e2e.story import Story
from tests.e2e.town import Town, a_town

pytestmark = pytest.mark.e2e

KILLS = 50


def test_fifty_kills_on_the_embedded_file(hub: Hub, tmp_path: Path) -> None:
    """Whoever is killed, and whenever."""
    asyncio.run(_survive(hub, tmp_path, seed=1))


@pytest.mark.aws
def test_fifty_kills_on_aws(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    """The same, with news by the topic; where a process was killed while it buried a message, there are two letters."""
    asyncio.run(_survive(make_hub(is_fifo=False, has_topic=True), tmp_path, seed=2))


async def _survive(hub: Hub, directory: Path, *, seed: int) -> None:
    rng = random.Random(seed)
    story = Story.told_by(rng, videos=240)
    with a_town(hub, directory) as town:
        await town.survive(story, rng, kills=KILLS)
        assert sum(mortal.lives for mortal in town.everybody) == len(town.everybody) + KILLS
        assert min(viewer.losses for viewer in town.viewers) > 0
    _check(town, story)


def _check(town: Town, story: Story) -> None:
    """Compare what there is in the end with what has to come of the story."""
    hub = town.hub
    hub.run("sweep")
    exported = {product["video_id"]: product for product in map(json.loads, hub.run("export").splitlines())}
    assert {video_id: product["title"] for video_id, product in exported.items()} == story.titles
    assert {video_id: product for viewer in town.viewers for video_id, product in viewer.shown.items()} == exported
    waiting = [json.loads(line)["video_id"] for line in hub.run("staging", "list", "--json").splitlines()]
    assert sorted(waiting) == sorted(story.lonely)
    letters = [json.loads(line)["body"] for line in hub.run("dead-letters", "list", "--json").splitlines()]
    assert set(letters) == story.rejected
