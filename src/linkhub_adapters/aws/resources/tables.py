"""Makes the tables that linkhub needs, and says what is wrong with those that are there.

What a table has to be like stands in :mod:`.resources`; here it is asked for and compared.

    what is there                          create                              faults
    -------------------------------------  ----------------------------------  -----------------------------
    no table                               makes it, waits until it is active  it does not exist
    a table with other keys                leaves it alone: it is another's    which keys it has
    a table of ours                        switches on what is still off       the index, ttl, backups
    a service without backups              does without                        none: nothing could mend it

Rule 1. Nothing is switched off or deleted, and nothing of a table with other keys is touched: to let DynamoDB expire
another's items would delete them.
Rule 2. Whatever stopped half-way is finished by the next ``create``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import DYNAMODB, code_of, is_missing
from linkhub_adapters.aws.resources import Table
from linkhub_adapters.aws.resources.described_table import expires_by, index_keys, is_backed_up, key_types
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["DynamoDbTables", "Made", "TableFault", "TableOutcome", "Unfit", "WasThere"]

POLL_SECONDS = 1.0
MAX_POLLS = 120


@frozen
class Made:
    """The table was absent and is now there."""


@frozen
class WasThere:
    """The table was there; what was off of its expiry and its backups is on now."""


@frozen
class Unfit:
    """A table of this name has other keys, and was left alone."""

    faults: Sequence[str]


TableOutcome = Made | WasThere | Unfit


@frozen
class TableFault:
    """Something that a table lacks, as a sentence; ``needs_new_table`` where it can only be made with its table."""

    problem: str
    needs_new_table: bool = False


@frozen(kw_only=True)
class DynamoDbTables:
    """The tables of one account and region."""

    dynamodb: DynamoDBClient
    calls: AwsCalls
    clock: Clock

    async def create(self, table: Table) -> TableOutcome:
        """Make a table if it is absent, and switch on its expiry and its backups. Again, it does nothing.

        Raises:
            ServiceUnavailable: DynamoDB does not answer, denies it, or the table is not active within two minutes.
        """
        is_made = await self._describe(table.name) is None and await self._make(table)
        description = await self._until_active(table.name)
        if faults := list(_key_faults(table, description)):
            return Unfit(faults)
        await self._expire(table)
        await self._back_up(table)
        return Made() if is_made else WasThere()

    async def faults(self, table: Table) -> Sequence[TableFault]:
        """What keeps a table from being what linkhub needs; none if all is well.

        Raises:
            ServiceUnavailable: DynamoDB does not answer, or denies it.
        """
        description = await self._describe(table.name)
        if description is None:
            return [TableFault(f"the table {table.name} does not exist")]
        if wrong_keys := [TableFault(problem, needs_new_table=True) for problem in _key_faults(table, description)]:
            return wrong_keys
        found = [TableFault(problem, needs_new_table=True) for problem in _index_faults(table, description)]
        if table.ttl_attribute and expires_by(await self._expiry(table.name)) != table.ttl_attribute:
            problem = f"the table {table.name} does not expire items by the attribute {table.ttl_attribute}"
            found.append(TableFault(problem))
        if await self._is_backed_up(table.name) is False:
            found.append(TableFault(f"the table {table.name} has no point-in-time recovery"))
        return found

    # --- the table

    async def _describe(self, name: str) -> Mapping[str, Any] | None:
        try:
            reply = await self.calls(self.dynamodb.describe_table, TableName=name)
        except ServiceUnavailable as error:
            if not is_missing(error):
                raise
            return None
        return dict(reply["Table"])

    async def _make(self, table: Table) -> bool:
        """Whether it was us who made it."""
        try:
            await self.calls(self.dynamodb.create_table, **table.definition)
        except ServiceUnavailable as error:
            if code_of(error) != "ResourceInUseException":  # else another made it in this very moment
                raise
            return False
        return True

    async def _until_active(self, name: str) -> Mapping[str, Any]:
        for _ in range(MAX_POLLS):
            description = await self._describe(name)  # a table just made may not be seen at once
            if description is not None and description["TableStatus"] == "ACTIVE":
                return description
            await self.clock.sleep(POLL_SECONDS)
        raise ServiceUnavailable(DYNAMODB, f"the table {name} is not active after {MAX_POLLS * POLL_SECONDS:.0f} s")

    # --- expiry

    async def _expiry(self, name: str) -> Mapping[str, Any]:
        reply = await self.calls(self.dynamodb.describe_time_to_live, TableName=name)
        return dict(reply["TimeToLiveDescription"])

    async def _expire(self, table: Table) -> None:
        # An expiry by another attribute can't be changed in one step: it is left for faults() to tell.
        if table.time_to_live and (await self._expiry(table.name))["TimeToLiveStatus"] == "DISABLED":
            wanted: Any = table.time_to_live
            await self.calls(self.dynamodb.update_time_to_live, TableName=table.name, TimeToLiveSpecification=wanted)

    # --- backups

    async def _is_backed_up(self, name: str) -> bool | None:
        """None where the service knows no backups, as DynamoDB Local does not."""
        try:
            reply = await self.calls(self.dynamodb.describe_continuous_backups, TableName=name)
        except ServiceUnavailable as error:
            if code_of(error) != "UnknownOperationException":
                raise
            return None
        return is_backed_up(reply["ContinuousBackupsDescription"])

    async def _back_up(self, table: Table) -> None:
        if await self._is_backed_up(table.name) is not False:
            return
        wanted: Any = table.continuous_backups
        for _ in range(MAX_POLLS):
            try:
                await self.calls(
                    self.dynamodb.update_continuous_backups,
                    TableName=table.name,
                    PointInTimeRecoverySpecification=wanted,
                )
            except ServiceUnavailable as error:
                if code_of(error) != "ContinuousBackupsUnavailableException":
                    raise
            else:
                return
            await self.clock.sleep(POLL_SECONDS)  # a table just made is not ready for it at once
        raise ServiceUnavailable(DYNAMODB, f"the table {table.name} does not take point-in-time recovery")


def _key_faults(table: Table, description: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys: their names, and that they are texts."""
    wanted, types = [table.partition_key, table.sort_key], key_types(description)
    found = list(types)
    if found != wanted:
        yield f"the table {table.name} has the keys {', '.join(found)}; linkhub's are {', '.join(wanted)}"
        return
    for name in wanted:
        if types[name] != "S":
            yield f"the key {name} of the table {table.name} is of type {types[name]}; linkhub's is text (S)"


def _index_faults(table: Table, description: Mapping[str, Any]) -> Iterator[str]:
    if table.index_name is None:
        return
    keys = index_keys(table, description)
    if keys is None:
        # It can't be added later; linkhub works without it.
        yield f"the table {table.name} has no local index {table.index_name}: what changed is searched in whole shops"
    elif keys != [table.partition_key, table.indexed_by]:
        yield f"the index {table.index_name} of the table {table.name} has the keys {', '.join(keys)}"
