"""Stamps on DynamoDB: no kept page is older than a second, nor older than an announcement that has arrived."""

from __future__ import annotations

from random import Random

import pytest

from linkhub_adapters.aws.dynamodb.shop_stamps import SLOTS, DynamoDbShopStamps
from linkhub_adapters.http import KeptPages
from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import BrowseShop
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import KEY, NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.announcements import announce

SELLER = KEY.seller_handle


class Monotonic:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        """The present."""
        return self.now


@pytest.mark.parametrize("seed", range(20))
async def test_no_answer_is_stale(seed: int) -> None:
    """Random saves by others, announcements that arrive late or never, and reads at any time."""
    chance, time, store = Random(seed), Monotonic(), MemoryProductStore()
    stamps = DynamoDbShopStamps(monotonic=time)
    pages = KeptPages(browse=BrowseShop(products=store, clock=FakeClock()), stamps=stamps)
    saved_at, received, revision = {0: time.now}, 0, 0
    under_way: list[Announcement] = []
    for _ in range(300):
        time.now += chance.choice([0.0, 0.01, 0.3, 0.9])
        step = chance.random()
        if step < 0.3:
            revision += 1
            store.rows[KEY] = a_record(revision=revision)
            saved_at[revision] = time.now
            under_way.append(announce(a_record(revision=revision), NOON))
        elif step < 0.5 and under_way:
            arriving = under_way.pop(chance.randrange(len(under_way)))
            stamps.received([arriving])
            received = max(received, arriving.revision)
        else:
            listing, _ = await pages.first(SELLER, 20)
            shown = next(n for n in range(revision, -1, -1) if n == 0 or _stamp(n) in listing.content)
            must_show = max(n for n, moment in saved_at.items() if moment <= time.now - 1.0 or n == 0)
            assert shown >= max(received, must_show)
    assert pages.counts.hits > 10


def _stamp(revision: int) -> bytes:
    return f'"updated_at":"{announce(a_record(revision=revision), NOON).updated_at}"'.encode()


def test_an_announcement_of_another_shop_moves_at_most_its_slot() -> None:
    """Shops of other slots keep theirs."""
    stamps = DynamoDbShopStamps(monotonic=Monotonic())
    sellers = [f"seller-{number}" for number in range(100)]
    before = {seller: stamps.current(seller) for seller in sellers}
    stamps.received([announce(a_record(a_key(1, "seller-7")), NOON)])
    moved = {seller for seller in sellers if stamps.current(seller) != before[seller]}
    assert "seller-7" in moved
    assert {hash(seller) % SLOTS for seller in moved} == {hash("seller-7") % SLOTS}
