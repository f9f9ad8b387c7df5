"""The stored result of an event script after kills, and the products that clients show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.kill_scenario import open_kill_scenario


@frozen(kw_only=True)
class KillOutcome:
    """The content in the end.

    Attributes:
        titles: of the products, by video.
        waiting: the videos of halves without a partner.
        rejected: the bodies among the dead letters.
        stored: the products as ``linkhub export`` prints them, by video.
        shown: the products that the clients which stay show, without withdrawn ones: ``since`` gives no removals.
        cursor_shown: the products that the clients which keep the last cursor show.
        restarts: how often a process was started again.
        losses: how often each client that stays lost the server.
        repeats: how often a change of a listing had no answer.
        visits: how often the clients with a cursor were answered by each transport.
    """

    titles: Mapping[str, str]
    waiting: frozenset[str]
    rejected: frozenset[str]
    stored: Mapping[str, Any]
    shown: Mapping[str, Any]
    cursor_shown: Mapping[str, Any]
    restarts: int
    losses: list[int]
    repeats: int
    visits: Mapping[str, int]


async def survive_kills(
    deployment: Deployment, directory: Path, script: EventScript, *, seed: int, kills: int
) -> KillOutcome:
    """Run a script through kills, then sweep, and read what the commands of an operator print."""
    with open_kill_scenario(deployment, directory, script, seed) as scenario:
        await scenario.survive(script, kills=kills)
        restarts = sum(process.starts - 1 for process in scenario.processes)
    deployment.run("sweep")
    stored = {product["video_id"]: product for product in _lines(deployment, "export")}
    clients = scenario.cursor_clients
    return KillOutcome(
        titles={video_id: product["title"] for video_id, product in stored.items()},
        waiting=frozenset(half["video_id"] for half in _lines(deployment, "staging", "list", "--json")),
        rejected=frozenset(letter["body"] for letter in _lines(deployment, "dead-letters", "list", "--json")),
        stored=stored,
        shown={video: product for viewer in scenario.viewers for video, product in viewer.shown_of(stored).items()},
        cursor_shown={video: product for client in clients for video, product in client.shown.items()},
        restarts=restarts,
        losses=[viewer.losses for viewer in scenario.viewers],
        repeats=scenario.operator.repeats,
        visits={name: sum(client.visits[name] for client in clients) for name in ("rest", "subscribed")},
    )


def _lines(deployment: Deployment, *command: str) -> list[Any]:
    return [json.loads(line) for line in deployment.run(*command).splitlines()]
