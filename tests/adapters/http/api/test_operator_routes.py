"""The operator's figures go out as they come in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import AsyncClient

from linkhub_core.errors import ServiceUnavailable
from tests.adapters.http.http_fixture import METRICS, METRICS_TYPE, STATS, HttpFixture, product, video_id


async def test_shops_page_by_page() -> None:
    """With the counts and the newest product of each; ``lastKey`` as it came or encoded once more; never cached."""
    fixture = HttpFixture()
    await fixture.save(product(1, seller="b"), product(2, seller="b"), product(3, seller="a"), product(1, seller="c"))
    async with fixture.client() as client:
        first = await client.get("/api/v1/shops?limit=2")
        assert first.headers["cache-control"] == "no-store"
        assert [shop["seller_handle"] for shop in first.json()["shops"]] == ["a", "b"]
        assert first.json()["shops"][1] == {
            "seller_handle": "b",
            "products": 2,
            "withdrawn": 0,
            "newest_product": {
                "video_id": video_id(2),
                "title": "Nambula dress 2 👗",
                "created_at": "2026-01-15T12:00:00.000Z",
                "updated_at": "2026-01-15T12:00:00.000Z",
            },
        }
        last_key = first.json()["pagination"]["lastEvaluatedKey"]
        assert first.json()["pagination"] == {"hasMore": True, "lastEvaluatedKey": last_key, "count": 2}
        for key in (last_key, quote(last_key, safe="")):
            second = (await client.get(f"/api/v1/shops?limit=2&lastKey={key}")).json()
            assert [shop["seller_handle"] for shop in second["shops"]] == ["c"]
            assert second["pagination"] == {"hasMore": False, "lastEvaluatedKey": None, "count": 1}


@pytest.mark.parametrize(
    "query", ["limit=51", "lastKey=x", "lastKey=[]", "lastKey={%22seller_handle%22:1}", "limit=1&limit=2"]
)
async def test_a_list_of_shops_that_cannot_be(client: AsyncClient, query: str) -> None:
    """The problem names the parameter."""
    answer = await client.get(f"/api/v1/shops?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/api/docs#invalid-parameter")


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
    """It asks the stores, and they may not answer; an operator reads which one."""

    async def status() -> Mapping[str, Any]:
        raise ServiceUnavailable("sqs", "time-out")

    async with HttpFixture(operator_status=status).client() as client:
        answer = await client.get("/api/v1/operator/status")
    assert (answer.status_code, answer.json()["detail"].partition(". ")[0]) == (503, "sqs is unavailable: time-out")
