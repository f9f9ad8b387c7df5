"""The API described as data: an OpenAPI 3.1 document.

Written by hand, because it says what a client may rely on and not what the code happens to do; tests hold it against
the routes (each described, none invented) and against real answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from linkhub_adapters.http.api.openapi_schemas import HANDLE, SCHEMAS, VIDEO_ID, ref
from linkhub_core.wire.shop_query import DEFAULT_LIMIT, MAX_LIMIT

Operation = dict[str, Any]

_JSON = "application/json"
_ETAG = {
    "ETag": {"description": "Names this representation; send it as `If-None-Match`.", "schema": {"type": "string"}}
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "A Bearer challenge.", "schema": {"type": "string"}}}
_ADMIN: list[dict[str, list[str]]] = [{"adminToken": []}, {}]


def describe(extra_paths: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The document.

    Args:
        extra_paths: path items of routes that the application serves beside those of this room.
    """
    paths = {**_PATHS, **(extra_paths or {})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "linkhub",
            "version": version("linkhub"),
            "summary": "Products out of videos, the moment they are whole.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": _used(_TAGS, paths),
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "parameters": _PARAMETERS,
            "responses": _RESPONSES,
            "securitySchemes": {"adminToken": {"type": "http", "scheme": "bearer", "description": _TOKEN}},
        },
    }


_DESCRIPTION = (
    "Read a shop page by page, then ask only for what changed: send the `metadata.cursor` of one answer as the "
    "`cursor` of the next request. To get products the moment they arrive, subscribe to the shop (Socket.IO or a "
    "plain WebSocket at `/products`) with the same cursor, and keep these addresses for the first load. Parameters "
    "that are not described here are ignored; one that is there twice is an error."
)
_TOKEN = "The admin token, where the server was configured with one; without one these addresses are open."  # noqa: S105  # a description
_TAGS = [
    {"name": "Products", "description": "A shop and its products."},
    {"name": "Listings", "description": "What a seller or operator says about a product, on top of what was parsed."},
    {"name": "Realtime", "description": "Products the moment they arrive, by HTTP."},
    {"name": "Operation", "description": "How the server is doing: for its operator and for what keeps it running."},
    {"name": "Documentation", "description": "This description."},
    {"name": "Pages", "description": "What people open in a browser."},
]


def _used(tags: list[dict[str, str]], paths: Mapping[str, Any]) -> list[dict[str, str]]:
    """Those with an operation: some are of routes that other rooms may have."""
    used = {tag for item in paths.values() for operation in item.values() for tag in operation["tags"]}
    return [tag for tag in tags if tag["name"] in used]


def _in_path(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": description}


def _in_query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


_PARAMETERS: dict[str, dict[str, Any]] = {
    "handle": _in_path("handle", HANDLE, "The seller whose shop it is."),
    "videoId": _in_path("videoId", VIDEO_ID, "The video that the product was made from."),
    "assetName": _in_path("name", {"type": "string"}, "The name of the file."),
    "release": _in_path("release", {"type": "string"}, "The hash of all assets, as the pages name it."),
    "limit": _in_query(
        "limit",
        {
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "maxLength": 0,
            "default": DEFAULT_LIMIT,
        },
        "How many products a page holds at most. An empty one counts as absent.",
    ),
    "lastKey": _in_query(
        "lastKey",
        {"type": "string"},
        "Where to go on: `pagination.lastEvaluatedKey` of the page before, as it was or URL-encoded once more.",
    ),
    "since": _in_query(
        "since",
        {"type": "string", "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.,]+(Z|[+-][0-9:]+)?)?)?$"},
        "Only products that changed later: an ISO 8601 date and time, best the `metadata.timestamp` of the answer "
        "before. Without an offset it is UTC; empty is as if it were not there. "
        "Clocks differ: only `cursor` misses nothing.",
    ),
    "cursor": _in_query(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": 400},
        "Only what changed after it, oldest change first: the last cursor that this server sent for this shop, over "
        "any transport. Not together with `since` or `lastKey`; empty is as if it were not there.",
    ),
    "ifNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "Entity tags that the client has, or `*`: if one is current, the answer is a 304.",
    },
    "ifMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "Entity tags of the listing or of the product, or `*`: if none is current, the answer is a 412.",
    },
}


def _problem(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"description": description, **({"headers": headers} if headers else {}), "content": content}


_RESPONSES: dict[str, dict[str, Any]] = {
    "NotModified": {"description": "The client has the newest already.", "headers": _ETAG},
    "InvalidParameter": _problem("A parameter breaks its rule; `parameter` names it."),
    "NotFound": _problem("It is not there."),
    "TokenRequired": _problem("The admin token is missing or wrong.", _CHALLENGE),
    "ForeignHost": _problem("Without an admin token: the host of the request is not this server's own."),
    "Withdrawn": _problem("The seller has withdrawn the product."),
    "Overtaken": _problem("Another change of the listing was saved at the same moment."),
    "PreconditionFailed": _problem("The product or its listing has changed since it was read; nothing was changed."),
    "BodyTooLarge": _problem("The body is larger than 64 KiB."),
    "InvalidListing": _problem("The body is no listing; `faults` names each field at fault. Nothing was changed."),
    "ChangeRefused": _problem("The server has no admin token, or the host of the request is not its own."),
    "UnknownCursor": _problem("This server did not give the cursor: load the first page again."),
    "Unexpected": _problem("Something went wrong on the server's side."),
    "Unavailable": _problem("A store does not answer just now.", _RETRY_AFTER),
}
_NAME_OF_STATUS = {
    304: "NotModified",
    400: "InvalidParameter",
    401: "TokenRequired",
    403: "ForeignHost",
    404: "NotFound",
    409: "Overtaken",
    410: "UnknownCursor",
    412: "PreconditionFailed",
    413: "BodyTooLarge",
    422: "InvalidListing",
    500: "Unexpected",
    503: "Unavailable",
}


def _parameters(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _responses(ok: dict[str, Any], *others: int, **names: str) -> dict[str, Any]:
    """Responses by status; ``names`` names those that differ from the table, as ``_410="Withdrawn"``."""
    of_status = _NAME_OF_STATUS | {int(key[1:]): name for key, name in names.items()}
    named = {str(status): {"$ref": f"#/components/responses/{of_status[status]}"} for status in others}
    return {"200": ok, **named}


def _ok(description: str, schema: dict[str, Any], media_type: str = _JSON, *, tagged: bool = False) -> dict[str, Any]:
    content = {media_type: {"schema": schema}}
    return {"description": description, **({"headers": _ETAG} if tagged else {}), "content": content}


_TEXT = {"type": "string"}
_UNREADY = {
    "description": "Not ready, or draining: send requests elsewhere.",
    "content": {_JSON: {"schema": ref("Readiness")}},
}


def _get(operation_id: str, tag: str, summary: str, **rest: Any) -> dict[str, Operation]:
    return {"get": {"operationId": operation_id, "tags": [tag], "summary": summary, **rest}}


def _change(operation_id: str, summary: str, description: str, media_type: str) -> Operation:
    content = {media_type: {"schema": ref("ListingChange")}}
    return {
        "operationId": operation_id,
        "tags": ["Listings"],
        "summary": summary,
        "description": f"{description} The change is saved and announced. Repeating the request is safe.",
        "security": [{"adminToken": []}],
        "parameters": _parameters("handle", "videoId", "ifMatch"),
        "requestBody": {"required": True, "content": content},
        "responses": _responses(
            _ok("The listing after the change.", ref("Listing"), tagged=True),
            *(400, 401, 403, 404, 409, 412, 413, 422, 500, 503),
            _403="ChangeRefused",
        ),
    }


_PATHS: dict[str, Any] = {
    "/api/v1/shop/{handle}/products": _get(
        "listProducts",
        "Products",
        "Read a shop, page by page",
        description="Newest first. A shop without products is an empty page, also an unknown one. With `cursor`: what "
        "changed after it, oldest change first; while `pagination.hasMore` is true, ask again with the new cursor.",
        parameters=_parameters("handle", "limit", "lastKey", "since", "cursor", "ifNoneMatch"),
        responses=_responses(_ok("One page.", ref("Page"), tagged=True), 304, 400, 410, 500, 503),
    ),
    "/api/v1/shop/{handle}/products/{videoId}": _get(
        "getProduct",
        "Products",
        "Read one product",
        parameters=_parameters("handle", "videoId", "ifNoneMatch"),
        responses=_responses(
            _ok("The product.", ref("Product"), tagged=True), 304, 400, 404, 410, 500, 503, _410="Withdrawn"
        ),
    ),
    "/api/v1/shop/{handle}/products/{videoId}/listing": {
        **_get(
            "getListing",
            "Listings",
            "Read a listing",
            description="Of a withdrawn product, too.",
            security=_ADMIN,
            parameters=_parameters("handle", "videoId", "ifNoneMatch"),
            responses=_responses(_ok("The listing.", ref("Listing"), tagged=True), 304, 400, 401, 403, 404, 500, 503),
        ),
        "put": _change(
            "replaceListing",
            "Replace a listing",
            "A `title` or `price` that is absent or null is as parsed, an absent `availability` is `in_stock`.",
            _JSON,
        ),
        "patch": _change(
            "changeListing",
            "Change some fields of a listing",
            "RFC 7396: a field that is absent stays, null makes it as parsed.",
            "application/merge-patch+json",
        ),
    },
    "/api/v1/websocket/stats": _get(
        "getWebSocketStats",
        "Operation",
        "Who is connected",
        security=_ADMIN,
        responses=_responses(_ok("The connections of this server.", ref("Stats")), 401, 403, 500),
    ),
    "/api/v1/operator/status": _get(
        "getOperatorStatus",
        "Operation",
        "What the operator's page draws",
        security=_ADMIN,
        responses=_responses(_ok("One snapshot.", ref("OperatorStatus")), 401, 403, 500, 503),
    ),
    "/healthz": _get(
        "getHealth",
        "Operation",
        "Whether the process lives",
        description="It calls no other service: a store that is down is no reason to restart.",
        responses=_responses(_ok("It lives.", ref("Health"))),
    ),
    "/readyz": _get(
        "getReadiness",
        "Operation",
        "Whether to send requests here",
        description="Asks each store and queue. While the process drains the answer is no, before anything closes.",
        responses={**_responses(_ok("Ready.", ref("Readiness")), 500), "503": _UNREADY},
    ),
    "/metrics": _get(
        "getMetrics",
        "Operation",
        "Figures for Prometheus",
        security=_ADMIN,
        responses=_responses(_ok("The exposition.", _TEXT, "text/plain"), 401, 403, 500),
    ),
    "/openapi.json": _get(
        "getDescription",
        "Documentation",
        "This API as OpenAPI 3.1",
        parameters=_parameters("ifNoneMatch"),
        responses=_responses(_ok("The document.", {"type": "object"}, tagged=True), 304),
    ),
    "/api/docs": _get(
        "readDocumentation",
        "Documentation",
        "This API for people",
        parameters=_parameters("ifNoneMatch"),
        responses=_responses(_ok("The page.", _TEXT, "text/html", tagged=True), 304),
    ),
    "/": _get(
        "openOperatorPage",
        "Pages",
        "The operator's page",
        parameters=_parameters("ifNoneMatch"),
        responses=_responses(_ok("The page.", _TEXT, "text/html", tagged=True), 304, 404),
    ),
    "/shop/{handle}": _get(
        "openStorefront",
        "Pages",
        "The storefront of a shop",
        parameters=_parameters("handle", "ifNoneMatch"),
        responses=_responses(_ok("The page.", _TEXT, "text/html", tagged=True), 304, 404),
    ),
    "/assets/{name}": _get(
        "getAsset",
        "Pages",
        "A file that the pages load",
        parameters=_parameters("assetName", "ifNoneMatch"),
        responses=_responses(_ok("The file.", _TEXT, "*/*", tagged=True), 304, 404),
    ),
    "/assets/{release}/{name}": _get(
        "getReleasedAsset",
        "Pages",
        "The same file under a name that never changes",
        description="Of the server's own release it may be cached for a year.",
        parameters=_parameters("release", "assetName", "ifNoneMatch"),
        responses=_responses(_ok("The file.", _TEXT, "*/*", tagged=True), 304, 404),
    ),
}
