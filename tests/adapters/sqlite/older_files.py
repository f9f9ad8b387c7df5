"""Turns a file into one of an older schema, as an older linkhub made it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from linkhub_adapters.sqlite.schema import SCHEMA_VERSION

# The statements that take a file back to the version.
_BACK_TO = {
    7: """
DROP INDEX messages_imported;
DROP INDEX dead_letters_known;
ALTER TABLE messages DROP COLUMN message_id;
ALTER TABLE dead_letters DROP COLUMN source_queue;
""",
    6: """
ALTER TABLE staging DROP COLUMN report_claimed_until;
ALTER TABLE announcements DROP COLUMN stamped_at;
""",
    5: "DROP TABLE marks;",
    4: """
DROP TRIGGER product_insert_counted;
DROP TRIGGER product_update_counted;
DROP INDEX products_changed;
DROP INDEX products_unannounced;
DROP INDEX products_updated;
DROP INDEX products_visible;
ALTER TABLE products DROP COLUMN change;
ALTER TABLE products DROP COLUMN listing;
ALTER TABLE products DROP COLUMN withdrawn;
ALTER TABLE announcements DROP COLUMN created_at;
DROP TABLE epochs;
CREATE INDEX products_updated ON products (seller_handle, updated_at, video_id);
CREATE INDEX products_unannounced ON products (seller_handle, video_id) WHERE unannounced_revision IS NOT NULL;
""",
    3: """
DROP TRIGGER product_inserted;
DROP TRIGGER product_deleted;
DROP TRIGGER product_updated;
DROP TABLE shop_stamps;
""",
    2: """
ALTER TABLE products DROP COLUMN shown;
ALTER TABLE products DROP COLUMN created_at;
ALTER TABLE staging DROP COLUMN notes;
""",
    1: "DROP TABLE nodes;",
}


def make_older(path: Path, *, version: int) -> None:
    """Take the closed file of this version back to ``version``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for older in range(SCHEMA_VERSION - 1, version - 1, -1):
            connection.executescript(_BACK_TO[older])
        connection.execute(f"PRAGMA user_version = {version}")
