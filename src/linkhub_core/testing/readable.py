"""Rows of a store: those that a test expects to be readable, and the fixture that writes an unreadable one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest

from linkhub_core.model import ProductKey
from linkhub_core.ports import Unreadable

K = TypeVar("K")
T = TypeVar("T")

Spoil = Callable[[ProductKey], Awaitable[None]]  # writes an unreadable row under a key


def optional_fixture(request: pytest.FixtureRequest, name: str, without: str) -> Any:
    """Return the fixture ``name`` of the suite's user; skip the test with the reason ``without`` if there is none."""
    try:
        return request.getfixturevalue(name)
    except pytest.FixtureLookupError:
        pytest.skip(f"no fixture {name!r}: {without}")


def readable(row: T | Unreadable) -> T:
    """The row, which has to be readable."""
    assert not isinstance(row, Unreadable), str(row)
    return row


def readable_rows(rows: Mapping[K, T | Unreadable]) -> dict[K, T]:
    """Rows by key, each of which has to be readable."""
    return {key: readable(row) for key, row in rows.items()}


async def scanned(rows: AsyncIterator[T | Unreadable]) -> list[T]:
    """All rows of a scan, each of which has to be readable."""
    return [readable(row) async for row in rows]
