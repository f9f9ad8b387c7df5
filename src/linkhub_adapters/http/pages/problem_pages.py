"""Problems as pages: outside of ``/api/``, a client that prefers HTML to JSON, such as a browser, gets a page."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from linkhub_adapters.http.pages.markup_template import MarkupTemplate
from linkhub_adapters.http.pages.page_files import PageFiles
from linkhub_core.wire import json_text

_TEMPLATE: Final = Path(__file__).parent / "templates" / "problem.html"
_RANGE: Final = re.compile(r"([\w.+*/-]+)\s*(?:;(?!\s*q=)[^;,]*)*(?:;\s*q=(\d(?:\.\d{0,3})?))?", re.IGNORECASE)
_MAX_CHARACTERS: Final = 1_000  # of the header: more would only cost time
_JSON: Final = ("application/json", "application/problem+json")
_HttpHandler = Callable[[Request, Exception], Awaitable[Response]]


def with_pages(
    handlers: Mapping[type[Exception], ExceptionHandler], files: PageFiles
) -> Mapping[type[Exception], ExceptionHandler]:
    """A table from exceptions to problems, in which problems are also pages; see the module."""
    template = MarkupTemplate(files.released(_TEMPLATE.read_text("utf-8")))
    return {kind: partial(_answer, cast("_HttpHandler", handler), template) for kind, handler in handlers.items()}


def prefers_html(accept: str) -> bool:
    """Whether an ``Accept`` header names HTML with a higher quality than JSON (RFC 9110, section 12.5.1)."""
    qualities = {found[1].lower(): float(found[2] or 1) for found in _RANGE.finditer(accept[:_MAX_CHARACTERS])}
    return qualities.get("text/html", 0) > max(qualities.get(kind, 0) for kind in _JSON)


async def _answer(handler: _HttpHandler, template: MarkupTemplate, request: Request, error: Exception) -> Response:
    answer = await handler(request, error)
    if request.scope["path"].startswith("/api/"):
        return answer
    answer.headers.add_vary_header("Accept")
    if not prefers_html(request.headers.get("accept", "")):
        return answer
    document = json_text.parse(bytes(answer.body).decode())
    page = template.fill(status=answer.status_code, title=document["title"], detail=document["detail"])
    kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    return Response(page, answer.status_code, kept, media_type="text/html")
