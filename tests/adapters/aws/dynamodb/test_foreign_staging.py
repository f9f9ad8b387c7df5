"""Staging rows that another service wrote, on DynamoDB Local: read, joined, replaced and removed as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.attribute_values import read_document
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_core.model import Caption, Half, Kind, ProductKey, WaitingHalf
from linkhub_core.ports import Dropped, Equal, Newer, Partner, Staged, Superseded, Unreadable
from linkhub_core.testing.builders import NOON, a_half, a_waiting
from linkhub_core.testing.foreign_rows import ForeignStagingContract, PlantRow
from linkhub_core.testing.readable import readable
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import encode_event, timestamp_text
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.foreign_rows import SELLER, UNREADABLE_ROW, foreign_staging, put, video

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

WRITTEN_AT = datetime(2026, 1, 14, 8, 0, 2, tzinfo=UTC)
CAPTION, THUMBNAILS, BOTH, BROKEN = foreign_staging()
LATER, EARLIER = 24 * 60, -24 * 60 * 30  # minutes after NOON of builders, which is the day after the rows


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """Tables of the test's own."""
    client = make_dynamodb_client(Config(parameter_validation=False))
    speed_up(client)
    with open_tables(client) as tables:
        yield tables


def _put(tables: TableFixture, *rows: dict[str, Any]) -> None:
    put(tables.dynamodb, tables.staging.name, *rows)


def _key(row: dict[str, Any]) -> ProductKey:
    return ProductKey(row["seller_handle"], row["video_id"])


def _item(tables: TableFixture, row: dict[str, Any]) -> dict[str, Any] | None:
    """The attributes of a row as they are stored."""
    key = {"video_id": {"S": row["video_id"]}, "seller_handle": {"S": row["seller_handle"]}}
    found = tables.dynamodb.get_item(TableName=tables.staging.name, Key=key, ConsistentRead=True).get("Item")
    return None if found is None else read_document(found)


async def _read(tables: TableFixture, row: dict[str, Any]) -> WaitingHalf:
    return readable((await tables.staging_store.waiting([_key(row)]))[_key(row)])


def _caption_of(half: Half) -> Caption:
    assert isinstance(half.content, Caption)
    return half.content


def _staged(row: dict[str, Any], kind: Kind = Kind.CAPTION, *, minute: float) -> WaitingHalf:
    return a_waiting(a_half(kind, key=_key(row), minute=minute))


class TestContract(ForeignStagingContract):
    """The contract for rows of another service."""

    @pytest.fixture
    def staging_store(self, tables: TableFixture) -> DynamoDbStagingStore:
        """An empty store."""
        return tables.staging_store

    @pytest.fixture
    def plant(self, tables: TableFixture) -> PlantRow:
        """Puts the events of a row's halves under the names that such a service gives them."""

        async def put_row(row: WaitingHalf) -> None:
            events = {f"{half.kind}_data": json.loads(encode_event(half), parse_float=Decimal) for half in row.halves}
            times = {"created_at": timestamp_text(NOON), "updated_at": timestamp_text(NOON)}
            key = {"video_id": row.key.video_id, "seller_handle": row.key.seller_handle}
            _put(tables, {**key, **times, "ttl": int(row.expires_at.timestamp()), **events})

        return put_row


async def test_rows_are_read_as_the_halves_that_they_hold(tables: TableFixture) -> None:
    """Deviations are put right; expiry and stamps are the row's; one that cannot be read is named."""
    _put(tables, CAPTION, THUMBNAILS, BOTH, BROKEN)
    rows = {
        row.video_id if isinstance(row, Unreadable) else row.key.video_id: row
        async for row in tables.staging_store.scan()
    }
    assert sorted(rows) == [video(5), video(6), video(7), UNREADABLE_ROW]
    caption, both = readable(rows[video(5)]), readable(rows[video(7)])
    assert _caption_of(caption.half).price == Decimal(4_100_000)
    assert (caption.waiting_since, caption.expires_at) == (WRITTEN_AT, datetime(2100, 1, 1, tzinfo=UTC))
    assert [half.kind for half in readable(rows[video(6)]).halves] == [Kind.THUMBNAIL]
    assert [half.kind for half in both.halves] == [Kind.CAPTION, Kind.THUMBNAIL]
    assert all(readable(rows[one]).is_foreign for one in (video(5), video(6), video(7)))
    broken = rows[UNREADABLE_ROW]
    assert isinstance(broken, Unreadable)
    assert "caption_data" in broken.problem


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"caption_data": {"title": 5}}, "caption_data"),
        ({"thumbnail_data": {}, "caption_data": None}, "neither half"),
        ({"caption_data": 7}, "caption_data"),
        ({"thumbnail_data": "?"}, "thumbnail_data"),
        ({"updated_at": "yesterday"}, ""),
        ({"ttl": "never"}, ""),
    ],
)
async def test_a_row_with_something_unreadable_is_left_alone(
    tables: TableFixture, changed: dict[str, Any], problem: str
) -> None:
    """Also if the other half is valid: no write may remove an unread half."""
    _put(tables, CAPTION | changed)
    [row] = [one async for one in tables.staging_store.scan()]
    assert isinstance(row, Unreadable)
    assert problem in row.problem
    before = _item(tables, CAPTION)
    assert isinstance((await tables.staging_store.stage([_staged(CAPTION, minute=LATER)]))[0], Unreadable)
    assert _item(tables, CAPTION) == before


async def test_a_half_may_be_json_text_or_lack_what_the_row_says(tables: TableFixture) -> None:
    """The row's key and time stand in for those of the event."""
    bare: dict[str, Any] = {"title": "Bare", "price": None, "sizes": None, "tags": []}
    _put(
        tables,
        CAPTION | {"caption_data": bare},
        THUMBNAILS | {"caption_data": '{"title": "T"}', "thumbnail_data": None},
    )
    assert (await _read(tables, CAPTION)).half.version.timestamp == WRITTEN_AT
    [row] = [one async for one in tables.staging_store.scan() if isinstance(one, Unreadable)]
    assert row.video_id == video(6)  # text without the essential fields is no event


async def test_an_attribute_that_is_null_is_as_one_that_is_absent(tables: TableFixture) -> None:
    """The time of the row is the other one, and it expires a day after; the event's own time counts in any case."""
    event = {name: value for name, value in CAPTION["caption_data"].items() if name != "timestamp"}
    _put(
        tables,
        CAPTION | {"updated_at": None, "ttl": None, "caption_data": {**event, "Timestamp": "2026-01-14T07:00:00Z"}},
    )
    row = await _read(tables, CAPTION)
    assert (row.waiting_since, row.expires_at) == (WRITTEN_AT, WRITTEN_AT + timedelta(days=1))
    assert row.half.version.timestamp == datetime(2026, 1, 14, 7, tzinfo=UTC)
    assert await tables.staging_store.stage([row]) == [Equal()]
    assert not (await _read(tables, CAPTION)).is_foreign


async def test_a_stamp_counts_as_at_most_the_time_of_the_row(tables: TableFixture) -> None:
    """An event of the row's own minute is newer than one that was stamped a year ahead."""
    _put(tables, CAPTION | {"caption_data": {**CAPTION["caption_data"], "timestamp": "2027-01-01T00:00:00Z"}})
    newer = a_half(
        key=_key(CAPTION),
        minute=(WRITTEN_AT + timedelta(minutes=1) - datetime(2026, 1, 15, 12, tzinfo=UTC)) / timedelta(minutes=1),
    )
    assert (await _read(tables, CAPTION)).half.version < newer.version


@pytest.mark.parametrize(("minute", "outcome"), [(LATER, Staged()), (EARLIER, Superseded())])
async def test_a_half_of_the_same_kind_makes_the_row_linkhubs(
    tables: TableFixture, minute: float, outcome: object
) -> None:
    """The newer half stays, since when it waits is kept, and nothing of the other service's is left."""
    _put(tables, CAPTION)
    old, staged = await _read(tables, CAPTION), _staged(CAPTION, minute=minute)
    assert await tables.staging_store.stage([staged]) == [outcome]
    row = await _read(tables, CAPTION)
    assert row.half == (staged.half if minute == LATER else old.half)
    assert (row.is_foreign, row.waiting_since, row.expires_at) == (False, WRITTEN_AT, old.expires_at)
    assert not {"caption_data", "thumbnail_data", "created_at", "updated_at"} & set(_item(tables, CAPTION) or {})


async def test_staging_the_very_half_of_the_row_takes_it_over(tables: TableFixture) -> None:
    """As adoption does; a second time changes nothing."""
    _put(tables, CAPTION)
    row = await _read(tables, CAPTION)
    assert [await tables.staging_store.stage([row]) for _ in range(2)] == [[Equal()]] * 2
    assert await _read(tables, CAPTION) == row
    assert (_item(tables, CAPTION) or {})["half"] == "caption"


async def test_the_other_half_or_both_are_the_partner(tables: TableFixture) -> None:
    """A row with both halves is a partner of either kind, and no half of it is replaced."""
    _put(tables, CAPTION, BOTH)
    alone, both = await _read(tables, CAPTION), await _read(tables, BOTH)
    staged = [_staged(CAPTION, Kind.THUMBNAIL, minute=LATER), _staged(BOTH, minute=LATER)]
    assert await tables.staging_store.stage(staged) == [Partner(alone), Partner(both)]
    assert await tables.staging_store.stage([_staged(BOTH, Kind.THUMBNAIL, minute=LATER)]) == [Partner(both)]
    assert await _read(tables, BOTH) == both


async def test_a_row_is_dropped_with_all_that_it_held(tables: TableFixture) -> None:
    """Twice is as good as once."""
    _put(tables, CAPTION, BOTH)
    alone, both = await _read(tables, CAPTION), await _read(tables, BOTH)
    assert await tables.staging_store.drop([alone.half, both]) == [Dropped()] * 2
    assert (_item(tables, CAPTION), _item(tables, BOTH)) == (None, None)
    assert await tables.staging_store.drop([alone.half, both]) == [Dropped()] * 2


async def test_a_row_that_holds_more_than_was_read_stays(tables: TableFixture) -> None:
    """One of two halves is not all of it, nor is an older version."""
    _put(tables, BOTH)
    both = await _read(tables, BOTH)
    assert both.other is not None
    assert await tables.staging_store.drop([both.half]) == [Newer(both)]
    assert await tables.staging_store.drop([both.other]) == [Newer(both)]
    older = evolve(both, half=a_half(key=_key(BOTH), minute=EARLIER))
    assert await tables.staging_store.drop([older]) == [Newer(both)]


def _before_call(tables: TableFixture, act: Callable[[], None], *, nth: int) -> None:
    """Do something just before the nth write from now reaches the table."""
    calls = iter(range(1, 100))

    def hook(**_: Any) -> None:
        if next(calls) == nth:
            act()

    tables.dynamodb.meta.events.register_first("before-call.dynamodb.BatchExecuteStatement", hook)


RACES: Sequence[dict[str, Any]] = (
    BOTH | {"video_id": CAPTION["video_id"]},
    CAPTION | {"updated_at": "2026-01-14T09:00:00.000Z"},
)


@pytest.mark.parametrize("other", RACES, ids=["a half more", "written again"])
async def test_a_row_that_changes_before_it_is_taken_over_is_looked_at_again(
    tables: TableFixture, other: dict[str, Any]
) -> None:
    """A concurrent write of another process is not lost."""
    _put(tables, CAPTION)
    _before_call(tables, lambda: _put(tables, other), nth=1)
    [outcome] = await tables.staging_store.stage([_staged(CAPTION, minute=LATER)])
    if other is RACES[0]:
        assert isinstance(outcome, Partner)
        assert len((await _read(tables, CAPTION)).halves) == 2
    else:
        assert outcome == Staged()


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_row_that_changes_before_it_is_dropped_stays(tables: TableFixture, nth: int) -> None:
    """Before the first of the two steps, or between them."""
    _put(tables, CAPTION)
    row = await _read(tables, CAPTION)
    _before_call(tables, lambda: _put(tables, RACES[0]), nth=nth)
    [outcome] = await tables.staging_store.drop([row.half])
    assert isinstance(outcome, Newer)
    assert len(outcome.waiting.halves) == 2


async def test_a_half_that_is_added_to_a_row_of_linkhubs_counts(tables: TableFixture) -> None:
    """While another service still runs, it may write into a row of ours: neither half is lost."""
    waiting = _staged(CAPTION, minute=0)
    await tables.staging_store.stage([waiting])
    tables.dynamodb.update_item(
        TableName=tables.staging.name,
        Key={"video_id": {"S": CAPTION["video_id"]}, "seller_handle": {"S": SELLER}},
        UpdateExpression="SET thumbnail_data = :data, updated_at = :at",
        ExpressionAttributeValues={":data": {"S": _text(THUMBNAILS)}, ":at": {"S": "2026-01-14T08:00:02Z"}},
    )
    row = await _read(tables, CAPTION)
    assert (row.half, row.other is not None) == (waiting.half, True)
    assert await tables.staging_store.drop([waiting.half]) == [Newer(row)]


def _text(row: dict[str, Any]) -> str:
    return json_text.dump({**row["thumbnail_data"], "video_id": CAPTION["video_id"]}).decode()
