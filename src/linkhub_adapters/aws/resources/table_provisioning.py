"""Makes sure that a table is there, and tells what was done: :class:`~.dynamodb_tables.DynamoDbTables` in words."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.aws.resources import Table
from linkhub_adapters.aws.resources.tables import DynamoDbTables, Made, Unfit
from linkhub_core.ports.provisioned import Provisioned, Status

__all__ = ["DynamoDbProvisioning"]

_OTHER_NAME = "choose another name for linkhub's, with DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE"
_NO_INDEX = "a local index can only be made with its table: export, and make the table anew, or live with it"


@frozen(kw_only=True)
class DynamoDbProvisioning:
    """Provisions the tables of one account and region."""

    tables: DynamoDbTables

    async def ensure(self, table: Table) -> Provisioned:
        """Make a table, or switch on what is off in the one that is there.

        Raises:
            ServiceUnavailable: DynamoDB does not answer, or denies it.
        """
        before = await self.tables.faults(table)
        outcome = await self.tables.create(table)
        if isinstance(outcome, Unfit):
            return _told(table, Status.UNFIT, notes=[*outcome.faults, _OTHER_NAME])
        left = await self.tables.faults(table)
        notes = [fault.problem for fault in left]
        if any(fault.needs_new_table for fault in left):
            notes.append(_NO_INDEX)
        if isinstance(outcome, Made):
            return _told(table, Status.MADE, notes=notes)
        mended = [f"mended: {fault.problem}" for fault in before if fault not in left]
        return _told(table, Status.CHANGED if mended else Status.UNCHANGED, changes=mended, notes=notes)


def _told(table: Table, status: Status, *, changes: Sequence[str] = (), notes: Sequence[str] = ()) -> Provisioned:
    address = "" if status is Status.UNFIT else table.name
    return Provisioned(resource="table", name=table.name, status=status, address=address, changes=changes, notes=notes)
