"""The simulated workers: a script that is the same for a seed, and holds everything that real ones do."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import pytest

from linkhub_cli.demo.shops import SHOPS
from linkhub_cli.demo.workers import Sending, SimulatedWorkers
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Half, Kind
from linkhub_core.wire.codec import decode_event
from linkhub_core.wire.shop_query import parse_seller

START = datetime(2026, 5, 14, 12, 0, tzinfo=UTC)


def _script(count: int, seed: int = 7) -> list[Sending]:
    workers = SimulatedWorkers(
        seed=seed, start=START, videos_per_second=4, picture_url="http://127.0.0.1:3002/demo/thumbnails"
    )
    return list(islice(workers.script(), count))


def _halves(script: list[Sending]) -> list[Half]:
    halves = []
    for sending in script:
        try:
            halves.append(decode_event(sending.message.kind, sending.message.body, START))
        except MalformedEvent:
            continue
    return halves


def test_the_same_seed_gives_the_same_script() -> None:
    """A demonstration can be repeated."""
    assert _script(200) == _script(200)
    assert _script(200) != _script(200, seed=8)


def test_sendings_come_in_order() -> None:
    """Who follows the script only has to wait for the next one."""
    times = [sending.at_seconds for sending in _script(500)]
    assert times == sorted(times)


def test_it_holds_everything_that_workers_do() -> None:
    """Either half first, copies, later parses, halves that never come, and malformed bodies."""
    script = _script(3_000)
    halves = _halves(script)
    first = {half.key: half.kind for half in reversed(halves)}
    versions = Counter((half.key, half.kind) for half in {(h.key, h.kind, h.version): h for h in halves}.values())
    assert set(first.values()) == set(Kind)
    assert len(halves) > len({(half.key, half.kind, half.version) for half in halves})
    assert max(versions.values()) > 1
    assert len(halves) < len(script)
    alone = [key for key in first if (key, Kind.CAPTION) not in versions or (key, Kind.THUMBNAIL) not in versions]
    assert alone


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.seller_handle)
def test_shops_have_valid_handles(shop: object) -> None:
    """Every invented seller could be a real one."""
    (handle,) = (one.seller_handle for one in SHOPS if one is shop)
    assert parse_seller(handle) == handle


def test_a_video_shows_one_thing() -> None:
    """Caption and picture of a video agree on what is sold."""
    for shop in SHOPS:
        assert shop.product_of("7301") is shop.product_of("7301")
