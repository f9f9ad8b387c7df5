"""The staging store on DynamoDB Local: the contract, what its calls are, and what faults do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.staging_items import staging_item, staging_key
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind, Origin, ProductKey, WaitingHalf
from linkhub_core.ports import Dropped, Equal, Newer, Partner, Staged
from linkhub_core.testing.builders import a_caption, a_half, a_key, a_waiting
from linkhub_core.testing.readable import Spoil, scanned
from linkhub_core.testing.staging_store import StagingStoreContract
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

_BATCH = "BatchExecuteStatement"
_ONCE = Config(parameter_validation=False)
_RETRYING = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 2})


def _as_linkhub_does(client: DynamoDBClient) -> DynamoDBClient:
    speed_up(client)
    return client


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """A client as linkhub makes it, but without retries; and tables of the test's own."""
    with open_tables(_as_linkhub_does(make_dynamodb_client(_ONCE))) as tables:
        yield tables


@pytest.fixture
def retrying_tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """The same with a client that tries a failed call once more."""
    with open_tables(_as_linkhub_does(make_dynamodb_client(_RETRYING))) as tables:
        yield tables


@pytest.fixture
def spoil(staging_store: DynamoDbStagingStore) -> Spoil:
    """Puts an item that says which half it is, and nothing of it."""

    async def put(key: ProductKey) -> None:
        item: Any = {**staging_key(key), "half": {"S": "caption"}}
        staging_store.calls.dynamodb.put_item(TableName=staging_store.table, Item=item)

    return put


@pytest.fixture
def staging_store(tables: TableFixture) -> DynamoDbStagingStore:
    """An empty store."""
    return tables.staging_store


class TestContract(StagingStoreContract):
    """The contract of staging stores."""


def _interfere(client: DynamoDBClient, operation: str, act: Callable[[], None]) -> None:
    """Let ``act`` happen once, right before the next call of ``operation`` leaves."""

    def hook(**_: Any) -> None:
        client.meta.events.unregister(event, hook)
        act()

    event = f"before-send.dynamodb.{operation}"
    client.meta.events.register(event, hook)


def _put(tables: TableFixture, waiting: WaitingHalf) -> None:
    tables.dynamodb.put_item(TableName=tables.staging.name, Item=staging_item(waiting))


def _remove(tables: TableFixture, waiting: WaitingHalf) -> None:
    tables.dynamodb.delete_item(TableName=tables.staging.name, Key=staging_key(waiting.key))


async def _rows(tables: TableFixture) -> list[WaitingHalf]:
    return await scanned(tables.staging_store.scan())


async def test_halves_that_come_first_cost_a_read_and_a_write(tables: TableFixture) -> None:
    """25 halves are one call to look and one to write."""
    await tables.staging_store.stage([a_waiting(a_half(key=a_key(number))) for number in range(25)])
    assert (tables.spent("batch_get_item"), tables.spent("batch_execute_statement")) == (1, 1)


async def test_halves_whose_partners_wait_cost_a_read(tables: TableFixture) -> None:
    """Nothing is written, not even in vain."""
    await tables.staging_store.stage([a_waiting(a_half(key=a_key(number))) for number in range(25)])
    await tables.staging_store.stage([a_waiting(a_half(Kind.THUMBNAIL, key=a_key(number))) for number in range(25)])
    assert (tables.spent("batch_get_item"), tables.spent("batch_execute_statement")) == (2, 1)


async def test_a_partner_that_comes_in_between_is_found(tables: TableFixture) -> None:
    """A row that appears after the read fails the INSERT, and the next read returns it."""
    partner = a_waiting(a_half(Kind.THUMBNAIL))
    _interfere(tables.dynamodb, _BATCH, lambda: _put(tables, partner))
    assert await tables.staging_store.stage([a_waiting()]) == [Partner(partner)]
    assert await _rows(tables) == [partner]


async def test_a_row_that_vanishes_in_between_is_made_again(tables: TableFixture) -> None:
    """An older half that is dropped after the look fails the UPDATE, which leaves no ghost; the half is inserted."""
    older, newer = a_waiting(a_half(minute=0)), a_waiting(a_half(minute=1))
    await tables.staging_store.stage([older])
    _interfere(tables.dynamodb, _BATCH, lambda: _remove(tables, older))
    assert await tables.staging_store.stage([newer]) == [Staged()]
    assert await _rows(tables) == [newer]


async def test_a_row_that_is_replaced_in_between_is_read_again(tables: TableFixture) -> None:
    """A half of our kind between ours and the one that was seen is replaced all the same; the partner is not."""
    newest = a_waiting(a_half(minute=9))
    await tables.staging_store.stage([a_waiting(a_half(minute=0))])
    _interfere(tables.dynamodb, _BATCH, lambda: _put(tables, a_waiting(a_half(minute=5))))
    assert await tables.staging_store.stage([newest]) == [Staged()]
    partner = a_waiting(a_half(Kind.THUMBNAIL))
    _interfere(tables.dynamodb, _BATCH, lambda: _put(tables, partner))
    assert await tables.staging_store.stage([a_waiting(a_half(minute=10))]) == [Partner(partner)]
    assert await _rows(tables) == [partner]


async def test_a_row_that_never_holds_still_is_unavailable(tables: TableFixture) -> None:
    """A row that comes after each look and goes before the next is given up."""
    partner = a_waiting(a_half(Kind.THUMBNAIL))
    tables.dynamodb.meta.events.register(f"before-send.dynamodb.{_BATCH}", lambda **_: _put(tables, partner))
    tables.dynamodb.meta.events.register("before-send.dynamodb.BatchGetItem", lambda **_: _remove(tables, partner))
    with pytest.raises(ServiceUnavailable, match="changed 10 times"):
        await tables.staging_store.stage([a_waiting()])


async def test_a_replaced_row_forgets_the_trace_of_the_old_half(tables: TableFixture) -> None:
    """Fields that the new half lacks are removed from the row."""
    await tables.staging_store.stage([a_waiting(origin=Origin(correlation_id="old", traceparent="00-old"))])
    newer = a_waiting(a_half(minute=1), origin=Origin(correlation_id="new"))
    assert await tables.staging_store.stage([newer]) == [Staged()]
    assert await _rows(tables) == [newer]


async def test_a_stage_whose_reply_was_lost_is_found_done(retrying_tables: TableFixture) -> None:
    """The second attempt meets our own row: it is there, whether it was put or replaced."""
    for minute in (0, 1):
        ours = a_waiting(a_half(minute=minute))
        with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
            assert await retrying_tables.staging_store.stage([ours]) == [Equal()]
        assert injection.hits == 1
        assert await _rows(retrying_tables) == [ours]


async def test_a_drop_whose_reply_was_lost_is_found_done(retrying_tables: TableFixture) -> None:
    """The second attempt meets no row, and that is what was wanted."""
    await retrying_tables.staging_store.stage([a_waiting()])
    with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        assert await retrying_tables.staging_store.drop([a_half()]) == [Dropped()]
    assert injection.hits == 1
    assert await _rows(retrying_tables) == []


@pytest.mark.parametrize("operation", ["BatchGetItem", _BATCH])
async def test_throttled_parts_are_tried_again(tables: TableFixture, operation: str) -> None:
    """Keys that were not read and statements that were not run do not show."""
    batch = [a_waiting(a_half(key=a_key(number))) for number in range(5)]
    await tables.staging_store.stage(batch[:2])
    newer = [evolve(one, half=evolve(a_half(minute=3), key=one.key)) for one in batch]
    with inject(tables.dynamodb, Fault.unserved(operation=operation, parts=(0, 3), times=2)) as injection:
        assert await tables.staging_store.stage(newer) == [Staged()] * 5
    assert injection.is_spent


@pytest.mark.parametrize("fault", [Fault.throttle, Fault.server_error, Fault.time_out], ids=lambda one: one.__name__)
async def test_a_store_that_does_not_answer_is_unavailable(tables: TableFixture, fault: Callable[..., Fault]) -> None:
    """Each method says so, and nothing is lost."""
    await tables.staging_store.stage([a_waiting()])
    with inject(tables.dynamodb, *(fault(operation=name, times=9) for name in ("BatchGetItem", _BATCH, "Scan"))):
        with pytest.raises(ServiceUnavailable):
            await tables.staging_store.stage([a_waiting(a_half(minute=1))])
        with pytest.raises(ServiceUnavailable):
            await tables.staging_store.waiting([a_waiting().key])
        with pytest.raises(ServiceUnavailable):
            await tables.staging_store.drop([a_half()])
        with pytest.raises(ServiceUnavailable):
            await _rows(tables)
    assert await _rows(tables) == [a_waiting()]


async def test_a_changed_row_is_returned_while_others_are_dropped(tables: TableFixture) -> None:
    """Of a batch, rows that became something else stay."""
    batch = [a_waiting(a_half(key=a_key(number))) for number in range(30)]
    changed = evolve(batch[7], half=evolve(a_half(minute=1, content=a_caption(title="newer")), key=batch[7].key))
    await tables.staging_store.stage([*batch[:7], changed, *batch[8:]])
    outcomes = await tables.staging_store.drop([one.half for one in batch])
    assert outcomes == [Dropped()] * 7 + [Newer(changed)] + [Dropped()] * 22
    assert await _rows(tables) == [changed]
