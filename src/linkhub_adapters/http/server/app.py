"""The HTTP applications of a server and of other processes: routes, and the middleware around them.

From the outside in: security headers, CORS, compression, the last resort, Starlette's table from exceptions to
problems, and the router with its short way to first pages. :func:`create_app` reads the pages' files and opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from linkhub_adapters.http.api import listings, openapi, problems, products
from linkhub_adapters.http.api import operator_routes as figures
from linkhub_adapters.http.api.encoded_body import EncodedBody
from linkhub_adapters.http.api.operator_desk import AddressOf, DeskRoutes
from linkhub_adapters.http.api.shop_router import ShopRouter
from linkhub_adapters.http.pages import page_routes
from linkhub_adapters.http.pages.kept_shops import KeptShops
from linkhub_adapters.http.pages.machine_feeds import MachineFeeds
from linkhub_adapters.http.pages.page_files import PageFiles, load_page_files
from linkhub_adapters.http.pages.problem_pages import with_pages
from linkhub_adapters.http.pages.shop_html import ShopHtml
from linkhub_adapters.http.pages.shop_routes import ShopPages
from linkhub_adapters.http.server.compression import Compression
from linkhub_adapters.http.server.cross_origin import CrossOrigin, peer_of
from linkhub_adapters.http.server.health import for_admins, health_routes
from linkhub_adapters.http.server.last_resort import LastResort
from linkhub_adapters.http.server.security_headers import SecurityHeaders
from linkhub_adapters.http.server.services import HealthServices, HttpServices, HttpSettings
from linkhub_core.wire import json_text

_PAGES = Path(__file__).parents[1] / "pages"


def create_app(
    services: HttpServices,
    settings: HttpSettings,
    extra_routes: Sequence[BaseRoute] = (),
    extra_paths: Mapping[str, Any] | None = None,
) -> Starlette:
    """Make the application of a server.

    Args:
        services: what the routes call.
        settings: see there.
        extra_routes: routes of other rooms on the same listener, such as Socket.IO's polling.
        extra_paths: the OpenAPI path items that describe them.

    Returns:
        An ASGI application without a lifespan: the caller starts and stops the services.
    """
    app = _bare_app(services, settings, [])
    files = load_page_files(_PAGES / "files", _PAGES / "vendor")
    app.exception_handlers |= with_pages(app.exception_handlers, files)
    shops = ShopPages(
        shops=KeptShops(services.pages, ShopHtml(files, settings.shops)),
        failed=services.failed,
        retry_after_seconds=settings.retry_after_seconds,
    )
    routes = [
        *_api(services, settings),
        *_shops(services, settings, shops),
        *_pages(files, openapi.describe(extra_paths)),
    ]
    app.router = ShopRouter([*routes, *extra_routes], services.pages, shops.show_first_page)
    return app


def create_health_app(
    services: HealthServices, settings: HttpSettings, extra_routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """Make the application of a process without REST and pages: a consumer, or a realtime server.

    Args:
        services: what the routes call.
        settings: see there.
        extra_routes: routes of other rooms on the same listener, such as Socket.IO's polling.

    Returns:
        An ASGI application without a lifespan.
    """
    return _bare_app(services, settings, [*health_routes(services, settings), *extra_routes])


def _bare_app(services: HealthServices, settings: HttpSettings, routes: Sequence[BaseRoute]) -> Starlette:
    handlers = problems.exception_handlers(services.failed, retry_after_seconds=settings.retry_after_seconds)
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(CrossOrigin, access=settings.access, methods=settings.cors_methods, refused=services.refused),
            Middleware(Compression, is_on=settings.compression),
            Middleware(LastResort, failed=services.failed),
        ],
        exception_handlers=handlers,
    )


def _api(services: HttpServices, settings: HttpSettings) -> list[Route]:
    guarded = for_admins(services, settings)
    shop = "/api/v1/shop/{handle}/products"
    stats = partial(figures.show_stats, services.stats)
    shops = partial(figures.show_shops, services.shops)
    status = partial(figures.show_operator_status, services.operator_status)
    return [
        Route(shop, partial(products.list_products, services.pages)),
        Route(shop + "/{videoId}", partial(products.show_product, services.browse)),
        Route(
            shop + "/{videoId}/listing",
            partial(listings.answer_listing, services.listings, services.acted, _address_of(settings)),
            methods=["GET", "PUT", "PATCH"],
            middleware=guarded,
        ),
        Route("/api/v1/shops", shops, middleware=guarded),
        Route("/api/v1/websocket/stats", stats, middleware=guarded),
        Route("/api/v1/operator/status", status, middleware=guarded),
        *_desk(services, settings),
        *health_routes(services, settings),
    ]


def _address_of(settings: HttpSettings) -> AddressOf:
    return lambda request: settings.access.examine(peer_of(request.scope), request.headers.getlist).address


def _desk(services: HttpServices, settings: HttpSettings) -> list[Route]:
    guarded, desk = for_admins(services, settings), "/api/v1/operator"
    answer = DeskRoutes(desk=services.desk, acted=services.acted, address_of=_address_of(settings))
    check = Route(
        f"{desk}/dead-letters/check",
        answer.check,
        methods=["POST"],
        middleware=for_admins(services, settings, only_reads=True),
    )
    return [
        Route(f"{desk}/history", answer.show_history, middleware=guarded),
        Route(f"{desk}/seen", answer.move_seen, methods=["PUT"], middleware=guarded),
        Route(f"{desk}/dead-letters", answer.list_letters, middleware=guarded),
        check,
        Route(f"{desk}/dead-letters/redrive", answer.redrive, methods=["POST"], middleware=guarded),
        Route(f"{desk}/dead-letters/purge", answer.purge, methods=["POST"], middleware=guarded),
        Route(f"{desk}/dead-letters/{{letterId}}", answer.show_letter, middleware=guarded),
        Route(f"{desk}/stalled", answer.show_stalled, middleware=guarded),
        Route(f"{desk}/why", answer.show_why, middleware=guarded),
    ]


def _shops(services: HttpServices, settings: HttpSettings, shops: ShopPages) -> list[Route]:
    machines = MachineFeeds(browse=services.browse, shops=services.shops, settings=settings.shops)
    return [
        Route("/shop/{handle}", shops.show_shop),
        Route("/shop/{handle}/products/{videoId}", shops.show_product),
        Route("/shop/{handle}/feed.xml", machines.show_feed),
        Route("/shop/{handle}/sitemap.xml", machines.show_sitemap),
        Route("/sitemap.xml", machines.show_index),
        Route("/robots.txt", machines.show_robots),
    ]


def _pages(files: PageFiles, document: Mapping[str, Any]) -> list[Route]:
    docs = files.page(page_routes.with_problems((_PAGES / "files" / "api-docs.html").read_text("utf-8")))
    description = EncodedBody.of(json_text.dump(document), "application/json")
    return [
        Route("/", partial(page_routes.show_operator_page, files)),
        Route("/assets/{name}", partial(page_routes.show_asset, files)),
        Route("/assets/{release}/{name}", partial(page_routes.show_released_asset, files)),
        Route("/runbook", partial(page_routes.show_runbook, cache(partial(page_routes.runbook_page, files)))),
        Route("/openapi.json", partial(page_routes.show_page, description)),
        Route("/api/docs", partial(page_routes.show_page, docs)),
    ]
