"""The operator's routes: shops, connections, metrics, and the figures of the operator's page.

The services give the figures; these routes only send them. With an admin token configured,
:mod:`~linkhub_adapters.http.server.operator_guard` is before each of these routes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api.products import once
from linkhub_adapters.http.api.responses import JsonResponse
from linkhub_core.application import ListShops

_UNCACHED = {"cache-control": "no-store"}


async def show_shops(shops: ListShops, request: Request) -> Response:
    """``GET /api/v1/shops``: one page of the list of shops."""
    page = await shops.page(limit=once(request, "limit"), last_key=once(request, "lastKey"))
    return JsonResponse(page.document, headers=_UNCACHED)


async def show_stats(stats: Callable[[], Mapping[str, Any]], _: Request) -> Response:
    """``GET /api/v1/websocket/stats``: the connections and their shops."""
    return JsonResponse(dict(stats()), headers=_UNCACHED)


async def show_metrics(metrics: Callable[[], tuple[bytes, str]], _: Request) -> Response:
    """``GET /metrics``: the exposition for Prometheus."""
    body, media_type = metrics()
    return Response(body, headers={**_UNCACHED, "content-type": media_type})


async def show_operator_status(operator_status: Callable[[], Awaitable[Mapping[str, Any]]], _: Request) -> Response:
    """``GET /api/v1/operator/status``: one snapshot for the operator's page."""
    return JsonResponse(dict(await operator_status()), headers=_UNCACHED)
