"""What a person's browser opens: the operator's page, a storefront, the documentation, and the files that they load."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import entity_tags as conditional
from linkhub_adapters.http.pages.page_files import PageFile, PageFiles
from linkhub_core.errors import InvalidQuery
from linkhub_core.wire.shop_query import parse_seller

__all__ = ["show_asset", "show_operator_page", "show_page", "show_released_asset", "show_storefront"]

_FOREVER = "public, max-age=31536000, immutable"


async def show_operator_page(files: PageFiles, request: Request) -> Response:
    """``GET /``: the operator's page. Its figures ask for the token, not the page."""
    return await show_page(_known(files.pages.get("operator.html")), request)


async def show_storefront(files: PageFiles, request: Request) -> Response:
    """``GET /shop/{handle}``: the shop, also one that has no products yet. A handle that cannot be is a 404."""
    try:
        parse_seller(request.path_params["handle"])
    except InvalidQuery as error:
        raise HTTPException(404, f"There is no such shop: its handle {error.problem}.") from error
    return await show_page(_known(files.pages.get("storefront.html")), request)


async def show_page(page: PageFile, request: Request) -> Response:
    """Any page. It names its assets by their release, so it must itself be fresh."""
    return _answer(page, request, conditional.REVALIDATE)


async def show_asset(files: PageFiles, request: Request) -> Response:
    """``GET /assets/{name}``: a file under the name that lasts; asked for each time, sent when it changed."""
    asset = _known(files.assets.get(request.path_params["name"]))
    return _answer(asset, request, conditional.REVALIDATE)


async def show_released_asset(files: PageFiles, request: Request) -> Response:
    """``GET /assets/{release}/{name}``: a file that never changes.

    While several servers are updated, a page of one may ask another for a release that it does not have. It gets the
    file as it is here, which is better than none, but no cache may keep it under the wrong name.
    """
    asset = _known(files.assets.get(request.path_params["name"]))
    is_ours = request.path_params["release"] == files.release
    return _answer(asset, request, _FOREVER if is_ours else "no-store")


def _answer(file: PageFile, request: Request, cache_control: str) -> Response:
    return conditional.respond(
        request, file.content, etag=file.etag, media_type=file.media_type, cache_control=cache_control
    )


def _known(file: PageFile | None) -> PageFile:
    if file is None:
        raise HTTPException(404)
    return file
