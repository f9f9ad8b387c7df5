"""CORS: which pages of other origins may read answers, as :mod:`linkhub_core.access` decides for all transports.

| request                         | answer                                                                           |
|---------------------------------|----------------------------------------------------------------------------------|
| without ``Origin``              | passes                                                                           |
| of an allowed origin            | passes; that page may read the answer, one of a listed origin with its cookies   |
| of another origin               | passes, and is reported; no page may read the answer                             |
| with two ``Origin`` headers     | 403                                                                              |
| preflight of an allowed origin  | 200; the headers that it asks for are allowed, and the methods that are set      |
| preflight of another origin     | 403                                                                              |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.http.api.problems import ORIGIN_REFUSED, problem
from linkhub_core.access import AccessPolicy, Caller, OriginVerdict, RefusedCaller

_TOKENS: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[-!#$%&'*+.^_`|~0-9A-Za-z]+)*")
_EXPOSED: Final = (b"access-control-expose-headers", b"ETag, Retry-After")
_VARY: Final = (b"vary", b"Origin")
_MAX_AGE_SECONDS: Final = 600


class CrossOrigin:
    """ASGI middleware that answers preflights and adds CORS headers to answers.

    Args:
        app: the application.
        access: which origins may read.
        methods: the methods that a preflight may ask for.
        refused: called for each request whose origin may not read its answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: AccessPolicy,
        methods: Sequence[str],
        refused: Callable[[RefusedCaller], None],
    ) -> None:
        self._app = app
        self._access = access
        self._methods = ", ".join(methods)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_page = b"origin" in [name for name, _ in scope["headers"]]
        if not is_page and not self._access.trusted_proxies.networks:
            await self._app(scope, receive, _varying(send, {}))
            return
        headers = Headers(scope=scope)
        caller = self._access.examine(peer_of(scope), headers.getlist)
        _name_address_used(scope, headers, caller)
        if not caller.is_allowed:
            self._refused(RefusedCaller(caller=caller, asked_for="http"))
        if scope["method"] == "OPTIONS" and is_page and "access-control-request-method" in headers:
            await self._answer_preflight(scope, headers, caller)(scope, receive, send)
        elif caller.verdict is OriginVerdict.SEVERAL:
            refusal = problem(scope, 403, "The request has two Origin headers.", kind=ORIGIN_REFUSED)
            await refusal(scope, receive, _varying(send, {}))
        else:
            await self._app(scope, receive, _varying(send, caller.cors_headers))

    def _answer_preflight(self, scope: Scope, headers: Headers, caller: Caller) -> Response:
        vary = {"vary": "Origin, Access-Control-Request-Headers"}
        if not caller.is_allowed:
            detail = "Pages of this origin may not read answers of this server."
            return problem(scope, 403, detail, kind=ORIGIN_REFUSED, headers=vary)
        asked_for = headers["access-control-request-method"]
        if asked_for not in self._methods.split(", "):
            detail = f"This server answers {self._methods}."
            return problem(scope, 400, detail, headers={**caller.cors_headers, **vary})
        allowed = {
            **caller.cors_headers,
            **vary,
            "access-control-allow-methods": self._methods,
            "access-control-max-age": str(_MAX_AGE_SECONDS),
        }
        wanted = headers.get("access-control-request-headers", "").strip()
        if _TOKENS.fullmatch(wanted):
            allowed["access-control-allow-headers"] = wanted
        if headers.get("access-control-request-private-network") == "true":
            allowed["access-control-allow-private-network"] = "true"
        return PlainTextResponse("OK", headers=allowed)


def _name_address_used(scope: Scope, headers: Headers, caller: Caller) -> None:
    """Put the address that the client used, as a trusted proxy names it, into the scope: redirects use it."""
    if caller.scheme is not None:
        scope["scheme"] = caller.scheme
    if caller.is_host_own and caller.host is not None and caller.host != headers.get("host"):
        others = [header for header in scope["headers"] if header[0] != b"host"]
        scope["headers"] = [*others, (b"host", caller.host.encode("latin-1"))]


def peer_of(scope: Scope) -> str:
    """The address of the connection's other end; empty if it has none."""
    client = scope.get("client")
    return client[0] if client else ""


def _varying(send: Send, cors_headers: Mapping[str, str]) -> Send:
    """Add the CORS headers; caches keep one answer for each origin."""
    added = [(name.encode(), value.encode()) for name, value in cors_headers.items() if name != "vary"]
    if added:
        added.append(_EXPOSED)
    replaced = {name for name, _ in added}

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            if replaced:
                headers = [header for header in headers if header[0] not in replaced]
            vary = [] if _VARY in headers else [_VARY]
            message["headers"] = [*headers, *added, *vary]
        await send(message)

    return send_marked
