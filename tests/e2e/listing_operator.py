"""An operator who changes listings over REST, and repeats a request until it is answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
from attrs import define

ADMIN_TOKEN = "token-of-the-kill-tests"


@define
class ListingOperator:
    """Replaces listings one after another; the changes of one product in their order.

    Attributes:
        changes: of each product, by seller and video.
        repeats: how often a request had no answer.
    """

    url: str
    changes: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
    repeats: int = 0

    async def run(self) -> None:
        """Make all changes.

        Raises:
            AssertionError: a server refused a change.
        """
        waiting = deque((key, list(changes)) for key, changes in self.changes.items())
        async with httpx2.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as http:
            while waiting:
                key, changes = waiting.popleft()
                if await self._is_made(http, key, changes[0]):
                    changes = changes[1:]
                else:
                    await asyncio.sleep(0.02)  # the product is not there yet, or the server is being replaced
                if changes:
                    waiting.append((key, changes))

    async def _is_made(self, http: httpx2.AsyncClient, key: tuple[str, str], change: Mapping[str, Any]) -> bool:
        seller, video_id = key
        try:
            answer = await http.put(f"/api/v1/shop/{seller}/products/{video_id}/listing", json=change)
        except httpx2.HTTPError:
            self.repeats += 1
            return False
        assert answer.status_code in (200, 404, 503), answer.text
        return answer.status_code == 200
