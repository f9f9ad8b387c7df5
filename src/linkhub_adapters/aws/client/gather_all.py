"""Several calls at once, none of which is left running when the caller goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

__all__ = ["side_by_side"]


async def side_by_side(calls: Iterable[Awaitable[object]]) -> None:
    """Await all of ``calls`` together; when all have ended, raise the first error that any of them met."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
