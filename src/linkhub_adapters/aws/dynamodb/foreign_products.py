"""Product rows that another service wrote: the product's fields, and nothing of linkhub's own.

Such a row is read as revision 0, shown already, with versions older than any event, so the next half of each kind
improves it.

Rule 1. A write is conditional on there being no revision still, and on the versions as they were read.
Rule 2. Adoption, a revision that is not owed to readers, adds the attributes :data:`ADDED` and changes no other.
Rule 3. Any other revision writes the product's fields as linkhub does. What the row holds beside them stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from linkhub_adapters.aws.dynamodb.partiql import Condition
from linkhub_core.model import OLDER_THAN_ANY_EVENT, ProductRecord
from linkhub_core.ports import Revision
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.intake.times import read_time

__all__ = [
    "ADDED",
    "is_adoption",
    "is_foreign",
    "is_partly_foreign",
    "moments_of",
    "refreshed_attributes",
    "still_foreign",
]

ADDED: Final = ("caption_version", "thumbnails_version", "revision", "shown")


def is_foreign(item: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether another service wrote this row."""
    return "revision" not in item


def is_partly_foreign(record: ProductRecord) -> bool:
    """Whether a half of the product is still what another service wrote."""
    return OLDER_THAN_ANY_EVENT in (record.caption_version, record.thumbnails_version)


def moments_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """``created_at`` and ``updated_at`` in linkhub's form; one that is absent is that of the other.

    Raises:
        RuleBroken: neither is there, or one is no time.
    """
    created_at, updated_at = document.get("created_at"), document.get("updated_at")
    return {"created_at": _time_text(created_at or updated_at), "updated_at": _time_text(updated_at or created_at)}


def _time_text(value: object) -> str:
    moment, _ = read_time(value)
    return timestamp_text(moment)


def still_foreign(record: ProductRecord) -> list[Condition]:
    """The conditions under which a row of another service is as it was read."""
    # An update of an item that is gone would make a new one: the title says that it is there.
    return [
        Condition("revision", None, "IS MISSING"),
        Condition("title", None, "IS NOT MISSING"),
        *_versions_as_read(record),
    ]


def _versions_as_read(record: ProductRecord) -> Iterator[Condition]:
    versions = {"caption_version": record.caption_version, "thumbnails_version": record.thumbnails_version}
    for name, version in versions.items():
        if version == OLDER_THAN_ANY_EVENT:
            yield Condition(name, None, "IS MISSING")
        else:
            yield Condition(name, {"S": str(version)})


def refreshed_attributes(revision: Revision) -> Sequence[str]:
    """The attributes that a silent save writes: versions that are known, and the time that identifies the row."""
    after = revision.after
    versions = {"caption_version": after.caption_version, "thumbnails_version": after.thumbnails_version}
    known = [name for name, version in versions.items() if after.revision or version != OLDER_THAN_ANY_EVENT]
    return [*known, "created_at"] if is_partly_foreign(revision.before) else known


def is_adoption(revision: Revision) -> bool:
    """Whether a revision only gives linkhub's attributes to a row of another service."""
    before, after = revision.before, revision.after
    return (before.revision, after.unannounced_revision) == (0, None) and not revision.is_silent
