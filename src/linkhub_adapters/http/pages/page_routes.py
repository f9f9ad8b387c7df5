"""The operator's page, the API's documentation, and the files that all pages load."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from html import escape

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import responses
from linkhub_adapters.http.api.encoded_body import EncodedBody
from linkhub_adapters.http.api.problems import KINDS, ProblemKind
from linkhub_adapters.http.pages.page_files import PageFiles

_FOREVER = "public, max-age=31536000, immutable"
_PROBLEMS_PLACE = "<!-- problems -->"
_RUNBOOK_PLACE = "<!-- runbook -->"
_CODE = re.compile(r"`([^`]+)`")


async def show_operator_page(files: PageFiles, request: Request) -> Response:
    """``GET /``: the operator's page. Its data needs the token, the page does not."""
    return await show_page(_known(files.pages.get("operator.html")), request)


async def show_runbook(make_page: Callable[[], EncodedBody], request: Request) -> Response:
    """``GET /runbook``. It is rendered at the first request, on a thread."""
    return await show_page(await asyncio.to_thread(make_page), request)


def runbook_page(files: PageFiles) -> EncodedBody:
    """The runbook, rendered into its page."""
    from linkhub_adapters.http.pages.runbook import render  # noqa: PLC0415  only this page needs the parser

    template = _known(files.pages.get("runbook.html")).content.decode()
    return EncodedBody.of(template.replace(_RUNBOOK_PLACE, render(files.runbook)).encode(), "text/html")


async def show_page(page: EncodedBody, request: Request) -> Response:
    """Any page. It names its assets by their release, so caches must revalidate it."""
    return await responses.respond(request, page, cache_control=responses.REVALIDATE)


async def show_asset(files: PageFiles, request: Request) -> Response:
    """``GET /assets/{name}``: a file under its lasting name; caches revalidate it."""
    asset = _known(files.assets.get(request.path_params["name"]))
    return await responses.respond(request, asset, cache_control=responses.REVALIDATE)


async def show_released_asset(files: PageFiles, request: Request) -> Response:
    """``GET /assets/{release}/{name}``: a file that never changes.

    During an update a page of one server may ask another server for a release that it does not have. It gets the file
    of this release, and no cache may keep it.
    """
    asset = _known(files.assets.get(request.path_params["name"]))
    is_ours = request.path_params["release"] == files.release
    return await responses.respond(request, asset, cache_control=_FOREVER if is_ours else "no-store")


def with_problems(html: str) -> str:
    """Put an article for each problem type into the documentation's page: the ``type`` of a problem is its address."""
    return html.replace(_PROBLEMS_PLACE, "\n".join(map(_problem_article, KINDS)))


def _problem_article(kind: ProblemKind) -> str:
    meaning = _CODE.sub(r"<code>\1</code>", escape(kind.meaning, quote=False))
    return (
        f'<article id="{escape(kind.anchor)}"><h3>{escape(kind.title)} ({kind.status})</h3><p>{meaning}</p></article>'
    )


def _known(file: EncodedBody | None) -> EncodedBody:
    if file is None:
        raise HTTPException(404)
    return file
