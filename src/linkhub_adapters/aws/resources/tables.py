"""DynamoDB's tables: reads what is there, compares it with the plan, makes what is absent.

    found                                difference
    -----------------------------------  ---------------------------------------------------------------------
    other keys                           fault: another table is needed; nothing of this one is touched
    not active                           fault: wait
    no expiry, or by another attribute   fault: staging rows would stay for ever. Provisioning switches expiry on, but
                                         does not replace the attribute of another owner: that would delete items
    no local index, or other keys in it  warning: a cursor reads whole shops; the index is made with its table only
    no point-in-time recovery            warning: provisioning switches it on
    not the key of the plan              warning, if the plan has one: provisioning sets it where there is none

A repeated or interrupted run is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import DYNAMODB, code_of
from linkhub_adapters.aws.resources.definitions import UPDATED_AT_INDEX, Table
from linkhub_adapters.aws.resources.difference import Call, Difference, Remedy, apply
from linkhub_adapters.aws.resources.protection import uses_key
from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE = "table"
POLL_SECONDS = 1.0
MAX_POLLS = 120
_NO_BACKUPS = "UnknownOperationException"  # DynamoDB Local has none
_NO_ENCRYPTION = "Nothing to update"  # the message of DynamoDB Local, which ignores keys
_NOT_YET = "ContinuousBackupsUnavailableException"  # a table that was just made


@frozen(kw_only=True)
class FoundTable:
    """A table, as DynamoDB reports it.

    Args:
        description: the ``Table`` of DescribeTable.
        expiry: the ``TimeToLiveDescription`` of DescribeTimeToLive; none if it could not be read.
        backups: the ``ContinuousBackupsDescription`` of DescribeContinuousBackups; none if it could not be read.
        unread: why something could not be read.
    """

    description: Mapping[str, Any]
    expiry: Mapping[str, Any] | None = None
    backups: Mapping[str, Any] | None = None
    unread: Sequence[LinkhubError] = ()

    @property
    def status(self) -> str:
        """``ACTIVE``, ``CREATING`` ..."""
        return str(self.description.get("TableStatus", "ACTIVE"))

    @property
    def key_types(self) -> Mapping[str, str]:
        """The types of the keys by name, the partition key first."""
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in self.description["AttributeDefinitions"]}
        return {name: types[name] for name in _key_names(self.description)}

    def has_keys_of(self, table: Table) -> bool:
        """Whether the keys are those of the plan, by name, order and type."""
        return list(self.key_types.items()) == [(table.partition_key, "S"), (table.sort_key, "S")]


def _key_names(described: Mapping[str, Any]) -> Sequence[str]:
    """The keys of a table or an index, the partition key first."""
    ordered = sorted(described["KeySchema"], key=lambda entry: entry["KeyType"] != "HASH")
    return [entry["AttributeName"] for entry in ordered]


def table_differences(table: Table, found: FoundTable) -> Sequence[Difference]:
    """Everything in which a table is not as planned."""
    if not found.has_keys_of(table):
        keys = ", ".join(f"{name} ({kind})" for name, kind in found.key_types.items())
        wanted = f"{table.partition_key} (S), {table.sort_key} (S)"
        return [
            Difference(
                attribute="KeySchema",
                found=keys,
                wanted=wanted,
                problem=f"its keys are {keys}; linkhub's are {wanted}",
                verdict=Verdict.FAULT,
                remedy=Remedy.REPLACE,
            )
        ]
    return [
        *_status(found),
        *_expiry(table, found),
        *_index(table, found),
        *_backups(table, found),
        *_encryption(table, found),
    ]


def _status(found: FoundTable) -> Iterator[Difference]:
    if found.status not in ("ACTIVE", "UPDATING"):
        yield Difference(
            attribute="TableStatus",
            found=found.status,
            wanted="ACTIVE",
            problem=f"it is {found.status}, not ACTIVE",
            verdict=Verdict.FAULT,
            remedy=Remedy.WAIT,
        )


def _expiry(table: Table, found: FoundTable) -> Iterator[Difference]:
    if table.ttl_attribute is None or found.expiry is None:
        return
    status = found.expiry["TimeToLiveStatus"]
    by = str(found.expiry["AttributeName"]) if status in ("ENABLED", "ENABLING") else None
    if by == table.ttl_attribute:
        return
    if by is None:
        problem, before = f"items do not expire: time to live is {status}", []
    else:  # DynamoDB changes the attribute in two steps only
        problem, before = f"items expire by {by}, not by {table.ttl_attribute}", [_set_expiry(table, by, enabled=False)]
    yield Difference(
        attribute="TimeToLive",
        found=by or status,
        wanted=table.ttl_attribute,
        problem=problem,
        verdict=Verdict.FAULT,
        remedy=Remedy.APPLY if status == "DISABLED" else Remedy.DECIDE,
        calls=[*before, _set_expiry(table, table.ttl_attribute, enabled=True)],
    )


def _set_expiry(table: Table, attribute: str, *, enabled: bool) -> Call:
    specification = {"Enabled": enabled, "AttributeName": attribute}
    parameters = {"TableName": table.name, "TimeToLiveSpecification": specification}
    return Call(service="dynamodb", operation="update_time_to_live", parameters=parameters)


def _index(table: Table, found: FoundTable) -> Iterator[Difference]:
    if table.index_name is None or table.indexed_by is None:
        return
    wanted = [table.partition_key, table.indexed_by]
    indexes = {index["IndexName"]: index for index in found.description.get("LocalSecondaryIndexes", [])}
    index = indexes.get(table.index_name)
    if index is not None and _key_names(index) == wanted:
        return
    if index is None and UPDATED_AT_INDEX in indexes:
        problem = f"no local index {table.index_name}, only {UPDATED_AT_INDEX}: a cursor reads whole shops"
    elif index is None:
        problem = f"no local index {table.index_name}: a cursor or `since` reads whole shops"
    else:
        problem = (
            f"the keys of its index {table.index_name} are {', '.join(_key_names(index))}, not {', '.join(wanted)}"
        )
    yield Difference(
        attribute="LocalSecondaryIndexes",
        found="none" if index is None else ", ".join(_key_names(index)),
        wanted=", ".join(wanted),
        problem=problem,
        verdict=Verdict.WARNING,
        remedy=Remedy.REPLACE,
    )


def _backups(table: Table, found: FoundTable) -> Iterator[Difference]:
    if found.backups is None or not table.has_backups:
        return
    status = found.backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if status == "ENABLED":
        return
    parameters = {"TableName": table.name, "PointInTimeRecoverySpecification": table.continuous_backups}
    yield Difference(
        attribute="PointInTimeRecovery",
        found=status or "absent",
        wanted="ENABLED",
        problem="no point-in-time recovery",
        verdict=Verdict.WARNING,
        calls=[Call(service="dynamodb", operation="update_continuous_backups", parameters=parameters)],
    )


def _encryption(table: Table, found: FoundTable) -> Iterator[Difference]:
    key = found.description.get("SSEDescription", {}).get("KMSMasterKeyArn")
    if table.kms_key_arn is None or uses_key(key, table.kms_key_arn):
        return
    parameters = {"TableName": table.name, "SSESpecification": table.encryption}
    yield Difference(
        attribute="SSESpecification",
        found=key or "absent",
        wanted=table.kms_key_arn,
        problem=f"it does not use the key that is configured: its key is {key or 'one of DynamoDB'}",
        verdict=Verdict.WARNING,
        remedy=Remedy.DECIDE if key else Remedy.APPLY,
        calls=[Call(service="dynamodb", operation="update_table", parameters=parameters)],
    )


@frozen(kw_only=True)
class DynamoDbTables:
    """The tables of one account and region."""

    dynamodb: DynamoDBClient
    calls: AwsCalls
    clock: Clock

    async def read(self, table: Table) -> FoundTable | None:
        """The table with this name; None if there is no such table.

        Raises:
            ServiceUnavailable: DynamoDB does not describe the table.
        """
        description = await self._describe(table)
        return None if description is None else await self._complete(table, description)

    async def ensure(self, table: Table) -> Provisioned:
        """Make a table, or switch on what is off in the one that is there.

        Raises:
            ServiceUnavailable: DynamoDB does not answer, denies it, or the table is not active within two minutes.
        """
        is_made = await self._describe(table) is None and await self._make(table)
        found = await self._complete(table, await self._until_active(table))
        for error in found.unread:
            if code_of(error) != _NO_BACKUPS:
                raise error
        differences = table_differences(table, found)
        if not found.has_keys_of(table):
            problems = [difference.problem for difference in differences]
            return Provisioned(resource=TABLE, name=table.name, status=Status.UNFIT, notes=problems)
        outcome = await apply(TABLE, table.name, table.name, differences, self._call)
        return evolve(outcome, status=Status.MADE, changes=()) if is_made else outcome

    async def _describe(self, table: Table) -> Mapping[str, Any] | None:
        reply = await self.calls.unless_missing(self.dynamodb.describe_table, TableName=table.name)
        return None if reply is None else dict(reply["Table"])

    async def _complete(self, table: Table, description: Mapping[str, Any]) -> FoundTable:
        read: dict[str, Any] = {}
        unread = []
        for field, operation, part in (
            ("expiry", self.dynamodb.describe_time_to_live, "TimeToLiveDescription"),
            ("backups", self.dynamodb.describe_continuous_backups, "ContinuousBackupsDescription"),
        ):
            try:
                reply: Any = await self.calls(operation, TableName=table.name)
                read[field] = reply[part]
            except LinkhubError as error:
                unread.append(error)
        return FoundTable(description=description, unread=unread, **read)

    async def _make(self, table: Table) -> bool:
        """Whether this call made it."""
        try:
            await self.calls(self.dynamodb.create_table, **table.definition)
        except ServiceUnavailable as error:
            if code_of(error) != "ResourceInUseException":  # else another process made it just now
                raise
            return False
        return True

    async def _until_active(self, table: Table) -> Mapping[str, Any]:
        for _ in range(MAX_POLLS):
            description = await self._describe(table)  # a table that was just made may not be visible at once
            if description is not None and description["TableStatus"] == "ACTIVE":
                return description
            await self.clock.sleep(POLL_SECONDS)
        problem = f"the table {table.name} is not active after {MAX_POLLS * POLL_SECONDS:.0f} s"
        raise ServiceUnavailable(DYNAMODB, problem)

    async def _call(self, call: Call) -> None:
        for _ in range(MAX_POLLS):
            try:
                await self.calls(getattr(self.dynamodb, call.operation), **call.parameters)
            except LinkhubError as error:
                if _NO_ENCRYPTION in str(error):
                    return
                if code_of(error) != _NOT_YET:
                    raise
            else:
                return
            await self.clock.sleep(POLL_SECONDS)
        raise ServiceUnavailable(DYNAMODB, f"{call.operation} is not possible after {MAX_POLLS * POLL_SECONDS:.0f} s")
