"""The rooms that face viewers, wired: what is chosen reaches them, and they see what the process is about to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from dependency_injector.providers import Object
from starlette.routing import Route

from linkhub_adapters.memory import MemoryProductStore
from linkhub_cli.container import open_container
from linkhub_cli.logs import set_up_logs
from linkhub_cli.process_facts import ProcessFacts
from linkhub_cli.server_container import ServerContainer
from linkhub_cli.settings import Logs, load_settings
from linkhub_core.catalog import Page, PageQuery
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports import ProductStore
from tests.support.builders import NOON


class _SilentStore(MemoryProductStore):
    """A store that does not answer."""

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        raise ServiceUnavailable("the product store", "no answer")


@asynccontextmanager
async def _server(
    products: ProductStore | None = None, **environment: str
) -> AsyncIterator[tuple[ServerContainer, httpx.AsyncClient]]:
    """A container whose application is asked directly, without a port."""
    settings = load_settings(environment={"LINKHUB_BACKEND": "memory", **environment}).settings
    process = ProcessFacts(
        host="127.0.0.1", port=3002, ws_port=None, consumes=True, started_at=NOON, stop=asyncio.Event()
    )
    async with open_container(settings, ServerContainer) as container:
        if products is not None:
            container.backend.override(Object(evolve(container.backend(), products=products)))
        container.process.override(Object(process))
        container.extra_routes.override(Object(()))
        transport = httpx.ASGITransport(container.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3002") as client:
            yield container, client


async def test_readiness_follows_the_process() -> None:
    """From the moment that the process is told to stop, it is not ready."""
    async with _server() as (container, client):
        assert (await client.get("/readyz")).status_code == 200
        container.process().stop.set()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")


async def test_no_route_is_open_that_is_not_documented() -> None:
    """Every route of a server is in its OpenAPI document, or on the page about realtime."""
    realtime = (Path(__file__).parents[2] / "docs" / "reference" / "realtime.md").read_text("utf-8")
    async with _server() as (container, client):
        described = set((await client.get("/openapi.json")).json()["paths"])
        routes = {route.path for route in container.app().routes if isinstance(route, Route)}
        assert len(routes) == len(container.app().routes)
    undescribed = routes - described
    assert undescribed == {"/socket.io/", "/api/v1/shop/{handle}/events"}
    assert all(f"`{path}`" in realtime or f"GET {path}`" in realtime for path in undescribed)


@pytest.mark.parametrize("path", ["/api/v1/websocket/stats", "/metrics", "/api/v1/operator/status"])
async def test_the_admin_token_is_asked_for(path: str) -> None:
    """Figures are for whoever has the token, once there is one."""
    async with _server(LINKHUB_ADMIN_TOKEN="hunter2") as (_, client):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers={"authorization": "Bearer hunter2"})).status_code == 200
    async with _server() as (_, client):
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("environment", "origin", "is_allowed"),
    [
        ({}, "http://localhost:5173", True),
        ({}, "http://127.0.0.1:3002", True),
        ({}, "https://shop.example", False),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "https://shop.example", True),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "http://localhost:5173", False),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "http://127.0.0.1:3002", True),
        ({"WEBSOCKET_CORS_ORIGINS": "*"}, "https://anybody.example", True),
    ],
)
async def test_origins(environment: dict[str, str], origin: str, is_allowed: bool) -> None:
    """REST and realtime let the same origins in: by default our own pages, and what is developed on this machine."""
    async with _server(None, **environment) as (_, client):
        answer = await client.get("/api/v1/shop/nalu/products", headers={"origin": origin})
        assert (answer.headers.get("access-control-allow-origin") in {origin, "*"}) is is_allowed
        polling = await client.get("/socket.io/?EIO=4&transport=polling", headers={"origin": origin})
        assert (polling.status_code == 200) is is_allowed


async def test_settings_reach_the_realtime_room() -> None:
    """Each limit of a connection is the one that was chosen."""
    async with _server(
        LINKHUB_MAX_FRAME_BYTES="2048",
        LINKHUB_MESSAGES_PER_MINUTE="7",
        LINKHUB_MAX_SUBSCRIPTIONS="3",
        LINKHUB_MAX_CONNECTIONS_PER_ADDRESS="9",
        LINKHUB_MAX_UNSENT_BYTES="70000",
        LINKHUB_MAX_POLLING_PAYLOAD_BYTES="4096",
        LINKHUB_PING_INTERVAL_SECONDS="5",
        LINKHUB_PING_TIMEOUT_SECONDS="6",
    ) as (container, _):
        chosen = container.hub().settings
        session = chosen.session
        assert (session.max_frame_bytes, session.messages_per_minute, session.max_subscriptions) == (2048, 7, 3)
        assert (chosen.max_connections_per_address, chosen.max_unsent_bytes) == (9, 70_000)
        assert chosen.max_polling_payload_bytes == 4096
        assert (chosen.ping_interval_seconds, chosen.ping_timeout_seconds) == (5, 6)
        assert container.gateway().settings == chosen


async def test_metrics_count_viewers() -> None:
    """What the realtime room counts is exposed."""
    async with _server() as (container, client):
        container.metrics().take_realtime = container.realtime_figures()
        container.hub().counters.deliveries = 41
        assert "linkhub_deliveries_total 41.0" in (await client.get("/metrics")).text


async def test_a_failed_request_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A store that does not answer is a 503 to the client and a line in the log."""
    set_up_logs(Logs(format="json"))
    async with _server(_SilentStore()) as (_, client):
        answer = await client.get("/api/v1/shop/nalu/products")
    assert answer.status_code == 503
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["path"], line["status"]) == ("request_failed", "/api/v1/shop/nalu/products", 503)
    assert line["problem"] == "the product store is unavailable: no answer"
