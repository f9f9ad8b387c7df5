"""Reads in any number, to the end, in spite of what is left undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.calls import in_chunks
from linkhub_adapters.aws.dynamodb.partiql import execute, insert
from linkhub_core.errors import ServiceUnavailable
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture
def tables(make_dynamodb_client: Callable[[], DynamoDBClient]) -> Iterator[TableFixture]:
    """A client and tables of the test's own."""
    with open_tables(make_dynamodb_client()) as tables:
        yield tables


def _key(number: int) -> Item:
    return {"video_id": {"S": f"v{number:03d}"}, "seller_handle": {"S": "s"}}


async def _filled(tables: TableFixture, count: int, text: str = "") -> list[Item]:
    rows: list[Item] = [{**_key(number), "content": {"S": text}} for number in range(count)]
    await execute(tables.calls, [insert(tables.staging.name, row) for row in rows])
    return rows


async def _got(tables: TableFixture, keys: list[Item]) -> list[str]:
    return sorted(item["video_id"]["S"] for item in await tables.calls.get(tables.staging.name, keys))


def test_chunks_keep_the_order() -> None:
    """Runs of at most so many, none of them empty."""
    assert in_chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert in_chunks([], 2) == []


async def test_a_hundred_keys_share_a_call(tables: TableFixture) -> None:
    """Two hundred and one keys are three calls; those without an item bring nothing."""
    await _filled(tables, 3)
    assert await _got(tables, [_key(number) for number in range(201)]) == ["v000", "v001", "v002"]
    assert tables.spent("batch_get_item") == 3


async def test_no_keys_cost_nothing(tables: TableFixture) -> None:
    """Nothing asked, nothing called."""
    assert await _got(tables, []) == []
    assert tables.spent("batch_get_item") == 0


async def test_keys_that_were_left_unread_are_asked_for_again(tables: TableFixture) -> None:
    """They alone, after a wait that grows from round to round, whether or not something was read."""
    await _filled(tables, 4)
    some = Fault.unserved(operation="BatchGetItem", parts=(1, 2))
    all_left = Fault.unserved(operation="BatchGetItem", parts=(0, 1))
    start = tables.clock.now()
    with inject(tables.dynamodb, some, all_left) as injection:
        assert await _got(tables, [_key(number) for number in range(4)]) == ["v000", "v001", "v002", "v003"]
    assert injection.is_spent
    assert tables.spent("batch_get_item") == 3
    assert (tables.clock.now() - start).total_seconds() == pytest.approx((0.05 + 0.1) * 0.75)


async def test_a_read_that_gets_on_is_not_given_up(tables: TableFixture) -> None:
    """One key a round, more rounds than may be empty-handed: all come, and the waits end at two seconds."""
    await _filled(tables, 11)
    start = tables.clock.now()
    all_but_the_first = Fault.unserved(operation="BatchGetItem", parts=tuple(range(1, 11)), times=10)
    with inject(tables.dynamodb, all_but_the_first) as injection:
        assert len(await _got(tables, [_key(number) for number in range(11)])) == 11
    assert injection.is_spent
    waits = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0)
    assert (tables.clock.now() - start).total_seconds() == pytest.approx(sum(waits) * 0.75)


async def test_what_came_at_once_waits_for_nothing(tables: TableFixture) -> None:
    """A read that leaves nothing undone takes no time on the clock."""
    await _filled(tables, 2)
    start = tables.clock.now()
    await _got(tables, [_key(0), _key(1)])
    assert tables.clock.now() == start


async def test_a_table_that_reads_nothing_is_unavailable(tables: TableFixture) -> None:
    """After eight empty-handed attempts the read is given up; the waits have doubled up to two seconds."""
    start = tables.clock.now()
    with (
        inject(tables.dynamodb, Fault.unserved(operation="BatchGetItem", parts=(0,), times=8)),
        pytest.raises(ServiceUnavailable, match="1 keys were left unread, 8 times in a row"),
    ):
        await _got(tables, [_key(0)])
    waits = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0)
    assert (tables.clock.now() - start).total_seconds() == pytest.approx(sum(waits) * 0.75)


async def test_a_large_answer_comes_in_parts(tables: TableFixture) -> None:
    """Items that do not fit into one reply follow in others, for any limit of DynamoDB."""
    await _filled(tables, 60, "x" * 300_000)
    assert len(await _got(tables, [_key(number) for number in range(60)])) == 60
    assert tables.spent("batch_get_item") > 1


async def test_pages_are_read_to_the_end(tables: TableFixture) -> None:
    """A table of more than 1 MB is several pages, each item once."""
    await _filled(tables, 8, "x" * 300_000)
    pages = [items async for items in tables.calls.pages("scan", TableName=tables.staging.name)]
    assert len(pages) > 1
    assert sorted(item["video_id"]["S"] for items in pages for item in items) == [f"v{n:03d}" for n in range(8)]


async def test_a_filter_that_lets_nothing_pass_gives_empty_pages(tables: TableFixture) -> None:
    """An empty page is no end: what follows is read."""
    await _filled(tables, 8, "x" * 300_000)
    pages = [
        items
        async for items in tables.calls.pages(
            "scan", TableName=tables.staging.name, FilterExpression="attribute_exists(nothing)"
        )
    ]
    assert len(pages) > 1
    assert not any(pages)


async def test_a_read_that_fails_as_a_whole_is_unavailable(tables: TableFixture) -> None:
    """botocore retries such a call, not we."""
    with inject(tables.dynamodb, Fault.throttle(operation="BatchGetItem")), pytest.raises(ServiceUnavailable):
        await _got(tables, [_key(0)])
    with inject(tables.dynamodb, Fault.time_out(operation="Scan")), pytest.raises(ServiceUnavailable):
        [items async for items in tables.calls.pages("scan", TableName=tables.staging.name)]


async def test_what_is_charged_is_counted(tables: TableFixture) -> None:
    """Read units are summed up by table."""
    await _filled(tables, 2, "x" * 5_000)
    await _got(tables, [_key(0), _key(1)])
    assert tables.calls.consumption.read_units == {tables.staging.name: 4.0}
