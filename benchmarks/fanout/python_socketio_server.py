"""python-socketio as an ASGI application on uvicorn, by WebSocket, with its defaults, but without compression."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import socketio
import uvicorn
import uvloop

from benchmarks.fanout.command_pipe import obey, open_port, raise_limits

NAMESPACE = "/products"


async def main(events: Sequence[bytes]) -> None:
    """Serve until the pipe is closed."""
    raise_limits()
    waiting = iter([orjson.loads(line) for line in events])
    sockets = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
    publishing: set[asyncio.Task[None]] = set()

    async def subscribe(sid: str, data: Mapping[str, Any]) -> None:
        await sockets.enter_room(sid, data["seller_handle"], namespace=NAMESPACE)
        await sockets.emit("subscribed", {}, to=sid, namespace=NAMESPACE)

    async def emit(event: Mapping[str, Any]) -> None:
        handle = event["product"]["seller_handle"]
        await sockets.emit("new_product", event, room=handle, namespace=NAMESPACE)

    def publish() -> None:
        task = asyncio.create_task(emit(next(waiting)))
        publishing.add(task)
        task.add_done_callback(publishing.discard)

    sockets.on("connect", lambda *_: None, namespace=NAMESPACE)
    sockets.on("subscribe_to_seller", subscribe, namespace=NAMESPACE)
    listening = open_port()
    config = uvicorn.Config(
        socketio.ASGIApp(sockets), loop="none", lifespan="off", log_config=None, ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await obey(listening, {"publish": publish})
    server.should_exit = server.force_exit = True
    await serving


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]).read_bytes().splitlines()))
