"""An open file for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from linkhub_adapters.sqlite import SqliteDatabase


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A new file, closed at the end."""
    opened = SqliteDatabase.open(tmp_path / "linkhub.sqlite3", busy_timeout_seconds=5)
    yield opened
    opened.close()
