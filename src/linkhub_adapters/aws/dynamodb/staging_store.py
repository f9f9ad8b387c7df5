"""Waiting halves in a DynamoDB table, keyed by video and seller.

To stage a half is to read its row first, consistently, and to write only if the row has to change: a failed write costs
as much as a successful one, five times a read. The write is conditional on the row as it was read; if the condition
fails, the row is read again.

    the row                     write
    --------------------------  -----------------------------------------------------------------------------------
    is absent                   INSERT
    has our kind, older         UPDATE ... WHERE half, version and ttl as read
    has our half or a newer     UPDATE of the expiry WHERE half, version and ttl as read
    one, and expires earlier
    is another service's, with  UPDATE to a row of linkhub's with the newer half, without the attributes of the other
    a half of our kind          service, WHERE all of :data:`RAW` as read

Conditions name the expiry by ``ttl``, in whole seconds, because an item of an earlier linkhub has no ``expires_at``. An
expiry moves by at least a tenth of the time to wait, so two of one second are the same.

A row of another service is deleted in two steps: the first condition fails and returns the row; if it holds what has to
be dropped, the second deletes it as it was read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from linkhub_adapters.aws.client.errors import DYNAMODB
from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
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
from linkhub_adapters.aws.dynamodb.staging_items import (
    CLAIM,
    FOREIGN_HALVES,
    OPTIONAL,
    claim_text,
    is_foreign,
    staging_from_item,
    staging_item,
    staging_key,
    staging_key_of,
    time_to_live,
)
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Half, ProductKey, WaitingHalf
from linkhub_core.ports import (
    DropOutcome,
    Dropped,
    Equal,
    Newer,
    Partner,
    ReportClaim,
    Staged,
    StageOutcome,
    Superseded,
    Unreadable,
)

MAX_ROUNDS = 10
FOREIGN: Final = (*FOREIGN_HALVES.values(), "created_at", "updated_at")
RAW: Final = (*FOREIGN, "ttl", "half", "version", "expires_at")
_IS_OURS = tuple(Condition(name, None, "IS MISSING") for name in FOREIGN_HALVES.values())
_KEPT = ("video_id", "seller_handle", "waiting_since", CLAIM, "is_complete")  # by a row whose half is replaced


@frozen(kw_only=True)
class DynamoDbStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in the table named ``table``."""

    calls: DynamoDbCalls
    table: str

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        outcomes: dict[ProductKey, StageOutcome] = {}
        for _ in range(MAX_ROUNDS):
            waiting = [half for half in halves if half.key not in outcomes]
            if not waiting:
                return [outcomes[half.key] for half in halves]
            outcomes |= await self._stage(waiting, slack)
        raise ServiceUnavailable(DYNAMODB, f"rows of {self.table} changed {MAX_ROUNDS} times while they were staged")

    async def _stage(self, halves: Sequence[WaitingHalf], slack: timedelta) -> Mapping[ProductKey, StageOutcome]:
        """One round: read, and write if needed; halves whose row changed meanwhile are left out."""
        items = await self._items([half.key for half in halves])
        outcomes: dict[ProductKey, StageOutcome] = {}
        writes: list[tuple[ProductKey, StageOutcome, Statement]] = []
        for half in halves:
            item = items.get(half.key)
            row = None if item is None else staging_from_item(item)
            outcome = _outcome_beside(row, half)
            if item is None or row is None:
                writes.append((half.key, outcome, insert(self.table, staging_item(half))))
            elif isinstance(row, Unreadable) or isinstance(outcome, Partner):
                outcomes[half.key] = outcome
            elif row.is_foreign:
                writes.append((half.key, outcome, self._take_over(_taken_over(row, half), item)))
            elif isinstance(outcome, Staged):
                writes.append((half.key, outcome, self._replace(row, half)))
            elif half.expires_at - row.expires_at > slack:
                writes.append((half.key, outcome, self._renew(row, half.expires_at)))
            else:
                outcomes[half.key] = outcome
        results = await execute(self.calls, [statement for _, _, statement in writes])
        for (key, outcome, _), result in zip(writes, results, strict=True):
            if isinstance(result, Applied):
                outcomes[key] = outcome
        return outcomes

    def _replace(self, row: WaitingHalf, waiting: WaitingHalf) -> Statement:
        item = staging_item(evolve(waiting, expires_at=max(row.expires_at, waiting.expires_at)))
        values = {name: value for name, value in item.items() if name not in _KEPT}
        removed = [name for name in OPTIONAL if name not in item]
        return update(self.table, staging_key(waiting.key), values, removed, _as_read(row))

    def _take_over(self, winner: WaitingHalf, item: Item) -> Statement:
        """Make a row of another service one of linkhub's, and remove the attributes of that service."""
        key, values = staging_key(winner.key), staging_item(winner)
        removed = [name for name in (*OPTIONAL, *FOREIGN) if name in item and name not in values]
        changed = {name: value for name, value in values.items() if name not in key}
        return update(self.table, key, changed, removed, _as_stored(item))

    def _renew(self, row: WaitingHalf, expires_at: datetime) -> Statement:
        item = staging_item(evolve(row, expires_at=expires_at))
        values = {name: item[name] for name in ("expires_at", "ttl")}
        return update(self.table, staging_key(row.key), values, [], _as_read(row))

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        return {key: staging_from_item(item) for key, item in (await self._items(keys)).items()}

    async def _items(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, Item]:
        items = await self.calls.get(self.table, [staging_key(key) for key in keys])
        return {staging_key_of(item): item for item in items}

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        outcomes = await execute(self.calls, [self._delete(row) for row in rows])
        foreign = {
            number: item
            for number, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
            if (item := _item_of(outcome)) and is_foreign(item) and _is_all_of(item, row)
        }
        deletions = [
            delete(self.table, staging_key(rows[number].key), _as_stored(item)) for number, item in foreign.items()
        ]
        for number, outcome in zip(foreign, await execute(self.calls, deletions), strict=True):
            outcomes[number] = outcome
        return [_dropped(outcome) for outcome in outcomes]

    def _delete(self, row: Half | WaitingHalf) -> Statement:
        conditions = _as_read(row) if isinstance(row, WaitingHalf) else _holds(row)
        return delete(self.table, staging_key(row.key), conditions)

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""
        outcomes = await execute(self.calls, [self._claim(claim) for claim in claims])
        return [isinstance(outcome, Applied) for outcome in outcomes]

    def _claim(self, claim: ReportClaim) -> Statement:
        values = {} if claim.until is None else {CLAIM: claim_text(claim.until)}
        removed = [CLAIM] if claim.until is None else []
        return update(self.table, staging_key(claim.row.key), values, removed, _claimable(claim.row))

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port. It reads the whole table consistently: one unit for each 4 kB."""
        async for items in self.calls.pages("scan", TableName=self.table, ConsistentRead=True):
            for item in items:
                yield staging_from_item(item)


def _taken_over(row: WaitingHalf, waiting: WaitingHalf) -> WaitingHalf:
    """The row of another service after a half of its kind is staged: in linkhub's form, with the newer half."""
    return evolve(
        waiting if waiting.half.version > row.half.version else row,
        is_foreign=False,
        waiting_since=row.waiting_since,
        expires_at=max(row.expires_at, waiting.expires_at),
    )


def _as_stored(item: Item) -> list[Condition]:
    """The conditions under which a row of another service is as it was read."""
    return [Condition(name, item[name]) if name in item else Condition(name, None, "IS MISSING") for name in RAW]


def _holds(half: Half) -> list[Condition]:
    """The conditions under which a row holds this half, and no half of another service."""
    ours = [Condition("half", {"S": half.kind.value}), Condition("version", {"S": str(half.version)})]
    return [*ours, *_IS_OURS]


def _claimable(row: WaitingHalf) -> list[Condition]:
    """The conditions of a claim: the row holds the same wait, and no other process claimed its report."""
    since = Condition("waiting_since", claim_text(row.waiting_since))
    until = row.report_claimed_until
    claim = Condition(CLAIM, None, "IS MISSING") if until is None else Condition(CLAIM, claim_text(until))
    return [Condition("half", {"S": row.half.kind.value}), since, claim, *_IS_OURS]


def _as_read(row: WaitingHalf) -> list[Condition]:
    """The conditions under which a row is as it was read: the half, its version, and its expiry."""
    return [*_holds(row.half), Condition("ttl", time_to_live(row.expires_at))]


def _is_all_of(item: Item, asked: Half | WaitingHalf) -> bool:
    """Whether a row of another service holds exactly what has to be dropped, with the same expiry."""
    row = staging_from_item(item)
    if not isinstance(row, WaitingHalf):
        return False
    if isinstance(asked, WaitingHalf) and asked.expires_at != row.expires_at:
        return False
    wanted = asked.halves if isinstance(asked, WaitingHalf) else (asked,)
    return {(half.kind, half.version) for half in row.halves} == {(half.kind, half.version) for half in wanted}


def _item_of(outcome: Outcome) -> Item | None:
    return outcome.item if isinstance(outcome, Unmet) else None


def _dropped(outcome: Outcome) -> DropOutcome:
    item = _item_of(outcome)
    if not item:
        return Dropped()
    there = staging_from_item(item)
    return there if isinstance(there, Unreadable) else Newer(there)


def _outcome_beside(row: WaitingHalf | Unreadable | None, waiting: WaitingHalf) -> StageOutcome:
    """The outcome for a half whose row is like this, if the row does not change before the write."""
    if isinstance(row, Unreadable):
        return row
    if row is not None and (row.other is not None or row.half.kind is not waiting.half.kind):
        return Partner(row)
    if row is None or row.half.version < waiting.half.version:
        return Staged()
    return Equal() if row.half.version == waiting.half.version else Superseded()
