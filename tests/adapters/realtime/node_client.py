"""A client library in a Node.js process of its own, moved by lines of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from attrs import define, field

from tests.adapters.realtime.realtime_fixture import PATIENCE_SECONDS, SELLER


@define
class NodeClient:
    """A client in a process of its own."""

    process: asyncio.subprocess.Process
    _passed_over: list[list[Any]] = field(factory=list)

    async def tell(self, *line: Any) -> None:
        """Tell it what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(orjson.dumps(line) + b"\n")
        await self.process.stdin.drain()

    async def hear(self, *wanted: Any) -> list[Any]:
        """The next that begins with ``wanted``; what else happened first can still be heard."""
        for heard in self._passed_over:
            if tuple(heard[: len(wanted)]) == wanted:
                self._passed_over.remove(heard)
                return heard
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                heard = await self._read()
                if tuple(heard[: len(wanted)]) == wanted:
                    return heard
                self._passed_over.append(heard)

    async def _read(self) -> list[Any]:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the client is gone"
        heard: list[Any] = orjson.loads(line)
        return heard

    async def subscribe(self, **more: Any) -> None:
        """Ask for the shop and hear the answer."""
        await self.tell("emit", "subscribe_to_seller", {"seller_handle": SELLER, **more})
        await self.hear("event", "subscribed")


@asynccontextmanager
async def run_client(*command: str | Path) -> AsyncIterator[NodeClient]:
    """Start a client; its script ends with its standard input."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield NodeClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
