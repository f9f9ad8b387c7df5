"""A server as it is wired, asked directly, without a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from attrs import evolve
from dependency_injector.providers import Object

from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.access import access_policy
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.server_container import ServerContainer, open_server
from linkhub_core.ports import ProductStore
from linkhub_core.testing.builders import NOON


@asynccontextmanager
async def a_server(
    products: ProductStore | None = None, **environment: str
) -> AsyncIterator[tuple[ServerContainer, httpx2.AsyncClient]]:
    """A container whose application is asked directly, without a port."""
    settings = load_settings(environment={"LINKHUB_BACKEND": "memory", **environment}).settings
    process = ListenerInfo(
        host="127.0.0.1",
        port=3002,
        ws_port=None,
        consumes=True,
        started_at=NOON,
        stop=asyncio.Event(),
        access=access_policy(settings.listener, host="127.0.0.1", own_ports=(3002,)),
    )
    async with open_server(settings, process) as container:
        if products is not None:
            container.backend.override(Object(evolve(container.backend(), products=products)))
        transport = httpx2.ASGITransport(container.app())
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:3002") as client:
            yield container, client
