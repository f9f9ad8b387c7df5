"""Which other origins' pages may read our answers (CORS), by an allowlist."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from linkhub_adapters.http.problems import problem
from linkhub_adapters.http.settings import HttpSettings

__all__ = ["CrossOrigin", "cross_origin"]

_ANY_PORT = ":*"


class CrossOrigin(CORSMiddleware):
    """Starlette's CORS, but that a refused preflight is a problem like every other error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the request on."""
        if not _is_preflight(scope):
            await super().__call__(scope, receive, send)
            return
        answer = self.preflight_response(request_headers=Headers(scope=scope))
        if answer.status_code != 200:
            kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
            answer = problem(scope, answer.status_code, bytes(answer.body).decode() + ".", headers=kept)
        await answer(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "OPTIONS":
        return False
    headers = Headers(scope=scope)
    return "origin" in headers and "access-control-request-method" in headers


def cross_origin(settings: HttpSettings) -> Middleware:
    """The middleware for these settings. Cookies are never involved, so credentials are not allowed."""
    listed = frozenset([*settings.cors_origins, *settings.own_origins])
    any_port = "|".join(re.escape(entry.removesuffix(_ANY_PORT)) for entry in listed if entry.endswith(_ANY_PORT))
    return Middleware(
        CrossOrigin,
        allow_origins=listed,
        allow_origin_regex=rf"({any_port})(:[0-9]+)?" if any_port else None,
        allow_methods=settings.cors_methods,
        allow_headers=("Authorization", "If-None-Match", "Last-Event-ID"),
        expose_headers=("ETag", "Retry-After"),
    )
