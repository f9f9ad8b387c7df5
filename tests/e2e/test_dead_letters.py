"""A redrive that is killed: each letter is still a letter, or a message again, and nothing is lost."""

from __future__ import annotations

import asyncio
import sys

import pytest

from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.testing.builders import an_outgoing
from tests.e2e.deployment import Deployment
from tests.support.processes import Process

pytestmark = pytest.mark.e2e

_LETTERS = 5

# The program itself, killed (SIGKILL) when its connection is about to carry out the nth statement that begins so.
_KILLED_AT = """
import os, signal, sqlite3, sys
from linkhub_adapters.sqlite.database import SqliteDatabase
beginning, count = sys.argv.pop(1), int(sys.argv.pop(1))
seen = 0
def kill(statement):
    global seen
    if statement.strip().startswith(beginning):
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)
connect = sqlite3.connect
def traced(*args, **options):
    connection = connect(*args, **options)
    connection.set_trace_callback(kill)
    return connection
sqlite3.connect = traced
from linkhub_cli.main import main
main()
"""


async def _work(deployment: Deployment) -> None:
    """The outcome of all messages on the queues for a consumer."""
    async with open_container(load_settings(environment=deployment.environment).settings) as container:
        while deliveries := await container.backend().queue.receive():
            await container.assemble()(deliveries)


async def _reject(deployment: Deployment) -> list[str]:
    """Messages that were rejected: their bodies."""
    bodies = [f'{{"title": {number}}}' for number in range(_LETTERS)]
    async with open_container(load_settings(environment=deployment.environment).settings) as container:
        await container.backend().publisher.publish([an_outgoing(body=body) for body in bodies])
    await _work(deployment)
    return bodies


async def _letters(deployment: Deployment) -> list[str]:
    async with open_container(load_settings(environment=deployment.environment).settings) as container:
        return [letter.body async for letter in container.backend().dead_letters.browse(DeadLetterQuery())]


@pytest.mark.parametrize(
    ("statement", "count"), [("INSERT INTO messages", 1), ("INSERT INTO messages", 3), ("DELETE FROM dead", 4)]
)
def test_a_killed_redrive_loses_nothing(deployment: Deployment, statement: str, count: int) -> None:
    """Killed among its steps, and then done again: every message was rejected once more, and none is missing."""
    rejected = asyncio.run(_reject(deployment))
    command = [sys.executable, "-c", _KILLED_AT, statement, str(count)]
    arguments = ["dead-letters", "redrive", "--all", "--force", "--yes"]
    with Process([*command, *arguments], environment=deployment.environment, cwd=deployment.directory) as killed:
        assert killed.wait(timeout_seconds=60) == -9, killed.stderr_lines
    assert len(asyncio.run(_letters(deployment))) + deployment.queued() >= _LETTERS
    deployment.run(*arguments)
    asyncio.run(_work(deployment))
    assert sorted(set(asyncio.run(_letters(deployment)))) == rejected
