"""Rows of a store that a test expects to be readable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from linkhub_core.ports import Unreadable

__all__ = ["readable", "readable_rows", "scanned"]

K = TypeVar("K")
T = TypeVar("T")


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
