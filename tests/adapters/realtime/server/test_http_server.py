"""A server as a duty: it answers until the stop event, and completes the requests in work."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from linkhub_adapters.realtime.server.uvicorn_server import HttpServer


async def test_a_request_under_way_is_answered() -> None:
    """A stop during a request: the server answers that request, takes no other, and ends."""
    begun, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> PlainTextResponse:
        begun.set()
        await go_on.wait()
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", slow)])
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    handler = signal.getsignal(signal.SIGTERM)
    server = HttpServer(uvicorn.Config(app, lifespan="off", log_config=None, loop="none"), [listening])
    running = asyncio.create_task(server.run(stop))
    async with httpx2.AsyncClient(trust_env=False) as client:
        asking = asyncio.create_task(client.get(url))
        await begun.wait()
        stop.set()
        go_on.set()
        assert (await asking).text == "done"
    await running
    assert signal.getsignal(signal.SIGTERM) == handler
