"""Rows of the table ``staging`` that something has damaged."""

from __future__ import annotations

import pytest

from linkhub_adapters.sqlite import SqliteDatabase, SqliteStagingStore
from linkhub_core.ports import Staged, Unreadable
from linkhub_core.testing.builders import a_half, a_waiting


@pytest.mark.parametrize("minute", [0, 1], ids=["an older half", "the half itself"])
async def test_a_copy_of_a_half_whose_row_is_damaged_is_not_known(database: SqliteDatabase, minute: int) -> None:
    """To acknowledge it would lose it; a newer half takes the row's place."""
    store = SqliteStagingStore(database=database)
    row = a_waiting(a_half(minute=1))
    await store.stage([row])
    await database.write(lambda connection: connection.execute("UPDATE staging SET body = x'7b7d'"))
    (outcome,) = await store.stage([a_waiting(a_half(minute=minute))])
    assert isinstance(outcome, Unreadable)
    newer = a_waiting(a_half(minute=2))
    assert await store.stage([newer]) == [Staged()]
    assert [one async for one in store.scan()] == [newer]
