"""The tables: what DynamoDB says of each, against what :mod:`~linkhub_adapters.aws.resources` says it has to be.

    seen                                    verdict   because
    --------------------------------------  --------  -----------------------------------------------------------
    no table, other keys                    fault     nothing can be saved
    not active                              fault     not yet, or no longer
    no expiry, or by another attribute      fault     what nobody came for and no sweep met would stay for ever
    no local index, or another one          warning   `since` works without it, by reading whole shops
    no point-in-time recovery               warning   what is deleted by mistake is gone

Whatever DynamoDB does not tell is a finding of its own: not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.call_failures import unread
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.resources import Table
from linkhub_adapters.aws.resources.described_table import expires_by, has_keys_of, index_keys, is_backed_up, key_types
from linkhub_core.ports.finding import Finding

__all__ = ["TableSeen", "look_at_table", "table_findings"]

Reply = Mapping[str, Any] | Refusal


@frozen(kw_only=True)
class TableSeen:
    """What DynamoDB said of a table; ``setting`` is what names it. Of a table without description nothing else is."""

    table: Table
    setting: str
    description: Reply
    expiry: Reply | None = None
    backups: Reply | None = None

    @property
    def subject(self) -> str:
        """What findings call it."""
        return f"table {self.table.name}"

    @property
    def arn(self) -> str:
        """Its ARN, as far as it is known."""
        told = {} if isinstance(self.description, Refusal) else self.description["Table"]
        return str(told.get("TableArn", f"arn:aws:dynamodb:*:*:table/{self.table.name}"))

    @property
    def may_be_tried(self) -> bool:
        """Whether there is a table with linkhub's keys, as far as may be known."""
        if isinstance(self.description, Refusal):
            return self.description.why is Why.DENIED
        return has_keys_of(self.table, self.description["Table"])

    @property
    def replies(self) -> Mapping[str, Reply | None]:
        """What was answered, by the actions that it takes."""
        return {
            "dynamodb:DescribeTable": self.description,
            "dynamodb:DescribeTimeToLive": self.expiry,
            "dynamodb:DescribeContinuousBackups": self.backups,
        }

    @property
    def has_index(self) -> bool:
        """Whether the local index is there, whatever its keys."""
        return (
            not isinstance(self.description, Refusal) and index_keys(self.table, self.description["Table"]) is not None
        )


async def look_at_table(inquiry: Probe, services: Services, table: Table, setting: str) -> TableSeen:
    """Ask DynamoDB."""
    dynamodb = services.dynamodb
    description = await inquiry(dynamodb.describe_table, TableName=table.name)
    if isinstance(description, Refusal):
        if description.why is Why.DENIED and await _is_absent(inquiry, services, table):
            description = Refusal(why=Why.MISSING)
        return TableSeen(table=table, setting=setting, description=description)
    return TableSeen(
        table=table,
        setting=setting,
        description=description,
        expiry=await inquiry(dynamodb.describe_time_to_live, TableName=table.name),
        backups=await inquiry(dynamodb.describe_continuous_backups, TableName=table.name),
    )


async def _is_absent(inquiry: Probe, services: Services, table: Table) -> bool:
    """Whether a read says so: processes that may not describe a table may read it."""
    key: Any = {name: {"S": "linkhub:doctor"} for name in (table.partition_key, table.sort_key)}
    reply = await inquiry(services.dynamodb.batch_get_item, RequestItems={table.name: {"Keys": [key]}})
    return isinstance(reply, Refusal) and reply.why is Why.MISSING


def table_findings(seen: TableSeen, aws: AwsCommand) -> Sequence[Finding]:
    """Everything that is to be said of a table: its faults, or that there are none."""
    if isinstance(seen.description, Refusal):
        if seen.description.why is Why.MISSING:
            return [Finding.fault(seen.subject, f"it does not exist ({seen.setting})", "linkhub init")]
        return [_unread(seen, seen.description, "dynamodb:DescribeTable")]
    description = seen.description["Table"]
    if not has_keys_of(seen.table, description):
        return [_key_fault(seen, description)]
    found = [
        *_status_faults(seen, description, aws),
        *_expiry_faults(seen, aws),
        *_index_warnings(seen, description),
        *_backup_warnings(seen, aws),
    ]
    return found or [Finding.ok(seen.subject, _as_wished(seen.table))]


def _as_wished(table: Table) -> str:
    index = [f"index {table.index_name}"] if table.index_name else []
    expiry = [f"expiry by {table.ttl_attribute}"] if table.ttl_attribute else []
    keys = f"keys {table.partition_key}, {table.sort_key}"
    return ", ".join([keys, *index, *expiry, "point-in-time recovery"])


def _unread(seen: TableSeen, refusal: Refusal, action: str) -> Finding:
    return unread(seen.subject, refusal, action=action, resource=seen.arn, is_needed=False)


def _key_fault(seen: TableSeen, description: Mapping[str, Any]) -> Finding:
    found = ", ".join(f"{name} ({kind})" for name, kind in key_types(description).items())
    wanted = f"{seen.table.partition_key} (S), {seen.table.sort_key} (S)"
    mend = f"set {seen.setting} to a name that is free, then: linkhub init (keys cannot be changed)"
    return Finding.fault(seen.subject, f"its keys are {found}; linkhub's are {wanted}", mend)


def _status_faults(seen: TableSeen, description: Mapping[str, Any], aws: AwsCommand) -> Iterator[Finding]:
    status = description.get("TableStatus", "ACTIVE")
    if status not in ("ACTIVE", "UPDATING"):
        wait = aws("dynamodb", "wait", "table-exists", table_name=seen.table.name)
        yield Finding.fault(seen.subject, f"it is {status}, not ACTIVE", wait)


def _expiry_faults(seen: TableSeen, aws: AwsCommand) -> Iterator[Finding]:
    wanted = seen.table.ttl_attribute
    if wanted is None or seen.expiry is None:
        return
    if isinstance(seen.expiry, Refusal):
        yield _unread(seen, seen.expiry, "dynamodb:DescribeTimeToLive")
        return
    told = seen.expiry["TimeToLiveDescription"]
    by = expires_by(told)
    if by is None:
        mend = _set_expiry(seen, aws, wanted, enabled=True)
        yield Finding.fault(seen.subject, f"items do not expire: time to live is {told['TimeToLiveStatus']}", mend)
    elif by != wanted:
        steps = _set_expiry(seen, aws, by, enabled=False), _set_expiry(seen, aws, wanted, enabled=True)
        yield Finding.fault(seen.subject, f"items expire by {by}, not by {wanted}", *steps)


def _set_expiry(seen: TableSeen, aws: AwsCommand, attribute: str, *, enabled: bool) -> str:
    return aws(
        "dynamodb",
        "update-time-to-live",
        table_name=seen.table.name,
        time_to_live_specification=f"Enabled={str(enabled).lower()},AttributeName={attribute}",
    )


def _index_warnings(seen: TableSeen, description: Mapping[str, Any]) -> Iterator[Finding]:
    table = seen.table
    if table.index_name is None or table.indexed_by is None:
        return
    mend = (
        f"a local index is made with its table: set {seen.setting} to a name that is free, then: linkhub init; "
        "and fill it by publishing the events again"
    )
    keys, wanted = index_keys(table, description), [table.partition_key, table.indexed_by]
    if keys is None:
        yield Finding.warning(seen.subject, f"no local index {table.index_name}: `since` reads whole shops", mend)
    elif keys != wanted:
        problem = f"the keys of its index {table.index_name} are {', '.join(keys)}, not {', '.join(wanted)}"
        yield Finding.warning(seen.subject, problem, mend)


def _backup_warnings(seen: TableSeen, aws: AwsCommand) -> Iterator[Finding]:
    if seen.backups is None:
        return
    if isinstance(seen.backups, Refusal):
        yield _unread(seen, seen.backups, "dynamodb:DescribeContinuousBackups")
        return
    if not is_backed_up(seen.backups["ContinuousBackupsDescription"]):
        mend = aws(
            "dynamodb",
            "update-continuous-backups",
            table_name=seen.table.name,
            point_in_time_recovery_specification="PointInTimeRecoveryEnabled=true",
        )
        yield Finding.warning(seen.subject, "no point-in-time recovery", mend)
