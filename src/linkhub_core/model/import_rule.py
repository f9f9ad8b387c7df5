"""The import rule: a product of an export and the product as stored here -> the next step. An import is a save.

    the exported product                          outcome
    --------------------------------------------  ---------------------------------------------------------------------
    is absent here                                Joined     put it with its revision, owed and not shown
    has newer parts, and readers see a change     Improved   the greater revision and one more, owed
    has a greater revision or later created_at    Raised     both from the greater; nothing is owed for it
    the same, and the product here owes           Owing      announce that first, then decide again
    has newer parts that readers do not see       Refreshed  silent: contents and versions only
    else                                          Unchanged  no write

Parts merge by version. ``created_at`` is the later of both, because it names the life of a product. What was owed or
shown elsewhere does not count here. A withdrawn product that is absent here owes nothing: readers never saw it. A
product without a revision, which another service wrote, gets revision 1.

A quiet import counts all products as shown: it adds no debt. A debt that is already here stays, because the change
behind it is not of the import.

A change that readers do not see must not write a debt that another process may clear meanwhile, or a copy would be
announced. So a product that owes is announced before its revision is raised.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from linkhub_core.model import ProductRecord
from linkhub_core.model.decision_table import Improved, Joined, Refreshed, Unchanged, whole_milliseconds
from linkhub_core.model.merge import Halves, newer_than, with_parts


@frozen
class Raised:
    """The stored product looks the same to readers: ``record``, which owes nothing, is to replace it."""

    record: ProductRecord


@frozen
class Owing:
    """The stored product would be raised, but its newest revision is not announced yet."""

    record: ProductRecord


ImportDecision = Joined | Improved | Raised | Owing | Refreshed | Unchanged


def decide_import(
    exported: ProductRecord, stored: ProductRecord | None, now: datetime, *, quiet: bool
) -> ImportDecision:
    """Decide how to save an exported product.

    Args:
        exported: the product as another backend held it.
        stored: the product here, as last read; None if it is absent.
        now: the importer's clock; products keep whole milliseconds of it.
        quiet: whether the import counts everything as shown.
    """
    if stored is None:
        return Joined(_created(exported, quiet=quiet))
    newer = newer_than(stored, Halves.of_record(exported))
    merged = evolve(
        with_parts(stored, newer),
        revision=max(stored.revision, exported.revision),
        created_at=max(stored.created_at, exported.created_at),
        updated_at=max(stored.updated_at, exported.updated_at),
    )
    if not merged.looks_like(stored):
        return Improved(_changed(merged, now, quiet=quiet))
    if (merged.revision, merged.created_at) != (stored.revision, stored.created_at):
        return Raised(merged) if stored.unannounced_revision is None else Owing(stored)
    return Unchanged(stored) if newer.is_empty else Refreshed(evolve(merged, updated_at=stored.updated_at))


def _created(exported: ProductRecord, *, quiet: bool) -> ProductRecord:
    revision = max(exported.revision, 1)
    is_owed = not (quiet or exported.is_withdrawn)
    return evolve(
        exported,
        revision=revision,
        unannounced_revision=revision if is_owed else None,
        shown=quiet and not exported.is_withdrawn,
        cursor=None,
    )


def _changed(merged: ProductRecord, now: datetime, *, quiet: bool) -> ProductRecord:
    """The next revision of ``merged``, which still has the debt of the stored product, and its ``shown``."""
    is_owed = merged.unannounced_revision is not None or not quiet
    revision = merged.revision + 1
    return evolve(
        merged,
        revision=revision,
        unannounced_revision=revision if is_owed else None,
        shown=(merged.shown or not is_owed) and not merged.is_withdrawn,
        updated_at=max(whole_milliseconds(now), merged.updated_at),
    )
