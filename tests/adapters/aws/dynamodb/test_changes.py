"""Cursors on DynamoDB Local: the contract, late debts, clocks, tables without the index, and what all of it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from benchmarks.dynamodb_units import WriteUnits, write_units
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.product_items import product_item, product_key
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.shop_reader import MAX_CLOCK_LEAD, first_entries
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.change_stamps import MARGIN_MS, StampPosition
from linkhub_core.ports import Changes, Conflict, Created, Marked, Revised, Revision, UnknownCursor
from linkhub_core.testing.builders import KEY, a_caption, a_key, a_record, a_revision
from linkhub_core.testing.cursors import CursorContract, first_cursor, numbered, read_after, videos
from linkhub_core.testing.readable import Spoil, readable
from linkhub_core.wire.cursor import Cursor, encode_cursor, parse_cursor
from linkhub_core.wire.shop_query import PageQuery
from tests.adapters.aws.table_fixture import TableFixture, create_table, open_tables
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

SELLER = KEY.seller_handle
_BATCH = "BatchExecuteStatement"
_RETRYING = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 2})


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """A client as linkhub makes it, which repeats a failed call once; and tables of the test's own."""
    client = make_dynamodb_client(_RETRYING)
    speed_up(client)
    with open_tables(client) as tables:
        yield tables


@pytest.fixture
def store(tables: TableFixture) -> DynamoDbProductStore:
    """An empty store."""
    return tables.product_store


@pytest.fixture
def spoil(product_store: DynamoDbProductStore) -> Spoil:
    """Puts an item with a title and a stamp, and nothing else of a product."""

    async def put(key: ProductKey) -> None:
        item: Any = {**product_key(key), "title": {"S": "?"}, "stamp": {"N": str(time.time_ns() // 1_000_000)}}
        product_store.calls.dynamodb.put_item(TableName=product_store.table, Item=item)

    return put


@pytest.fixture(params=[True, False], ids=["indexed", "without index"])
def product_store(
    request: pytest.FixtureRequest, make_dynamodb_client: Callable[..., DynamoDBClient]
) -> Iterator[DynamoDbProductStore]:
    """An empty store on a clock that moves with each reply."""
    client = make_dynamodb_client(_RETRYING)
    speed_up(client)
    with open_tables(client, has_index=request.param) as tables:
        tables.reply_seconds = 0.01
        yield tables.product_store


class TestCursorContract(CursorContract):
    """The rules of cursors, with and without the index."""


async def _created(store: DynamoDbProductStore, number: int, **fields: Any) -> ProductRecord:
    record = a_record(a_key(number), **fields)
    (outcome,) = await store.create([record])
    assert isinstance(outcome, Created)
    return evolve(record, cursor=outcome.cursor)


async def _prepared(store: DynamoDbProductStore, record: ProductRecord) -> ProductRecord:
    (prepared,) = await store.prepare_announcements([record])
    assert isinstance(prepared, ProductRecord)
    return prepared


def _stamp(tables: TableFixture, number: int) -> int:
    found = tables.dynamodb.get_item(TableName=tables.products.name, Key=product_key(a_key(number)))
    return int(found["Item"]["stamp"]["N"])


def _now_ms(tables: TableFixture) -> int:
    return int(tables.clock.now().timestamp() * 1000)


def _put_stamped(tables: TableFixture, number: int, stamp_ms: int) -> None:
    """Put a product as a process does whose save takes long."""
    item: Any = {**product_item(a_record(a_key(number))), "stamp": {"N": str(stamp_ms)}}
    tables.dynamodb.put_item(TableName=tables.products.name, Item=item)


# --- what it costs


@pytest.fixture
def units(tables: TableFixture) -> Callable[[], int]:
    """Gives the write units of the products table since the last time, by DynamoDB's rules."""
    bill, events = WriteUnits(), tables.dynamodb.meta.events
    bodies: list[bytes] = []
    events.register_last(f"before-call.dynamodb.{_BATCH}", lambda params, **_: bodies.append(params["body"]))
    events.register_last(f"after-call.dynamodb.{_BATCH}", lambda parsed, **_: bill.replay([(bodies.pop(), parsed)]))

    def since_last() -> int:
        spent = bill.by_table.get(tables.products.name, 0)
        bill.by_table.clear()
        return spent

    return since_last


async def test_a_save_and_an_announcement_on_time_cost_no_more_than_the_protocol_needs(
    tables: TableFixture, store: DynamoDbProductStore, units: Callable[[], int]
) -> None:
    """The product, its entry in the index, the product again to clear the debt; and no call but these two."""
    record = a_record(a_key(1))
    size = write_units({**product_item(record), "stamp": {"N": "1768478400000"}})
    record = await _created(store, 1)
    assert units() == size + 1
    tables.clock.advance(0.9)
    assert await store.mark_announced([await _prepared(store, record)]) == [Marked()]
    assert units() == size
    assert tables.spent("batch_execute_statement") == 2
    assert await store.revise([a_revision(a_record(a_key(1), revision=2))]) == [Revised()]
    assert units() == size + 2  # the entry moves, as it did when it was sorted by updated_at


async def test_a_late_debt_costs_a_renewal(
    tables: TableFixture, store: DynamoDbProductStore, units: Callable[[], int]
) -> None:
    """The product and the move of its entry, before the announcement and with the clearing."""
    record = await _created(store, 1)
    size = units() - 1
    tables.clock.advance(3)
    record = await _prepared(store, record)
    tables.clock.advance(0.1)
    assert await store.mark_announced([record]) == [Marked()]
    assert units() == (size + 2) + (size + 2)


async def test_a_poll_with_nothing_new_costs_one_unit(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """One query of the index, and no product is read, whatever the shop holds."""
    await store.create([a_record(a_key(number)) for number in range(500)])
    tables.clock.advance(60)
    cursor = await first_cursor(store)
    for _ in range(2):
        tables.calls.consumption.read_units.clear()
        tables.calls.calls.counts.clear()
        changes = await read_after(store, cursor)
        assert (videos(changes), changes.has_more) == ([], False)
        assert tables.calls.consumption.read_units[tables.products.name] <= 1
        assert tables.calls.calls.counts == {"query": 1}
        cursor = changes.cursor
        tables.clock.advance(5)


# --- late debts


async def test_who_was_away_while_a_debt_was_paid_late_is_given_the_product(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """A saver dies. A client leaves with the cursor of a later event. A sweep announces. The client comes back."""
    await _created(store, 1)
    tables.clock.advance(60)
    later = await _created(store, 2)
    cursor = str((await _prepared(store, later)).cursor)
    assert videos(await read_after(store, cursor)) == numbered(2)
    tables.clock.advance(30)
    sweeper = tables.another_store()
    owed = readable((await sweeper.find([a_key(1)]))[a_key(1)])
    announced = await _prepared(sweeper, owed)
    assert videos(await read_after(store, cursor)) == numbered(2, 1)
    assert videos(await read_after(store, str(announced.cursor))) == numbered(1)
    tables.clock.advance(2)
    assert await sweeper.mark_announced([announced]) == [Marked()]
    assert abs(_stamp(tables, 1) - _now_ms(tables)) <= 1000  # again, with the clearing
    assert videos(await read_after(store, cursor)) == numbered(2, 1)


async def test_a_slow_renewal_is_repeated_for_all_that_are_late_after_it(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """A record that was on time is announced after the renewal of another one, so it may be late by then."""
    late = await _created(store, 1)
    tables.clock.advance(10)
    on_time = await _created(store, 2)
    slow = [2.0, 0.0]
    tables.dynamodb.meta.events.register(
        f"before-call.dynamodb.{_BATCH}", lambda **_: tables.clock.advance(slow.pop(0)), unique_id="slow"
    )
    await store.prepare_announcements([late, on_time])
    tables.dynamodb.meta.events.unregister(f"before-call.dynamodb.{_BATCH}", unique_id="slow")
    assert slow == []
    for number in (1, 2):
        assert abs(_stamp(tables, number) - _now_ms(tables)) <= 1000


async def test_an_announcement_that_took_long_is_stamped_with_the_clearing(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """It was on time when it was checked. Events that came before it may have given a client a later position."""
    record = await _prepared(store, await _created(store, 1))
    tables.clock.advance(30)
    cursor = await first_cursor(store)
    assert videos(await read_after(store, cursor)) == []
    assert await store.mark_announced([record]) == [Marked()]
    assert videos(await read_after(store, cursor)) == numbered(1)


async def test_a_renewal_whose_reply_was_lost_is_ours(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """botocore sends it again, and the condition is still met; if all replies are lost, doing it again is safe."""
    record = await _created(store, 1)
    tables.clock.advance(10)
    with inject(tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        prepared = await _prepared(store, record)
    assert injection.is_spent
    tables.clock.advance(10)
    with (
        inject(tables.dynamodb, Fault.lose_reply(operation=_BATCH, times=2)),
        pytest.raises(ServiceUnavailable),
    ):
        await store.prepare_announcements([prepared])
    assert await store.mark_announced([await _prepared(store, prepared)]) == [Marked()]
    assert abs(_stamp(tables, 1) - _now_ms(tables)) <= 1000


async def test_a_late_debt_that_another_process_paid_is_not_announced(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """The renewal is conditional on the debt and on the versions: a cleared, revised or deleted product conflicts."""
    cleared, revised, deleted = [await _created(store, number) for number in range(3)]
    tables.clock.advance(10)
    await store.mark_announced([cleared])
    second = a_record(a_key(1), revision=2)
    await store.revise([a_revision(second, revised)])
    tables.dynamodb.delete_item(TableName=tables.products.name, Key=product_key(a_key(2)))
    outcomes = await store.prepare_announcements([cleared, revised, deleted])
    shown = evolve(cleared, unannounced_revision=None, shown=True)
    assert outcomes == [Conflict(shown), Conflict(second), Conflict(None)]


async def test_a_debt_of_an_earlier_version_gets_its_first_stamp(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """Such a row has none, so it is older than every cursor until it is announced."""
    item: Any = product_item(a_record(a_key(1)))
    tables.dynamodb.put_item(TableName=tables.products.name, Item=item)
    cursor = await first_cursor(store)
    assert videos(await read_after(store, cursor)) == []
    owed = readable((await store.find([a_key(1)]))[a_key(1)])
    await _prepared(store, owed)
    assert videos(await read_after(store, cursor)) == numbered(1)


# --- clocks


@pytest.mark.parametrize("seconds_ahead", [-10.0, 10.0])
async def test_a_saver_with_a_false_clock_is_not_missed(tables: TableFixture, seconds_ahead: float) -> None:
    """Its stamps are of DynamoDB's time; ``updated_at`` is of its own, and ``since`` keeps its exact meaning."""
    saver = tables.another_store(seconds_ahead=seconds_ahead)
    reader = tables.product_store
    cursor = await first_cursor(reader)
    tables.clock.advance(1)
    updated_at = tables.clock.now() + timedelta(seconds=seconds_ahead)
    await _created(saver, 1, updated_at=updated_at)
    assert abs(_stamp(tables, 1) - _now_ms(tables)) <= 1000
    assert videos(await read_after(reader, cursor)) == numbered(1)
    for since, found in ((updated_at - timedelta(milliseconds=1), 1), (updated_at, 0)):
        page = await reader.page(PageQuery(seller_handle=SELLER, since=since))
        assert len(page.products) == found


@pytest.mark.parametrize(("margin_seconds", "found"), [(-2, 1), (2, 0)])
async def test_since_is_exact_up_to_a_clock_that_dynamodb_refuses(
    tables: TableFixture, store: DynamoDbProductStore, margin_seconds: int, found: int
) -> None:
    """A saver further ahead than that is found by cursor only: the index is asked for a bounded time."""
    ahead = MAX_CLOCK_LEAD + timedelta(seconds=margin_seconds)
    updated_at = tables.clock.now() + ahead
    await _created(store, 1, updated_at=updated_at)
    since = updated_at - timedelta(milliseconds=1)
    assert len((await store.page(PageQuery(seller_handle=SELLER, since=since))).products) == found


# --- walks


async def test_a_walk_of_cut_answers_ends_while_others_save(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """Each answer goes on exactly behind the one before, although all changes are within the margin."""
    cursor, given = await first_cursor(store), []
    await store.create([a_record(a_key(number)) for number in range(10)])
    for number in range(10, 30):
        changes = await read_after(store, cursor, 2)
        given += videos(changes)
        cursor = changes.cursor
        if not changes.has_more:
            break
        tables.clock.advance(0.01)
        await _created(store, number)
    assert not changes.has_more
    assert sorted(given) == numbered(*range(len(given)))


async def test_a_save_that_took_long_is_given_after_the_walk(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """It becomes readable with a stamp that the walk has passed: the walk's end is before it."""
    cursor = await first_cursor(store)
    tables.clock.advance(MARGIN_MS / 1000)
    began = _now_ms(tables)
    await store.create([a_record(a_key(number)) for number in range(3)])
    cut = await read_after(store, cursor, 2)
    assert cut.has_more
    _put_stamped(tables, 9, began - MARGIN_MS + 1000)
    end = await read_after(store, cut.cursor, 2)
    assert (videos(end), end.has_more) == (numbered(2), False)
    assert numbered(9)[0] in videos(await read_after(store, end.cursor))


@pytest.mark.parametrize("waits_seconds", [0, 10])
async def test_a_client_that_leaves_a_walk_for_a_connection_is_given_what_the_walk_passed(
    tables: TableFixture, store: DynamoDbProductStore, waits_seconds: int
) -> None:
    """A catch-up from the middle of a walk starts again at its margin: live events follow, not the end of the walk."""
    cursor = await first_cursor(store)
    tables.clock.advance(MARGIN_MS / 1000)
    await store.create([a_record(a_key(number)) for number in range(3)])
    cut = await read_after(store, cursor, 2)
    _put_stamped(tables, 9, _now_ms(tables) - MARGIN_MS + 1000)
    tables.clock.advance(waits_seconds)
    assert set(videos(await read_after(store, cut.cursor, 100))) == set(numbered(9, 0, 1, 2))


async def test_rows_that_vanish_take_no_place_and_end_no_walk(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """A deleted product that the index still names is left out; the answer continues after it."""
    cursor = await first_cursor(store)
    await store.create([a_record(a_key(number)) for number in range(6)])

    def delete_all_but_the_last(**_: Any) -> None:
        for number in range(5):
            tables.dynamodb.delete_item(TableName=tables.products.name, Key=product_key(a_key(number)))

    tables.dynamodb.meta.events.register("before-send.dynamodb.BatchGetItem", delete_all_but_the_last)
    first = await read_after(store, cursor, 2)
    assert (videos(first), first.has_more) == ([], True)
    rest = await read_after(store, first.cursor, 2)
    assert (videos(rest), rest.has_more) == (numbered(5), False)


# --- whose cursor it is


async def test_a_cursor_of_another_table_is_unknown(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """Also of the table before it was deleted and made again under its name."""
    cursor = parse_cursor(await first_cursor(store), SELLER)
    assert cursor is not None
    assert isinstance(await tables.another_store().changes(SELLER, cursor, 10), Changes)
    with open_tables(tables.dynamodb) as others:
        assert await others.product_store.changes(SELLER, cursor, 10) == UnknownCursor()
    tables.dynamodb.delete_table(TableName=tables.products.name)
    create_table(tables.dynamodb, tables.products)
    assert await tables.another_store().changes(SELLER, cursor, 10) == UnknownCursor()


async def test_a_position_that_this_table_never_gave_is_unknown(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """One from the future."""
    cursor = parse_cursor(await first_cursor(store), SELLER)
    assert cursor is not None
    ahead = str(StampPosition(_now_ms(tables) + 3_600_000))
    assert await store.changes(SELLER, evolve(cursor, position=ahead), 10) == UnknownCursor()


async def test_without_permission_to_describe_the_table_there_are_no_cursors(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """Pages and events have none, and all are unknown; saves go on, and a late debt is stamped for other processes."""
    other = parse_cursor(await first_cursor(tables.another_store()), SELLER)
    assert other is not None
    denied = Fault.client_error(operation="DescribeTable", code="AccessDeniedException", times=9)
    with inject(tables.dynamodb, denied):
        record = await _created(store, 1)
        assert (await store.page(PageQuery(seller_handle=SELLER))).cursor is None
        assert await store.changes(SELLER, other, 10) == UnknownCursor()
        tables.clock.advance(10)
        assert (await _prepared(store, record)).cursor is None
    assert abs(_stamp(tables, 1) - _now_ms(tables)) <= 1000


async def test_a_table_that_cannot_be_described_just_now_is_described_a_minute_later(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """Only requests with a cursor need it: they get a transient error."""
    other = parse_cursor(await first_cursor(tables.another_store()), SELLER)
    assert other is not None
    with inject(tables.dynamodb, Fault.throttle(operation="DescribeTable", times=2)):
        assert (await store.page(PageQuery(seller_handle=SELLER))).cursor is None
    with pytest.raises(ServiceUnavailable, match="identity"):
        await store.changes(SELLER, other, 10)
    tables.clock.advance(61)
    assert isinstance(await store.changes(SELLER, other, 10), Changes)


async def test_without_any_reply_a_save_fails(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """There is no stamp to give, and DynamoDB would not have taken the product either."""
    with inject(tables.dynamodb, Fault.time_out(operation="DescribeTable", times=2)), pytest.raises(ServiceUnavailable):
        await store.create([a_record()])
    assert await store.create([a_record()]) == [Created()]


# --- tables without the index


async def test_the_earlier_index_answers_since_and_no_cursor(
    make_dynamodb_client: Callable[..., DynamoDBClient],
) -> None:
    """A cursor reads the shop whole; both are right."""
    client = make_dynamodb_client(_RETRYING)
    with open_tables(client, has_index=False) as tables:
        name = tables.products.name
        client.delete_table(TableName=name)
        client.create_table(**_of_an_earlier_version(tables))
        store = tables.product_store
        cursor = await first_cursor(store)
        record = await _created(store, 1, updated_at=tables.clock.now())
        assert videos(await read_after(store, cursor)) == numbered(1)
        since = tables.clock.now() - timedelta(seconds=1)
        tables.calls.calls.counts.clear()
        page = await store.page(PageQuery(seller_handle=SELLER, since=since))
        assert [product.key for product in page.products] == [record.key]
        assert tables.calls.calls.counts == {"query": 1, "batch_get_item": 1}


def _of_an_earlier_version(tables: TableFixture) -> Any:
    definition: Any = dict(tables.products.definition)
    keys = [{"AttributeName": "seller_handle", "KeyType": "HASH"}, {"AttributeName": "updated_at", "KeyType": "RANGE"}]
    index = {"IndexName": "by-updated-at", "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    definition["AttributeDefinitions"] += [{"AttributeName": "updated_at", "AttributeType": "S"}]
    return {**definition, "LocalSecondaryIndexes": [index]}


async def test_an_index_that_may_not_be_read_counts_as_absent(
    tables: TableFixture, store: DynamoDbProductStore
) -> None:
    """The policy of an earlier version names the earlier index only."""
    cursor = await first_cursor(store)
    await _created(store, 1)
    with inject(tables.dynamodb, Fault.client_error(operation="Query", code="AccessDeniedException")) as injection:
        assert videos(await read_after(store, cursor)) == numbered(1)
    assert injection.is_spent


def test_a_shop_that_is_read_whole_takes_bounded_memory() -> None:
    """Of all pages together, no more entries are kept than the answer has, and one."""
    kept: list[tuple[int, str]] = []
    for numbers in (range(20, 40), range(20)):
        items: list[Any] = [{**product_key(a_key(number)), "stamp": {"N": str(100 + number)}} for number in numbers]
        kept = first_entries(6, (101, a_key(1).video_id), kept, items)
    assert kept == [(100 + number, a_key(number).video_id) for number in range(2, 8)]


async def test_an_adopted_row_is_older_than_every_cursor(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """Its stamp is its own ``updated_at``: adoption shows readers nothing, and ``since`` finds the row in the index."""
    foreign: Any = {
        name: value
        for name, value in product_item(a_record(a_key(1))).items()
        if name not in ("revision", "caption_version", "thumbnails_version", "unannounced_revision")
    }
    tables.dynamodb.put_item(TableName=tables.products.name, Item=foreign)
    cursor = await first_cursor(store)
    read = readable((await store.find([a_key(1)]))[a_key(1)])
    assert await store.revise([Revision(before=read, after=evolve(read, revision=1))]) == [Revised()]
    assert _stamp(tables, 1) == int(read.updated_at.timestamp() * 1000)
    assert videos(await read_after(store, cursor)) == []
    since = read.updated_at - timedelta(seconds=1)
    assert len((await store.page(PageQuery(seller_handle=SELLER, since=since))).products) == 1
    improved = evolve(read, revision=2, unannounced_revision=2, caption=a_caption(title="improved"))
    assert await store.revise([Revision(before=evolve(read, revision=1), after=improved)]) == [Revised()]
    assert videos(await read_after(store, cursor)) == numbered(1)


def test_a_cursor_is_short() -> None:
    """As long as an exact store's."""
    position = str(StampPosition(1_768_478_400_000))
    assert len(encode_cursor(Cursor(store="AbCdEfGh", seller_handle=SELLER, position=position))) <= 60
