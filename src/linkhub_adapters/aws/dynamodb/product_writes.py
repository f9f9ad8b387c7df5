"""The conditional writes of products, as statements; each is conditional on the product being as it was read.

    write      of                                 sets                                     stamp
    ---------  ---------------------------------  ---------------------------------------  -----------------
    insert     a new product                      all attributes                           DynamoDB's time
    replace    a visible revision                 all attributes; one that withdraws the   DynamoDB's time
                                                  product also removes ``shown``
    adopt      a product of another service       :data:`ADOPTED`, and nothing else        its ``updated_at``
    refresh    a silent revision                  versions, and content that differs       -
    renew      an owed revision, before it is     -                                        DynamoDB's time
               announced late
    clear      a debt                             ``shown`` (false for a tombstone), no    if it was late
                                                  ``unannounced_revision``

A silent revision does not touch the debt, which another process may clear meanwhile. A revision with a debt has no
``shown`` that is false, so only a withdrawal resets what another process set meanwhile. A write to a product of another
service is conditional on ``revision`` still being absent; its attributes that linkhub does not know stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import evolve

from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item
from linkhub_adapters.aws.dynamodb.partiql import Condition, Statement, insert, update
from linkhub_adapters.aws.dynamodb.product_items import (
    OPTIONAL,
    STAMP,
    product_from_item,
    product_item,
    product_key,
    stamp_value,
)
from linkhub_core.model import NO_LISTING, OLDER_THAN_ANY_EVENT, ProductRecord
from linkhub_core.ports import Revision, Unreadable
from linkhub_core.wire.codec import timestamp_text

VERSIONS: Final = ("caption_version", "thumbnails_version", "listing_version")
ADOPTED: Final = ("caption_version", "thumbnails_version", "revision", "shown", STAMP)
_NOT_OF_REFRESH = frozenset({"created_at", "updated_at", "revision", "unannounced_revision", "shown", STAMP})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def insert_product(table: str, record: ProductRecord, stamp_ms: int) -> Statement:
    """Put a product if there is none."""
    return insert(table, {**product_item(record), STAMP: stamp_value(stamp_ms)})


def revise_product(table: str, revision: Revision, stamp_ms: int) -> Statement:
    """Adopt, refresh or replace a product."""
    item = {**product_item(revision.after), STAMP: stamp_value(stamp_ms)}
    key = product_key(revision.after.key)
    names: Sequence[str]
    removed: Sequence[str] = []
    if revision.is_silent:
        names, removed = _refreshed(revision, item)
    elif _is_adoption(revision):
        item[STAMP] = _oldest_stamp(revision.before)
        names = [name for name in ADOPTED if name in item]
    else:
        names = [name for name in item if name not in key]
        removed = [name for name in (*OPTIONAL, *_of_listing(revision.after)) if name not in item]
    return update(table, key, {name: item[name] for name in names}, removed, _as_read(revision.before))


def renew_stamp(table: str, record: ProductRecord, stamp_ms: int) -> Statement:
    """Give a product with a debt a new stamp."""
    values = {STAMP: stamp_value(stamp_ms)}
    return update(table, product_key(record.key), values, [], [*_as_read(record), _owes(record)])


def clear_debt(table: str, record: ProductRecord, stamp_ms: int | None) -> Statement:
    """Clear the debt of a product, with a new stamp if there is one to give."""
    values: Item = {"shown": {"BOOL": not record.is_withdrawn}}
    if stamp_ms is not None:
        values[STAMP] = stamp_value(stamp_ms)
    conditions = [*_as_read(record), _owes(record)]
    return update(table, product_key(record.key), values, ["unannounced_revision"], conditions)


def with_stamp(item: Item) -> Item:
    """An item for a table with the index: one without a stamp gets that of an adoption, if it is a product."""
    record = product_from_item(item)
    return item if STAMP in item or isinstance(record, Unreadable) else {**item, STAMP: _oldest_stamp(record)}


def _oldest_stamp(record: ProductRecord) -> AttributeValue:
    return stamp_value(max(0, (record.updated_at - _EPOCH) // timedelta(milliseconds=1)))


def _is_adoption(revision: Revision) -> bool:
    before, after = revision.before, revision.after
    return before.revision == 0 and after == evolve(before, revision=after.revision)


def _of_listing(record: ProductRecord) -> Sequence[str]:
    """What else an item with this listing may be without; ``availability`` is linkhub's from the first listing on."""
    availability = [] if record.listing_version == NO_LISTING else ["availability"]
    return [*availability, "shown"] if record.is_withdrawn else availability


def _refreshed(revision: Revision, after: Item) -> tuple[list[str], list[str]]:
    """The attributes that a silent save sets, and those that it removes."""
    before = product_item(revision.before)
    versions = [name for name, _ in _known_versions(revision.after)]
    changed = [name for name in after if name not in before or after[name] != before[name]]
    identifying = ["created_at"] if _is_partly_foreign(revision.before) else []
    names = dict.fromkeys([*versions, *(name for name in changed if name not in _NOT_OF_REFRESH), *identifying])
    removed = [name for name in before if name not in after and name not in _NOT_OF_REFRESH]
    return [*names], removed


# --- conditions --------------------------------------------------------------------------------------------------


def _owes(record: ProductRecord) -> Condition:
    return Condition("unannounced_revision", {"N": str(record.unannounced_revision)})


def _as_read(record: ProductRecord) -> list[Condition]:
    """The :attr:`~linkhub_core.model.ProductRecord.identity` of a product."""
    if record.revision == 0:
        # An update of a deleted item would create it: the title says that it exists.
        exists = Condition("title", None, "IS NOT MISSING")
        return [Condition("revision", None, "IS MISSING"), exists, *_versions_as_read(record)]
    conditions = [Condition("revision", {"N": str(record.revision)}), *_versions_as_read(record)]
    if _is_partly_foreign(record):  # created_at may have another form; the versions of its halves identify it
        return conditions
    return [Condition("created_at", {"S": timestamp_text(record.created_at)}), *conditions]


def _versions_as_read(record: ProductRecord) -> Iterator[Condition]:
    known = dict(_known_versions(record))
    for name in VERSIONS:
        yield Condition(name, {"S": known[name]}) if name in known else Condition(name, None, "IS MISSING")


def _known_versions(record: ProductRecord) -> Iterator[tuple[str, str]]:
    """The versions that the item of a product has, by name: none of a foreign half, none without a listing."""
    for name in VERSIONS:
        version = getattr(record, name)
        if version != NO_LISTING and (record.revision or version != OLDER_THAN_ANY_EVENT):
            yield name, str(version)


def _is_partly_foreign(record: ProductRecord) -> bool:
    """Whether a half of the product is still what another service wrote."""
    return OLDER_THAN_ANY_EVENT in (record.caption_version, record.thumbnails_version)
