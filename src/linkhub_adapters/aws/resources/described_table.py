"""What DynamoDB's replies say of a table: its keys, its index, its expiry, its backups.

Whoever makes tables and whoever examines them decide by the same readings. Nothing here judges: what a table has to be
like stands in :mod:`.resources`, and what is said of a difference is up to who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linkhub_adapters.aws.resources import Table

__all__ = ["expires_by", "has_keys_of", "index_keys", "is_backed_up", "key_types"]


def key_types(description: Mapping[str, Any]) -> Mapping[str, str]:
    """The types of a table's keys by their names, the partition key first.

    Args:
        description: the ``Table`` of DescribeTable.
    """
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in description["AttributeDefinitions"]}
    return {name: types[name] for name in _key_names(description)}


def has_keys_of(table: Table, description: Mapping[str, Any]) -> bool:
    """Whether the keys are those of ``table``, by name, order and type."""
    return list(key_types(description).items()) == [(table.partition_key, "S"), (table.sort_key, "S")]


def index_keys(table: Table, description: Mapping[str, Any]) -> Sequence[str] | None:
    """The names of the keys of the local index that is called as that of ``table``; none where there is no such."""
    for index in description.get("LocalSecondaryIndexes", []):
        if index["IndexName"] == table.index_name:
            return _key_names(index)
    return None


def expires_by(expiry: Mapping[str, Any]) -> str | None:
    """By which attribute items expire, or will in a moment; none where they do not.

    Args:
        expiry: the ``TimeToLiveDescription`` of DescribeTimeToLive.
    """
    return str(expiry["AttributeName"]) if expiry["TimeToLiveStatus"] in ("ENABLED", "ENABLING") else None


def is_backed_up(backups: Mapping[str, Any]) -> bool:
    """Whether the table can be put back to any moment.

    Args:
        backups: the ``ContinuousBackupsDescription`` of DescribeContinuousBackups.
    """
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


def _key_names(described: Mapping[str, Any]) -> Sequence[str]:
    """Of a table or an index, the partition key first."""
    ordered = sorted(described["KeySchema"], key=lambda entry: entry["KeyType"] != "HASH")
    return [entry["AttributeName"] for entry in ordered]
