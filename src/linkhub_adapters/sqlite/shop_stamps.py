"""The stamps of shops in the file: triggers of the schema change them in the transaction of each change.

A stamp is read on the calling thread in 9 us. ``PRAGMA data_version`` takes 11 us and changes with each message of a
queue. A stamp is random, so a restored file does not repeat a stamp of the lost one.
"""

from __future__ import annotations

import sqlite3

from attrs import define

from linkhub_adapters.sqlite.database import SqliteDatabase

_CURRENT = "SELECT stamp FROM shop_stamps WHERE seller_handle = ?"


@define(eq=False)
class SqliteShopStamps:
    """A :class:`~linkhub_core.ports.ShopStamps` over a connection of its own, used by one thread."""

    connection: sqlite3.Connection
    max_age_seconds: float = 0.0

    @classmethod
    def open(cls, database: SqliteDatabase) -> SqliteShopStamps:
        """Open them on the file of ``database``; close them before it."""
        connection = sqlite3.connect(database.path, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only=ON")
        return cls(connection)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def current(self, seller_handle: str) -> int | None:
        """See the port; a shop that never changed has the stamp 0."""
        try:
            row = self.connection.execute(_CURRENT, (seller_handle,)).fetchone()
        except sqlite3.Error:
            return None  # the read of the shop that follows raises the fault of the file
        return 0 if row is None else row[0]
