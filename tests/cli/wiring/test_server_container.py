"""The rooms that face clients, wired: what is chosen reaches them, and they see what the process is about to do."""

from __future__ import annotations

import json

import pytest
from starlette.routing import Route

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.observability import Metrics
from linkhub_cli.command_line import set_up_logs
from linkhub_cli.settings import Logs
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.cli.server_fixture import a_server

_REFUSED_BY_SOCKETIO = ("PUT", "PATCH", "DELETE")
"""The protocol's own answer to them is a 400, so they reach its route."""


class _SilentStore(MemoryProductStore):
    """A store that does not answer."""

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        raise ServiceUnavailable("the product store", "no answer")


async def test_readiness_follows_the_process() -> None:
    """The process is not ready from the signal to stop on."""
    async with a_server() as (container, client):
        assert (await client.get("/readyz")).status_code == 200
        container.process().stop.set()
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")


async def test_each_route_is_described_and_none_is_invented() -> None:
    """Path by path, method by method; HEAD goes with GET."""
    async with a_server() as (container, client):
        paths = (await client.get("/openapi.json")).json()["paths"]
        routes = [route for route in container.app().routes if isinstance(route, Route)]
        assert len(routes) == len(container.app().routes)
        for method in _REFUSED_BY_SOCKETIO:
            assert (await client.request(method, "/socket.io/?EIO=4&transport=polling")).status_code == 400
        assert (await client.get("/products")).status_code == 426
    served = {(route.path_format, method) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    refused = {("/socket.io/", method) for method in _REFUSED_BY_SOCKETIO} | {("/products", "GET")}
    refused |= {
        ("/socket.io", method) for method in ("GET", "POST", *_REFUSED_BY_SOCKETIO)
    }  # the same without its slash
    assert served - refused == {(path, method.upper()) for path, item in paths.items() for method in item}


@pytest.mark.parametrize("path", ["/api/v1/websocket/stats", "/metrics", "/api/v1/operator/status"])
async def test_the_admin_token_is_asked_for(path: str) -> None:
    """With a token configured, figures need it."""
    async with a_server(LINKHUB_ADMIN_TOKEN="hunter2") as (_, client):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers={"authorization": "Bearer hunter2"})).status_code == 200
    async with a_server() as (_, client):
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("environment", "origin", "is_allowed"),
    [
        ({}, "http://localhost:5173", True),
        ({}, "https://localhost", True),
        ({}, "https://localhost:5173", True),
        ({}, "http://[::1]:5173", True),
        ({}, "http://127.0.0.1:3002", True),
        ({}, "null", False),
        ({}, "https://shop.example", False),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "https://shop.example", True),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "http://localhost:5173", False),
        ({"WEBSOCKET_CORS_ORIGINS": "https://shop.example"}, "http://127.0.0.1:3002", True),
        ({"WEBSOCKET_CORS_ORIGINS": "*"}, "https://anybody.example", True),
        ({"WEBSOCKET_CORS_ORIGINS": "https://*.shop.example"}, "https://a.shop.example", True),
        ({"WEBSOCKET_CORS_ORIGINS": "https://b.example:443"}, "https://b.example", True),
        ({"WEBSOCKET_CORS_ORIGINS": "capacitor://localhost"}, "capacitor://localhost", True),
        ({"WEBSOCKET_CORS_ORIGINS": "null"}, "null", True),
        ({"LINKHUB_PUBLIC_URL": "https://live.example/x"}, "https://live.example", True),
    ],
)
async def test_origins(environment: dict[str, str], origin: str, is_allowed: bool) -> None:
    """REST and realtime let the same origins in: by default our own pages, and what is developed on this machine."""
    async with a_server(None, **environment) as (_, client):
        answer = await client.get("/api/v1/shop/nalu/products", headers={"origin": origin})
        assert (answer.headers.get("access-control-allow-origin") in {origin, "*"}) is is_allowed
        polling = await client.get("/socket.io/?EIO=4&transport=polling", headers={"origin": origin})
        assert (polling.status_code == 200) is is_allowed


async def test_settings_reach_the_realtime_room() -> None:
    """Each limit of a connection is the one that was chosen."""
    async with a_server(
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
    """The counters of the realtime room are exposed."""
    async with a_server() as (container, client):
        container.hub().counters.deliveries = 41
        assert "linkhub_deliveries_total 41.0" in (await client.get("/metrics")).text


async def test_each_counter_of_the_realtime_room_is_exposed() -> None:
    """A counter that is added to the room without a metric fails here, and so does a metric without a counter."""
    async with a_server() as (container, _):
        counted = container.realtime_readings()
        exposed = Metrics(take_realtime=lambda: dict.fromkeys(counted, 7)).registry.collect()
    sevens = [metric.name for metric in exposed for sample in metric.samples if sample.value == 7]
    assert len(sevens) == len(counted)


async def test_a_failed_request_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """A store that does not answer is a 503 to the client and a line in the log."""
    set_up_logs(Logs(format="json"))
    async with a_server(_SilentStore()) as (_, client):
        answer = await client.get("/api/v1/shop/nalu/products")
    assert answer.status_code == 503
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["path"], line["status"]) == ("request_failed", "/api/v1/shop/nalu/products", 503)
    assert line["problem"] == "the product store is unavailable: no answer"


async def test_an_old_client_reads_why_it_is_refused() -> None:
    """Socket.IO 2 sends its credentials across origins; so the answer allows them to a listed origin."""
    async with a_server(WEBSOCKET_CORS_ORIGINS="https://shop.example") as (_, client):
        answer = await client.get("/socket.io/?EIO=3&transport=polling", headers={"origin": "https://shop.example"})
    assert (answer.status_code, answer.json()) == (400, {"code": 5, "message": "Unsupported protocol version"})
    assert answer.headers.get_list("access-control-allow-origin") == ["https://shop.example"]
    assert answer.headers.get_list("access-control-allow-credentials") == ["true"]


@pytest.mark.parametrize("header", ["Cache-Control", "X-Requested-With", "X-Request-ID", "X-Anything"])
@pytest.mark.parametrize("path", ["/socket.io/", "/api/v1/shop/nalu/products", "/api/v1/shop/nalu/events"])
async def test_a_listed_page_may_send_its_headers(path: str, header: str) -> None:
    """With credentials, by polling, event streams and REST."""
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": header,
    }
    async with a_server(WEBSOCKET_CORS_ORIGINS="https://shop.example") as (_, client):
        answer = await client.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == header
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_the_idle_time_reaches_the_http_server() -> None:
    """And uvicorn leaves headers of proxies alone."""
    async with a_server() as (container, _):
        config = container.uvicorn_config()
        assert (config.timeout_keep_alive, config.proxy_headers) == (75, False)
    async with a_server(LINKHUB_KEEP_ALIVE_SECONDS="120") as (container, _):
        assert container.uvicorn_config().timeout_keep_alive == 120
