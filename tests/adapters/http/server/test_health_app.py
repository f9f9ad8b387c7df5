"""The application of a process that only works: it can be watched, and serves nothing else."""

from __future__ import annotations

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import Route

from linkhub_adapters.http import FailedRequest, HealthServices, HttpSettings, Probe, create_health_app
from linkhub_adapters.http.api.openapi import describe

TOKEN = "s3cret"


async def answers() -> None:
    """A probe that is content."""


def client(settings: HttpSettings | None = None, failures: list[FailedRequest] | None = None) -> AsyncClient:
    """A client of the application."""
    services = HealthServices(
        metrics=lambda: (b"linkhub_announcements_total 1.0\n", "text/plain; version=1.0.0"),
        failed=(failures if failures is not None else []).append,
        draining=lambda: False,
        probes=[Probe(name="queues", check=answers)],
    )
    transport = ASGITransport(create_health_app(services, settings or HttpSettings()), raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url="http://consumer")


async def test_it_answers_who_watches() -> None:
    """Alive, ready, and its metrics."""
    async with client() as watcher:
        assert (await watcher.get("/healthz")).json() == {"status": "ok"}
        assert (await watcher.get("/readyz")).json()["checks"] == {"queues": {"ok": True, "problem": None}}
        assert (await watcher.get("/metrics")).text == "linkhub_announcements_total 1.0\n"


@pytest.mark.parametrize("path", ["/", "/shop/a", "/api/v1/shop/a/products", "/api/v1/operator/status", "/api/docs"])
async def test_it_answers_nothing_else(path: str) -> None:
    """Any other route of a server is a 404 problem here, with the security headers."""
    async with client() as watcher:
        answer = await watcher.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_each_of_its_routes_is_described() -> None:
    """In the document of a server, which answers them alike; and there are no others."""
    services = HealthServices(metrics=lambda: (b"", ""), failed=print, draining=lambda: False)
    app = create_health_app(services, HttpSettings())
    routes = [route for route in app.routes if isinstance(route, Route)]
    assert len(routes) == len(app.routes)
    paths = describe()["paths"]
    served = {(route.path_format, method) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    assert served == {("/healthz", "GET"), ("/readyz", "GET"), ("/metrics", "GET")}
    assert all(method.lower() in paths[path] for path, method in served)


async def test_metrics_ask_for_the_token() -> None:
    """If a token is set; ``/healthz`` needs none."""
    async with client(HttpSettings(admin_token=TOKEN)) as watcher:
        assert (await watcher.get("/metrics")).status_code == 401
        assert (await watcher.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})).status_code == 200
        assert (await watcher.get("/healthz")).status_code == 200
