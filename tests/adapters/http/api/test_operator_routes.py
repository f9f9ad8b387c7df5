"""The operator's figures go out as they come in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from httpx2 import AsyncClient

from linkhub_core.errors import ServiceUnavailable
from tests.adapters.http.http_fixture import METRICS, METRICS_TYPE, STATS, HttpFixture


async def test_stats(client: AsyncClient) -> None:
    """The connections as JSON; never cached."""
    answer = await client.get("/api/v1/websocket/stats")
    assert (answer.status_code, answer.json()) == (200, STATS)
    assert answer.headers["cache-control"] == "no-store"


async def test_stats_may_be_any_mapping() -> None:
    """Also a read-only one, and it is read at each request."""
    counts = {"totalConnections": 0}
    async with HttpFixture(stats=lambda: MappingProxyType(counts)).client() as client:
        assert (await client.get("/api/v1/websocket/stats")).json() == {"totalConnections": 0}
        counts["totalConnections"] = 1
        assert (await client.get("/api/v1/websocket/stats")).json() == {"totalConnections": 1}


async def test_metrics(client: AsyncClient) -> None:
    """The exposition's bytes under its own media type."""
    answer = await client.get("/metrics")
    assert (answer.content, answer.headers["content-type"]) == (METRICS, METRICS_TYPE)


async def test_operator_status(client: AsyncClient) -> None:
    """The snapshot as it is; never cached."""
    answer = await client.get("/api/v1/operator/status")
    assert answer.json() == {"timestamp": "2026-01-15T12:00:00.000Z", "queues": []}
    assert answer.headers["cache-control"] == "no-store"


async def test_an_operator_status_that_cannot_be_read_is_a_503() -> None:
    """It asks the stores, and they may not answer."""

    async def status() -> Mapping[str, Any]:
        raise ServiceUnavailable("sqs", "time-out")

    async with HttpFixture(operator_status=status).client() as client:
        assert (await client.get("/api/v1/operator/status")).status_code == 503
