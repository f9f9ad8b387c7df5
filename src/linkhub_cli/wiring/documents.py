"""The AsyncAPI document, and the OpenAPI paths of the realtime routes.

The HTTP room and the realtime room do not import each other, so both documents are joined here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from starlette.routing import Route

from linkhub_adapters.http.api import openapi_schemas
from linkhub_adapters.http.pages import page_routes
from linkhub_adapters.http.pages.page_files import PageFile
from linkhub_adapters.realtime import EVENTS_PATH, SOCKETIO_PATH, asyncapi
from linkhub_core.wire import json_text

ASYNCAPI_PATH: Final = "/asyncapi.json"

_PRODUCT_SCHEMAS: Final = ("Product", "Thumbnail", "DetectedObject", "BoundingBox", "ProcessingMetadata")


def asyncapi_document() -> dict[str, Any]:
    """The realtime interface as AsyncAPI, with the product as OpenAPI has it."""
    return asyncapi.describe({name: openapi_schemas.SCHEMAS[name] for name in _PRODUCT_SCHEMAS})


def asyncapi_routes() -> Sequence[Route]:
    """``GET /asyncapi.json``: the document, with a tag."""
    document = PageFile.of(json_text.dump(asyncapi_document()), "application/json")
    return [Route(ASYNCAPI_PATH, partial(page_routes.show_page, document))]


def openapi_paths() -> Mapping[str, Any]:
    """The path items of the routes that are not of the HTTP room."""
    return {
        EVENTS_PATH: {"get": _STREAM},
        SOCKETIO_PATH: {"get": _POLL, "post": _POST},
        ASYNCAPI_PATH: {"get": _ASYNCAPI},
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _parameter(place: str, name: str, schema: Mapping[str, Any], description: str, *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema, "description": description}


def _answer(description: str, media_type: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


_TEXT = {"type": "string"}
_UNEXPECTED = {"500": _ref("responses", "Unexpected")}

_STREAM: dict[str, Any] = {
    "operationId": "streamEvents",
    "tags": ["Realtime"],
    "summary": "Hear of a shop's products as Server-Sent Events",
    "description": "Records of `event`, `data` and, for products, `id`. Their data is described at `/asyncapi.json`. "
    "The response does not end; a browser that reconnects sends the last `id` as `Last-Event-ID`.",
    "parameters": [
        _ref("parameters", "handle"),
        _ref("parameters", "since"),
        _parameter(
            "header", "Last-Event-ID", _TEXT, "The last `id` that was read; it goes before `since`.", required=False
        ),
    ],
    "responses": {
        "200": _answer("The events.", "text/event-stream", _TEXT),
        "400": _ref("responses", "InvalidParameter"),
        "403": _answer("The page's origin may not connect.", "text/plain", _TEXT),
        "429": _answer("Too many streams from this address.", "text/plain", _TEXT),
        **_UNEXPECTED,
        "503": _answer("The server is draining, or full.", "text/plain", _TEXT),
    },
}

_REFUSAL = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "integer", "minimum": 0, "maximum": 5, "description": "The code of Engine.IO."},
        "message": {"type": "string", "description": "The same in words."},
    },
}
_ENGINE = [
    _parameter("query", "EIO", {"type": "string", "enum": ["4"]}, "The protocol's version.", required=True),
    _parameter("query", "transport", {"type": "string", "enum": ["polling"]}, "The way of the events.", required=True),
]
_SID = "The id of the session, from its first answer"


def _refused(description: str) -> dict[str, Any]:
    return _answer(description, "application/json", _REFUSAL)


_REFUSED = {
    "400": _refused("It is not what the protocol wants."),
    "403": _refused("The page's origin may not connect."),
}

_POLL: dict[str, Any] = {
    "operationId": "pollSocketIo",
    "tags": ["Realtime"],
    "summary": "Poll as Socket.IO does",
    "description": "For clients of Socket.IO (protocol 5 on Engine.IO 4), which need no setup: namespace "
    "`/products`, events as `/asyncapi.json` describes them. Without `sid` a session begins; with it, the answer "
    "waits until there is an event. WebSockets are opened at the same path.",
    "parameters": [*_ENGINE, _parameter("query", "sid", _TEXT, f"{_SID}; none to begin one.", required=False)],
    "responses": {
        "200": _answer("Packets of Engine.IO.", "text/plain", _TEXT),
        **_REFUSED,
        "429": _refused("Too many sessions from this address."),
        **_UNEXPECTED,
        "503": _refused("The server is draining, or full."),
    },
}
_POST: dict[str, Any] = {
    "operationId": "postSocketIo",
    "tags": ["Realtime"],
    "summary": "Send as Socket.IO does",
    "description": "The other half of polling: the client's messages.",
    "parameters": [*_ENGINE, _parameter("query", "sid", _TEXT, f"{_SID}.", required=True)],
    "requestBody": {
        "required": True,
        "description": "Packets of Engine.IO.",
        "content": {"text/plain": {"schema": _TEXT}},
    },
    "responses": {
        "200": _answer("They were taken: `ok`.", "text/html", _TEXT),
        **_REFUSED,
        "413": _refused("The payload is larger than the session's `maxPayload`."),
        **_UNEXPECTED,
    },
}

_ASYNCAPI: dict[str, Any] = {
    "operationId": "getRealtimeDescription",
    "tags": ["Documentation"],
    "summary": "The realtime interface as AsyncAPI 3.0",
    "parameters": [_ref("parameters", "ifNoneMatch")],
    "responses": {
        "200": {
            **_answer("The document.", "application/json", {"type": "object"}),
            "headers": {
                "ETag": {
                    "description": "Names this representation; send it as `If-None-Match`.",
                    "schema": {"type": "string"},
                }
            },
        },
        "304": _ref("responses", "NotModified"),
    },
}
