"""The sample stream through real processes: the same products, whatever the order, the copies and the crashes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.expectations import STREAM, shuffled_stream
from tests.e2e.hub import Hub, stop_all

pytestmark = pytest.mark.e2e

_COPIES = 4


def test_one_server(hub: Hub) -> None:
    """A server that consumes makes of the stream what has to come of it."""
    server, _ = hub.serve()
    with server:
        hub.run("publish", str(STREAM))
        hub.wait_until_settled(server)
        hub.check()
        assert server.terminate() == 0


def test_two_consumers_beside_a_server(hub: Hub) -> None:
    """Consumers in processes of their own come to the same, and stop cleanly."""
    server, _ = hub.serve("--no-consume")
    with server, hub.consume() as one, hub.consume() as other:
        hub.run("publish", str(STREAM))
        hub.wait_until_settled(server)
        hub.check()
        assert stop_all([one, other, server]) == [0, 0, 0]


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order(hub: Hub, tmp_path: Path, seed: int) -> None:
    """The order of arrival changes nothing."""
    shuffled, numbers = shuffled_stream(tmp_path, seed)
    with hub.consume() as consumer:
        hub.run("publish", str(shuffled))
        hub.wait_until_settled(consumer)
        hub.check(numbers=numbers)


def test_published_twice(hub: Hub) -> None:
    """A second copy of everything changes no product: not even the time of its last update."""
    with hub.consume() as consumer:
        hub.run("publish", str(STREAM))
        hub.wait_until_settled(consumer)
        once = hub.run("export")
        hub.run("publish", str(STREAM))
        hub.wait_until_settled(consumer)
        assert hub.run("export") == once
        hub.check(copies=2)


def test_a_consumer_is_killed(hub: Hub) -> None:
    """SIGKILL in the midst of work loses nothing: the other consumer takes over, and a new one helps."""
    hub.run("publish", *[str(STREAM)] * _COPIES)
    with hub.consume() as victim, hub.consume() as survivor:
        victim.wait_for_line('"event":"(half_staged|product_saved)"')
        assert victim.kill() == -9
        assert hub.queued() > 0
        with hub.consume():
            hub.wait_until_settled(survivor)
            hub.check(copies=_COPIES)
