"""Routes that fail in every way a route of another room might."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


class Boom(Exception):
    """An unexpected error."""


async def boom(_: Request) -> PlainTextResponse:
    raise Boom("the password is hunter2")


async def refuse(request: Request) -> PlainTextResponse:
    raise HTTPException(int(request.path_params["status"]), request.query_params.get("detail"), {"X-Reason": "asked"})


async def leave(_: Request) -> PlainTextResponse:
    raise ClientDisconnect


class FailsMidResponse:
    """An ASGI application that fails when half of its answer is out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start to answer, and fail."""
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise Boom("in the middle")


ROUTES = (
    Route("/boom", boom, methods=["GET", "POST"]),
    Route("/refuse/{status}", refuse),
    Route("/leave", leave),
    Route("/half", FailsMidResponse()),
)
