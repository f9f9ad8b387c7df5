"""The figures that are for the operator: connections, metrics, and what the operator's page draws.

They come from outside as they are; this room only puts them on the wire. With an admin token configured,
:mod:`~linkhub_adapters.http.server.operator_guard` is before each of these routes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api.json_response import JsonResponse

__all__ = ["show_metrics", "show_operator_status", "show_stats"]

_UNCACHED = {"cache-control": "no-store"}


async def show_stats(stats: Callable[[], Mapping[str, Any]], _: Request) -> Response:
    """``GET /api/v1/websocket/stats``: who is connected, and to which shops."""
    return JsonResponse(dict(stats()), headers=_UNCACHED)


async def show_metrics(metrics: Callable[[], tuple[bytes, str]], _: Request) -> Response:
    """``GET /metrics``: the exposition for Prometheus."""
    body, media_type = metrics()
    return Response(body, headers={**_UNCACHED, "content-type": media_type})


async def show_operator_status(operator_status: Callable[[], Awaitable[Mapping[str, Any]]], _: Request) -> Response:
    """``GET /api/v1/operator/status``: one snapshot for the operator's page."""
    return JsonResponse(dict(await operator_status()), headers=_UNCACHED)
