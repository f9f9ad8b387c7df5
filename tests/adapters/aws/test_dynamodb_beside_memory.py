"""Both stores walk through seeded schedules beside the memory stores, while replies are lost and statements throttled.

After each step the outcomes and everything that is stored are those of the reference. A stage whose reply was lost may
be Equal instead of Staged: the repeated attempt finds its own row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from attrs import define, evolve, field
from botocore.config import Config

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_adapters.aws.resources import Table, products_table, staging_table
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.model import Availability, Kind, Listing, ProductKey, Version
from linkhub_core.ports import Equal, ProductStore, Revision, Staged
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_key, a_record, a_waiting
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.readable import readable_rows, scanned
from linkhub_core.wire.shop_query import PageQuery
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

STEPS = 25
SHOPS = ("a-shop", "b-shop")
PRODUCTS = [a_key(number, shop) for number in range(6) for shop in SHOPS]
HALVES = [a_key(number) for number in range(8)]

_LISTINGS = [
    Listing(),
    Listing(title="listed"),
    Listing(availability=Availability.SOLD_OUT, price=Decimal("1.5")),
    Listing(availability=Availability.WITHDRAWN),
    Listing(availability=Availability.WITHDRAWN, title="hidden"),
]
_BATCH = "BatchExecuteStatement"
_RETRYING = Config(parameter_validation=False, retries={"total_max_attempts": 3, "mode": "standard"})


@define(kw_only=True)
class Schedule:
    """A seeded walk; ``struck`` counts faults by kind, ``is_reply_lost`` is true if this step lost a reply."""

    client: DynamoDBClient
    threads: ThreadPoolExecutor
    random: Random
    struck: Counter[str] = field(factory=Counter)
    is_reply_lost: bool = False
    calls: DynamoDbCalls = field(init=False)

    def __attrs_post_init__(self) -> None:
        calls = AwsCalls(service="DynamoDB", executor=self.threads)
        self.calls = DynamoDbCalls(dynamodb=self.client, calls=calls, clock=FakeClock(), jitter=self.random.random)

    async def table(self, table: Table) -> str:
        """Make a table, and give its name."""
        await DynamoDbTables(dynamodb=self.client, calls=self.calls.calls, clock=self.calls.clock).ensure(table)
        return table.name

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step, whose first batch of statements loses its reply or has some or all of them throttled."""
        loses_reply, parts = self.random.random() < 0.5, self.random.choice([(0, 2), tuple(range(25))])
        lost, throttled = Fault.lose_reply(operation=_BATCH), Fault.unserved(operation=_BATCH, parts=parts)
        with inject(self.client, lost if loses_reply else throttled) as injection:
            yield
            self.struck["lost" if loses_reply else "throttled"] += injection.hits
            self.is_reply_lost = loses_reply and injection.hits > 0


def _some(keys: Sequence[ProductKey], random: Random) -> list[ProductKey]:
    """A batch of keys, each at most once."""
    return random.sample(keys, random.randint(1, len(keys)))


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads for the calls of a test."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def client(make_dynamodb_client: Callable[[Config], DynamoDBClient]) -> DynamoDBClient:
    """A client that sends again what got no reply, as that of production does."""
    return make_dynamodb_client(_RETRYING)


@pytest.mark.parametrize("seed", range(6))
async def test_products_are_those_of_memory(client: DynamoDBClient, threads: ThreadPoolExecutor, seed: int) -> None:
    """For any creates, revisions, announcements and reads, with or without the index, answers are the reference's."""
    schedule = Schedule(client=client, threads=threads, random=Random(seed))
    table = products_table(f"products-{uuid4().hex}")
    if seed % 2:
        table = evolve(table, index_name=None, indexed_by=None)
    store = DynamoDbProductStore(calls=schedule.calls, table=await schedule.table(table))
    reference = MemoryProductStore()
    for number in range(STEPS):
        change, look = schedule.random.choice(_CHANGES), schedule.random.choice(_LOOKS)
        step = f"step {number}: {change.__name__}, {look.__name__}"
        draws = schedule.random.getrandbits(64)  # both stores are asked the very same
        with schedule.step():
            changed = await change(store, Random(draws), number)
        assert changed == await change(reference, Random(draws), number), step
        assert await look(store, Random(draws)) == await look(reference, Random(draws)), step
        assert await store.find(PRODUCTS) == await reference.find(PRODUCTS), step
    assert min(schedule.struck["lost"], schedule.struck["throttled"]) > 0
    client.delete_table(TableName=table.name)


async def _create(store: ProductStore, random: Random, step: int) -> object:
    caption, moment = a_caption(title=f"step {step}"), NOON + timedelta(seconds=step)
    version = Version.at(moment, f"{step}")  # equal versions have equal content
    return await store.create(
        [a_record(key, caption=caption, caption_version=version, updated_at=moment) for key in _some(PRODUCTS, random)]
    )


async def _revise(store: ProductStore, random: Random, step: int) -> object:
    keys, revision = _some(PRODUCTS, random), random.randint(1, 3)
    caption = a_caption(title=f"step {step}", confidence_score=random.choice([None, 0.5]))
    moment = NOON + timedelta(seconds=step)
    changes = []
    for key in keys:
        stored = readable_rows(await store.find([key])).get(key)
        read = stored if stored is not None and random.random() < 0.8 else a_record(key, revision=revision)
        version = Version.at(moment, f"{step}")
        after = evolve(read, caption_version=version, caption=caption if random.random() < 0.7 else read.caption)
        if random.random() < 0.5:
            after = evolve(after, listing=random.choice(_LISTINGS), listing_version=version)
        if not after.looks_like(read):  # else it is silent
            number, shown = read.revision + 1, read.shown and not after.is_withdrawn
            after = evolve(after, revision=number, unannounced_revision=number, shown=shown, updated_at=moment)
        changes.append(Revision(before=read, after=after))
    return await store.revise(changes)


async def _announce(store: ProductStore, random: Random, _: int) -> object:
    keys = _some(PRODUCTS, random)
    found = readable_rows(await store.find(keys))
    stale = [a_record(key, revision=random.randint(1, 3)) for key in keys]
    marked = [found.get(record.key, record) if random.random() < 0.8 else record for record in stale]
    return await store.mark_announced([record for record in marked if record.unannounced_revision is not None])


async def _page(store: ProductStore, random: Random) -> object:
    before = random.choice([None, a_key(3, SHOPS[0]).video_id])
    since = random.choice([None, NOON + timedelta(seconds=random.randint(0, STEPS))])
    limit = random.randint(1, 7)
    page = await store.page(PageQuery(seller_handle=SHOPS[0], limit=limit, before=before, since=since))
    return list(page.products), page.has_more, page.last_key


async def _scan(store: ProductStore, random: Random) -> object:
    return [record async for record in store.scan(seller_handle=random.choice([None, SHOPS[0]]))]


async def _owed(store: ProductStore, _: Random) -> object:
    return {record.key: record for record in await scanned(store.scan(unannounced=True))}


_CHANGES = (_create, _revise, _announce)
_LOOKS = (_page, _page, _scan, _owed)


@pytest.mark.parametrize("seed", range(6))
async def test_waiting_halves_are_those_of_memory(
    client: DynamoDBClient, threads: ThreadPoolExecutor, seed: int
) -> None:
    """For any halves that are staged and dropped, the rows are the reference's."""
    schedule = Schedule(client=client, threads=threads, random=Random(seed))
    # Without an expiry: the rows of tests expired long ago, and DynamoDB Local would delete them by the real clock.
    table = evolve(staging_table(f"staging-{uuid4().hex}"), ttl_attribute=None)
    store = DynamoDbStagingStore(calls=schedule.calls, table=await schedule.table(table))
    reference = MemoryStagingStore()
    for step in range(STEPS):
        halves = [
            a_half(schedule.random.choice([*Kind]), key=key, minute=schedule.random.randint(0, 4))
            for key in _some(HALVES, schedule.random)
        ]
        if schedule.random.random() < 0.7:
            batch = [a_waiting(half, since=NOON + timedelta(seconds=step)) for half in halves]
            with schedule.step():
                staged = await store.stage(batch)
            expected = await reference.stage(batch)
            outcomes = [
                Staged() if schedule.is_reply_lost and (one, other) == (Equal(), Staged()) else one
                for one, other in zip(staged, expected, strict=True)
            ]
            assert outcomes == expected, f"step {step}"
        else:
            with schedule.step():
                dropped = await store.drop(halves)
            assert dropped == await reference.drop(halves), f"step {step}"
        assert await store.waiting(HALVES) == await reference.waiting(HALVES), f"step {step}"
    assert min(schedule.struck["lost"], schedule.struck["throttled"]) > 0
    client.delete_table(TableName=table.name)
