"""The sample stream through real processes: the same products, whatever the order, the copies and the crashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment, stop_all
from tests.e2e.expectations import STREAM, shuffled_stream

pytestmark = pytest.mark.e2e

_COPIES = 4


def test_one_server(deployment: Deployment) -> None:
    """A server that consumes makes of the stream what has to come of it."""
    server, _ = deployment.serve()
    with server:
        deployment.run("publish", str(STREAM))
        deployment.wait_until_settled(server)
        deployment.check()
        assert server.terminate() == 0


def test_two_consumers_beside_a_server(deployment: Deployment) -> None:
    """Consumers in processes of their own come to the same, and stop cleanly."""
    server, _ = deployment.serve("--no-consume")
    with server, deployment.consume() as one, deployment.consume() as other:
        deployment.run("publish", str(STREAM))
        deployment.wait_until_settled(server)
        deployment.check()
        assert stop_all([one, other, server]) == [0, 0, 0]


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order(deployment: Deployment, tmp_path: Path, seed: int) -> None:
    """The order of arrival changes nothing."""
    shuffled, numbers = shuffled_stream(tmp_path, seed)
    with deployment.consume() as consumer:
        deployment.run("publish", str(shuffled))
        deployment.wait_until_settled(consumer)
        deployment.check(numbers=numbers)


def test_published_twice(deployment: Deployment) -> None:
    """A second copy of everything changes no product: not even the time of its last update."""
    with deployment.consume() as consumer:
        deployment.run("publish", str(STREAM))
        deployment.wait_until_settled(consumer)
        once = deployment.run("export")
        deployment.run("publish", str(STREAM))
        deployment.wait_until_settled(consumer)
        assert deployment.run("export") == once
        deployment.check(copies=2)


def test_a_consumer_is_killed(deployment: Deployment) -> None:
    """SIGKILL in the midst of work loses nothing: the other consumer takes over, and a new one helps."""
    deployment.run("publish", *[str(STREAM)] * _COPIES)
    with deployment.consume() as victim, deployment.consume() as survivor:
        victim.wait_for_line('"event":"(half_staged|product_saved)"')
        assert victim.kill() == -9
        assert deployment.queued() > 0
        with deployment.consume():
            deployment.wait_until_settled(survivor)
            deployment.check(copies=_COPIES)
