"""Batches of conditional writes: each statement has its own condition and its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.partiql import (
    Applied,
    Condition,
    Outcome,
    Statement,
    Unmet,
    delete,
    execute,
    insert,
    update,
)
from linkhub_core.errors import ServiceUnavailable, StoreRefused
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

_BATCH = "BatchExecuteStatement"


def _text(value: str) -> dict[str, str]:
    return {"S": value}


@pytest.fixture
def tables(make_dynamodb_client: Callable[[], DynamoDBClient]) -> Iterator[TableFixture]:
    """A client and tables of the test's own."""
    with open_tables(make_dynamodb_client()) as tables:
        yield tables


def _key(video_id: str) -> Item:
    return {"video_id": _text(video_id), "seller_handle": _text("s")}


def _row(video_id: str, half: str = "caption", **attributes: dict[str, str]) -> Item:
    return {**_key(video_id), "half": _text(half), **attributes}


async def _run(tables: TableFixture, *statements: Statement) -> list[Outcome]:
    return await execute(tables.calls, statements)


async def _inserted(tables: TableFixture, count: int) -> list[Outcome]:
    return await _run(tables, *(insert(tables.staging.name, _row(f"v{number:03d}")) for number in range(count)))


async def _stored(tables: TableFixture) -> dict[str, Item]:
    pages = [items async for items in tables.calls.pages("scan", TableName=tables.staging.name, ConsistentRead=True)]
    return {item["video_id"]["S"]: item for items in pages for item in items}


def test_every_name_is_quoted_and_every_value_is_a_parameter() -> None:
    """Reserved words are safe, and so is any value: no text of a user's enters a statement."""
    evil = _text('" REMOVE "revision" --')
    statements = [
        insert('t"t', {"ttl": evil}),
        update("t", {"k": evil}, {"half": evil}, ["ttl"], [Condition("version", evil, "<")]),
        delete("t", {"k": evil}, [Condition("half", evil)]),
    ]
    assert [statement.text for statement in statements] == [
        'INSERT INTO "t""t" VALUE {\'ttl\': ?}',
        'UPDATE "t" SET "half" = ? REMOVE "ttl" WHERE "k" = ? AND "version" < ?',
        'DELETE FROM "t" WHERE "k" = ? AND "half" = ?',
    ]
    assert [len(statement.parameters) for statement in statements] == [1, 3, 2]


async def test_outcomes_come_in_order(tables: TableFixture) -> None:
    """An item that is there refuses an INSERT, and its neighbours are written."""
    table = tables.staging.name
    await _run(tables, insert(table, _row("b", "first")))
    outcomes = await _run(tables, *(insert(table, _row(video_id)) for video_id in "abc"))
    assert outcomes == [Applied(), Unmet(None), Applied()]
    assert (await _stored(tables))["b"]["half"] == _text("first")


async def test_an_unmet_condition_returns_the_stored_item(tables: TableFixture) -> None:
    """UPDATE and DELETE return the item that failed their condition; nothing, where there is none."""
    table = tables.staging.name
    await _run(tables, insert(table, _row("a")))
    wrong = [Condition("half", _text("thumbnail"))]
    updates = [update(table, _key(video_id), {"half": _text("x")}, [], wrong) for video_id in ("a", "none")]
    assert await _run(tables, *updates) == [Unmet(_row("a")), Unmet(None)]
    assert await _run(tables, delete(table, _key("a"), wrong)) == [Unmet(_row("a"))]
    assert await _stored(tables) == {"a": _row("a")}


async def test_what_is_gone_cannot_be_deleted_again(tables: TableFixture) -> None:
    """A DELETE of an item that is not there is no error; DynamoDB may call its condition met or not."""
    [outcome] = await _run(tables, delete(tables.staging.name, _key("gone"), [Condition("half", _text("caption"))]))
    assert outcome in (Applied(), Unmet(None))


async def test_to_remove_from_nothing_leaves_no_ghost(tables: TableFixture) -> None:
    """An UPDATE that only removes, of an item that is gone, does not bring back its key."""
    clear = update(tables.staging.name, _key("gone"), {}, ["ttl"], [Condition("half", _text("caption"))])
    assert await _run(tables, clear) == [Unmet(None)]
    assert await _stored(tables) == {}


async def test_an_update_sets_removes_and_compares(tables: TableFixture) -> None:
    """Attributes are set and removed if the stored version is older."""
    table = tables.staging.name
    await _run(tables, insert(table, _row("a", version=_text("1"), ttl={"N": "5"})))
    conditions = [Condition("half", _text("caption")), Condition("version", _text("2"), "<")]
    statement = update(table, _key("a"), {"version": _text("2")}, ["ttl"], conditions)
    assert await _run(tables, statement) == [Applied()]
    assert await _stored(tables) == {"a": _row("a", version=_text("2"))}
    assert await _run(tables, statement) == [Unmet(_row("a", version=_text("2")))]


async def test_nothing_costs_nothing(tables: TableFixture) -> None:
    """No statements, no call."""
    assert await _run(tables) == []
    assert tables.spent("batch_execute_statement") == 0


async def test_twenty_five_share_a_call(tables: TableFixture) -> None:
    """Sixty statements are three calls."""
    assert await _inserted(tables, 60) == [Applied()] * 60
    assert tables.spent("batch_execute_statement") == 3
    assert len(await _stored(tables)) == 60


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded", "InternalServerError"])
async def test_throttled_statements_are_tried_again_alone(tables: TableFixture, code: str) -> None:
    """An applied statement is not repeated; any other is, after growing waits."""
    start = tables.clock.now()
    fault = Fault.unserved(operation=_BATCH, parts=(1, 2), code=code)
    again = Fault.unserved(operation=_BATCH, parts=(0, 1), code=code)
    with inject(tables.dynamodb, fault, again) as injection:
        assert await _inserted(tables, 4) == [Applied()] * 4
    assert injection.is_spent
    assert tables.spent("batch_execute_statement") == 3
    assert (tables.clock.now() - start).total_seconds() == pytest.approx((0.05 + 0.1) * 0.75)


async def test_a_table_that_keeps_throttling_is_unavailable(tables: TableFixture) -> None:
    """After eight attempts without any progress the batch is given up; the others of it stay written."""
    fault = Fault.unserved(operation=_BATCH, parts=(0,), times=8)
    with (
        inject(tables.dynamodb, Fault.unserved(operation=_BATCH, parts=(1,)), fault),
        pytest.raises(ServiceUnavailable, match=r"1 statements failed with ThrottlingError: .*, 8 times in a row"),
    ):
        await _inserted(tables, 3)
    assert sorted(await _stored(tables)) == ["v000", "v002"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttle(operation=_BATCH),
        Fault.server_error(operation=_BATCH),
        Fault.time_out(operation=_BATCH),
        Fault.lose_reply(operation=_BATCH),
        Fault.client_error(operation=_BATCH, code="AccessDeniedException"),
    ],
    ids=["throttled", "500", "time-out", "lost reply", "denied"],
)
async def test_a_call_that_fails_as_a_whole_is_unavailable(tables: TableFixture, fault: Fault) -> None:
    """botocore retries such a call, not we: what it gives up on is given up."""
    with inject(tables.dynamodb, fault), pytest.raises(ServiceUnavailable):
        await _inserted(tables, 2)
    assert tables.spent("batch_execute_statement") == 1


async def test_one_of_many_calls_may_fail(tables: TableFixture) -> None:
    """The others are completed before the error is raised."""
    with inject(tables.dynamodb, Fault.throttle(operation=_BATCH, times=1)), pytest.raises(ServiceUnavailable):
        await _inserted(tables, 75)
    assert len(await _stored(tables)) == 50


async def test_a_statement_that_never_will_work_is_refused(tables: TableFixture) -> None:
    """An item that is too large is refused, and its neighbours may be written."""
    table = tables.staging.name
    large = insert(table, _row("large", content=_text("x" * 410_000)))
    with pytest.raises(StoreRefused, match="Item size"):
        await _run(tables, large, insert(table, _row("small")))
    assert list(await _stored(tables)) == ["small"]


async def test_a_missing_table_is_unavailable(tables: TableFixture) -> None:
    """The table may be made, or named right, while messages wait."""
    with pytest.raises(ServiceUnavailable, match="ResourceNotFound"):
        await _run(tables, insert(f"none-{uuid4().hex}", _row("a")))
