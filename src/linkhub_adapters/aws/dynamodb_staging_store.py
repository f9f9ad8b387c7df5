"""Waiting halves in a DynamoDB table, keyed by video and seller.

To stage is to look first, consistently, and to write only where the row has to become ours: a row that holds the
partner, our half or a newer one answers the same whether a read or a failed condition tells of it, and a failed write
costs as much as one that succeeds, five times a read. The write is conditional on what the read saw, so whatever comes
in between is noticed, and looked at anew.

    the row           write                                             if its condition fails
    ----------------  ------------------------------------------------  ----------------------
    is absent         INSERT                                            look again
    of our kind,      UPDATE ... WHERE half = ours AND version < ours   look again
    older
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.dynamodb_calls import DynamoDbCalls
from linkhub_adapters.aws.errors import DYNAMODB
from linkhub_adapters.aws.partiql import Applied, Condition, Outcome, Statement, delete, execute, insert, update
from linkhub_adapters.aws.staging_items import OPTIONAL, staging_from_item, staging_item, staging_key, staging_key_of
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Half, ProductKey, WaitingHalf
from linkhub_core.ports import (
    DropOutcome,
    Dropped,
    Equal,
    Newer,
    Partner,
    Staged,
    StageOutcome,
    Superseded,
    Unreadable,
)

__all__ = ["DynamoDbStagingStore"]

MAX_ROUNDS = 10
_KEPT = ("video_id", "seller_handle", "waiting_since", "is_complete")  # by a row whose half is replaced


@frozen(kw_only=True)
class DynamoDbStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in the table named ``table``."""

    calls: DynamoDbCalls
    table: str

    async def stage(self, halves: Sequence[WaitingHalf]) -> Sequence[StageOutcome]:
        """See the port."""
        outcomes: dict[ProductKey, StageOutcome] = {}
        for _ in range(MAX_ROUNDS):
            waiting = [half for half in halves if half.key not in outcomes]
            if not waiting:
                return [outcomes[half.key] for half in halves]
            outcomes |= await self._stage(waiting)
        raise ServiceUnavailable(DYNAMODB, f"rows of {self.table} changed {MAX_ROUNDS} times while they were staged")

    async def _stage(self, halves: Sequence[WaitingHalf]) -> Mapping[ProductKey, StageOutcome]:
        """One round: look, and write where the row is to be ours; those whose row changed meanwhile are left out."""
        rows = await self.waiting([half.key for half in halves])
        outcomes: dict[ProductKey, StageOutcome] = {}
        due: list[WaitingHalf] = []
        for half in halves:
            told = _outcome_beside(rows.get(half.key), half)
            if told is None:
                due.append(half)
            else:
                outcomes[half.key] = told
        statements = [self._replace(half) if half.key in rows else self._insert(half) for half in due]
        for half, outcome in zip(due, await execute(self.calls, statements), strict=True):
            if isinstance(outcome, Applied):
                outcomes[half.key] = Staged()
        return outcomes

    def _insert(self, waiting: WaitingHalf) -> Statement:
        return insert(self.table, staging_item(waiting))

    def _replace(self, waiting: WaitingHalf) -> Statement:
        item = staging_item(waiting)
        conditions = [Condition("half", item["half"]), Condition("version", item["version"], "<")]
        values = {name: value for name, value in item.items() if name not in _KEPT}
        removed = [name for name in OPTIONAL if name not in item]
        return update(self.table, staging_key(waiting.key), values, removed, conditions)

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        items = await self.calls.get(self.table, [staging_key(key) for key in keys])
        return {staging_key_of(item): staging_from_item(item) for item in items}

    async def drop(self, halves: Sequence[Half]) -> Sequence[DropOutcome]:
        """See the port."""
        outcomes = await execute(self.calls, [self._delete(half) for half in halves])
        return [_dropped(outcome) for outcome in outcomes]

    def _delete(self, half: Half) -> Statement:
        conditions = [Condition("half", {"S": half.kind.value}), Condition("version", {"S": str(half.version)})]
        return delete(self.table, staging_key(half.key), conditions)

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port. It reads the whole table consistently: a unit for each 4 kB of rows."""
        async for items in self.calls.pages("scan", TableName=self.table, ConsistentRead=True):
            for item in items:
                yield staging_from_item(item)


def _dropped(outcome: Outcome) -> DropOutcome:
    if isinstance(outcome, Applied) or not outcome.item:
        return Dropped()
    there = staging_from_item(outcome.item)
    return there if isinstance(there, Unreadable) else Newer(there)


def _outcome_beside(row: WaitingHalf | Unreadable | None, waiting: WaitingHalf) -> StageOutcome | None:
    """What the row that was read answers; none if it is to become ours."""
    if row is None or isinstance(row, Unreadable):
        return row
    if row.half.kind is not waiting.half.kind:
        return Partner(row)
    if row.half.version == waiting.half.version:
        return Equal()
    return Superseded() if row.half.version > waiting.half.version else None
