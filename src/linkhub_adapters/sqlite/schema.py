"""The tables of the file, its version and its application id.

Moments are whole microseconds since 1970; only a product's ``created_at`` and ``updated_at`` are the texts that readers
see. A message's ``lease`` counts up with each lease and each return: the receipt of an older lease is invalid. The
``change`` of a product and the table ``epochs`` are those of :mod:`~linkhub_adapters.sqlite.change_numbers`. The
``listing`` of a product is the JSON of :func:`~linkhub_core.wire.codec.stored_listing`; NULL: it was never set. The
``message_id`` of a message is that of the queue from which it was imported; NULL: its own ``id``. A dead letter of
unknown kind has the ``kind`` ``''``.
"""

from __future__ import annotations

import sqlite3

from linkhub_adapters.sqlite.data_file import transaction
from linkhub_adapters.sqlite.errors import ForeignFile
from linkhub_core.errors import ServiceUnavailable

APPLICATION_ID = 0x6C6E6B68  # "lnkh"
SCHEMA_VERSION = 8

_NODES = """
CREATE TABLE nodes (
  node TEXT PRIMARY KEY,
  seen_at INTEGER NOT NULL,
  report BLOB NOT NULL
) STRICT;
"""
_MARKS = """
CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
"""
_NOTES = """
ALTER TABLE staging ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
"""
_REPORTS = """
ALTER TABLE staging ADD COLUMN report_claimed_until INTEGER;
ALTER TABLE announcements ADD COLUMN stamped_at TEXT;
"""
# A product whose newest revision was announced has been shown. A document that another program wrote names no time.
_LIVES = """
ALTER TABLE products ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN created_at TEXT NOT NULL DEFAULT '';
UPDATE products SET shown = unannounced_revision IS NULL, created_at = CASE
  WHEN json_valid(CAST(document AS TEXT)) THEN coalesce(json_extract(CAST(document AS TEXT), '$.created_at'), '')
  ELSE '' END;
"""
# Every statement that changes a product moves the stamp of its shop, also a statement of another program. It is an
# upsert, because the OR clause of the outer statement would replace an OR clause.
_STAMP = "ON CONFLICT (seller_handle) DO UPDATE SET stamp = excluded.stamp"
_SHOP_STAMPS = f"""
CREATE TABLE IF NOT EXISTS shop_stamps (
  seller_handle TEXT PRIMARY KEY,
  stamp INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS product_inserted AFTER INSERT ON products BEGIN
  INSERT INTO shop_stamps VALUES (new.seller_handle, random()) {_STAMP};
END;
CREATE TRIGGER IF NOT EXISTS product_deleted AFTER DELETE ON products BEGIN
  INSERT INTO shop_stamps VALUES (old.seller_handle, random()) {_STAMP};
END;
CREATE TRIGGER IF NOT EXISTS product_updated
AFTER UPDATE OF seller_handle, video_id, document, revision, updated_at ON products BEGIN
  INSERT INTO shop_stamps VALUES (new.seller_handle, random()) {_STAMP};
  INSERT INTO shop_stamps SELECT old.seller_handle, random() WHERE old.seller_handle <> new.seller_handle {_STAMP};
END;
"""  # noqa: S608  our own text
# A row that another program inserts or edits gets a number, too: linkhub's own statements set ``change``. It owes no
# announcement, so cursors of later events are behind it: only clients with an older cursor are given it.
_COUNT_CHANGE = """
  UPDATE epochs SET last = last + 1 WHERE number = (SELECT max(number) FROM epochs);
  UPDATE products SET change = (SELECT last FROM epochs ORDER BY number DESC LIMIT 1) WHERE rowid = new.rowid;
"""
_CHANGES = f"""
CREATE TABLE epochs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  last INTEGER NOT NULL
) STRICT;
CREATE INDEX products_updated ON products (seller_handle, updated_at, video_id, withdrawn) WHERE withdrawn = 0;
CREATE INDEX products_visible ON products (seller_handle, video_id, withdrawn) WHERE withdrawn = 0;
INSERT INTO epochs (id, last) SELECT lower(hex(randomblob(6))), count(*) FROM products;
CREATE INDEX products_changed ON products (seller_handle, change);
CREATE INDEX products_unannounced ON products (seller_handle, change) WHERE unannounced_revision IS NOT NULL;
CREATE TRIGGER product_insert_counted AFTER INSERT ON products WHEN new.change = 0 BEGIN {_COUNT_CHANGE} END;
CREATE TRIGGER product_update_counted
AFTER UPDATE OF seller_handle, video_id, document, revision, updated_at ON products
WHEN new.change = old.change AND NOT (new.withdrawn AND old.withdrawn) BEGIN {_COUNT_CHANGE} END;
"""  # noqa: S608  our own text
_NUMBER_PRODUCTS = f"""
ALTER TABLE announcements ADD COLUMN created_at TEXT;
ALTER TABLE products ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN listing TEXT;
ALTER TABLE products ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
UPDATE products SET change = counted.change
FROM (SELECT rowid AS product, row_number() OVER (ORDER BY updated_at, rowid) AS change FROM products) AS counted
WHERE products.rowid = counted.product;
DROP INDEX products_unannounced;
DROP INDEX products_updated;
{_CHANGES}"""  # noqa: S608  our own text
_KNOWN = """
CREATE INDEX messages_imported ON messages (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX dead_letters_known ON dead_letters (message_id);
"""
_IMPORTS = f"""
ALTER TABLE messages ADD COLUMN message_id TEXT;
ALTER TABLE dead_letters ADD COLUMN source_queue TEXT NOT NULL DEFAULT '';
{_KNOWN}"""
_TABLES = f"""
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  attributes TEXT NOT NULL,
  sent_at INTEGER NOT NULL,
  visible_at INTEGER NOT NULL,
  receive_count INTEGER NOT NULL DEFAULT 0,
  lease INTEGER NOT NULL DEFAULT 0,
  message_id TEXT
) STRICT;
CREATE INDEX messages_due ON messages (kind, visible_at);
CREATE TABLE dead_letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  attributes TEXT NOT NULL,
  faults TEXT NOT NULL,
  message_id TEXT NOT NULL,
  receive_count INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  rejected_at INTEGER NOT NULL,
  source_queue TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE staging (
  seller_handle TEXT NOT NULL,
  video_id TEXT NOT NULL,
  half TEXT NOT NULL,
  version TEXT NOT NULL,
  body BLOB NOT NULL,
  correlation_id TEXT NOT NULL,
  traceparent TEXT,
  waiting_since INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  notes TEXT NOT NULL DEFAULT '[]',
  report_claimed_until INTEGER,
  PRIMARY KEY (seller_handle, video_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX staging_age ON staging (waiting_since);
CREATE TABLE products (
  seller_handle TEXT NOT NULL,
  video_id TEXT NOT NULL,
  document BLOB NOT NULL,
  caption_version TEXT NOT NULL,
  thumbnails_version TEXT NOT NULL,
  revision INTEGER NOT NULL,
  unannounced_revision INTEGER,
  shown INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT '',
  updated_at TEXT NOT NULL,
  change INTEGER NOT NULL DEFAULT 0,
  listing TEXT,
  withdrawn INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (seller_handle, video_id)
) STRICT;
CREATE TABLE announcements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_json BLOB NOT NULL,
  correlation_id TEXT NOT NULL,
  created_at TEXT,
  stamped_at TEXT
) STRICT;
{_NODES}{_SHOP_STAMPS}{_CHANGES}{_KNOWN}{_MARKS}"""

# The statements that turn a file of this version into one of the next.
_STEPS = {
    1: _NODES,
    2: f"{_LIVES}{_NOTES}",
    3: _SHOP_STAMPS,
    4: _NUMBER_PRODUCTS,
    5: _MARKS,
    6: _REPORTS,
    7: _IMPORTS,
}


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file, or bring an older file up to date.

    Raises:
        ServiceUnavailable: the file belongs to another program, or to a newer linkhub.
    """
    with transaction(connection):
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            _make(connection)
        else:
            _check(connection, version)
            _bring_up_to_date(connection, version)


def _make(connection: sqlite3.Connection) -> None:
    _run(connection, _TABLES)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    if version == SCHEMA_VERSION:  # nothing is written, so a server can show products while the disk is full
        return
    for step in range(version, SCHEMA_VERSION):
        _run(connection, _STEPS[step])
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    statement = ""
    for part in statements.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):  # the semicolons within a trigger do not end it
            connection.execute(statement)
            statement = ""


def _check(connection: sqlite3.Connection, version: int) -> None:
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if owner != APPLICATION_ID:
        raise ForeignFile("the data file", "another program made it")
    if version > SCHEMA_VERSION:
        raise ServiceUnavailable(
            "the data file", f"its schema is {version}, this linkhub knows {SCHEMA_VERSION}: update it"
        )
