"""The numbers of changes in the file, and the cursors made of them.

Each change of a product that readers can see has a number, given in the transaction of the save. The table ``epochs``
counts them. The first save of each process begins an epoch: a row with a random id. All processes count in the newest
epoch, and ``last`` of an older one stays as it is.

A cursor names an epoch and a number. It is known if the file has the epoch and the number is not above its ``last``. A
file that was restored from a copy lacks the epochs that began after the copy was made, and no number is added to those
that it has: so each cursor that the copy did not give is unknown.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define

from linkhub_core.wire.cursor import Cursor, encode_cursor

_NEWEST = "SELECT number, id, last FROM epochs ORDER BY number DESC LIMIT 1"
_COUNT = "UPDATE epochs SET last = ? WHERE number = ?"
_BEGIN = "INSERT INTO epochs (id, last) VALUES (?, ?)"
_LAST_OF = "SELECT last FROM epochs WHERE id = ?"
_LOWEST_OWED = """
SELECT min(change) FROM products INDEXED BY products_unannounced
WHERE seller_handle = ? AND unannounced_revision IS NOT NULL
"""
CHANGED_AFTER = """
SELECT {columns}, change FROM products INDEXED BY products_changed
WHERE seller_handle = ? AND change > ? AND change <= ? ORDER BY change LIMIT ?
"""


@define
class Numbering:
    """The newest epoch as one transaction reads it, and the numbers that the transaction gives."""

    row: int
    epoch: str
    last: int
    given: int = 0

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Numbering:
        """Read the newest epoch."""
        return cls(*connection.execute(_NEWEST).fetchone())

    @property
    def following(self) -> int:
        """The number of the next change."""
        return self.last + 1

    def count(self) -> None:
        """Record that :attr:`following` was given to a change."""
        self.last += 1
        self.given += 1

    def cursor(self, seller_handle: str, number: int) -> str:
        """The cursor of a shop at this number."""
        return encode_cursor(Cursor(store=self.epoch, seller_handle=seller_handle, position=str(number)))

    def event_cursors(self, connection: sqlite3.Connection, seller_handles: Iterable[str]) -> Mapping[str, str]:
        """The cursors that live events of these shops carry: the number just below the shop's lowest owed change."""
        return {seller: self._event_cursor(connection, seller) for seller in set(seller_handles)}

    def _event_cursor(self, connection: sqlite3.Connection, seller_handle: str) -> str:
        (lowest,) = connection.execute(_LOWEST_OWED, (seller_handle,)).fetchone()
        return self.cursor(seller_handle, self.last if lowest is None else max(0, min(self.last, lowest - 1)))


@define(eq=False)
class ChangeNumbers:
    """Gives the numbers of one process: its first change begins an epoch."""

    _has_begun: bool = False
    _last: int = 0

    def store(self, connection: sqlite3.Connection, numbering: Numbering) -> None:
        """Write the numbers of a transaction; make its cursors afterwards, because this may begin an epoch."""
        if not numbering.given:
            return
        if self._has_begun and numbering.last - numbering.given >= self._last:
            connection.execute(_COUNT, (numbering.last, numbering.row))
        else:  # the first change, or the file was replaced by an older state of itself
            numbering.epoch = secrets.token_urlsafe(6)
            connection.execute(_BEGIN, (numbering.epoch, numbering.last))

    def committed(self, numbering: Numbering) -> None:
        """Remember that the transaction of this numbering was committed."""
        if numbering.given:
            self._has_begun, self._last = True, numbering.last


def number_of(connection: sqlite3.Connection, cursor: Cursor) -> int | None:
    """The number of a cursor; None if this file did not give it."""
    if not cursor.position.isascii() or not cursor.position.isdecimal():
        return None
    row: tuple[Any, ...] | None = connection.execute(_LAST_OF, (cursor.store,)).fetchone()
    number = int(cursor.position)
    return number if row is not None and number <= row[0] else None
