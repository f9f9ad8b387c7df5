"""``asyncio.gather`` that leaves no call running when it raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

__all__ = ["gather_all"]


async def gather_all(calls: Iterable[Awaitable[object]]) -> None:
    """Await all calls together; when all have ended, raise the first error among them."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
