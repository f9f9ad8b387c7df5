"""The realtime interface described as data: an AsyncAPI 3.0 document.

One channel a transport, each with the same payloads in its own envelope; a message's key is the name of its event.

| channel       | a message's payload is                                                          |
|---------------|---------------------------------------------------------------------------------|
| `webSocket`   | the whole text frame: `{"event": ..., "data": ...}`                             |
| `socketIo`    | the first argument of the event; of `..._ack`, that of the acknowledgement      |
| `eventStream` | the record's `data`; its `event` is the name                                    |

It says what a client may rely on; tests compare it with what real servers send and take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from linkhub_adapters.realtime.asyncapi_schemas import ANSWERS, FROM_CLIENTS, FROM_SERVER, SCHEMAS, Schema, ref
from linkhub_adapters.realtime.endpoints.event_stream import EVENTS_PATH
from linkhub_adapters.realtime.endpoints.polling import SOCKETIO_PATH
from linkhub_adapters.realtime.hub.wire_format import NAMESPACE
from linkhub_core.application.subscriber_session import GET_STATUS, SUBSCRIBE, UNSUBSCRIBE
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED
from linkhub_core.wire.cursor import Cursor, encode_cursor

__all__ = ["describe"]

_JSON = "application/json"
_PRODUCT_EVENTS = (NEW_PRODUCT, PRODUCT_UPDATED, PRODUCT_REMOVED)
_STREAMED = ("connected", "subscribed", *_PRODUCT_EVENTS)


def describe(product_schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The document.

    Args:
        product_schemas: JSON Schemas by name: ``Product``, and what it refers to as ``#/components/schemas/<name>``.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "linkhub, live",
            "version": version("linkhub"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        },
        "defaultContentType": _JSON,
        "servers": _SERVERS,
        "channels": _CHANNELS,
        "operations": dict([*_conversation("webSocket"), *_conversation("socketIo"), _stream_operation()]),
        "components": {"schemas": {**SCHEMAS, **product_schemas}},
    }


_DESCRIPTION = (
    "A shop's products the moment they are whole: three transports with the same events. Keep the last cursor that the "
    "server sent, over any transport, send it with every subscription, and load the page again after "
    "`recovered: false`. On one connection a revision of a product is seen at most once, and revisions only grow, "
    "unless the client asks again for what it missed; across connections, drop what is not newer by `(created_at, "
    "revision)`. Pages of a shop are read by REST, which `/openapi.json` describes."
)

_HOST = {"host": {"default": "localhost:3002", "description": "The host and port of the server's address."}}


def _server(protocol: str, description: str, **more: str) -> dict[str, Any]:
    return {"host": "{host}", **more, "protocol": protocol, "description": description, "variables": _HOST}


_SERVERS = {
    "webSocket": _server("ws", "A plain WebSocket; `wss` behind TLS.", protocolVersion="13"),
    "socketIo": _server(
        "ws",
        "Socket.IO protocol 5 on Engine.IO 4. The channel's address is its namespace; clients begin with HTTP "
        "long-polling at the same path and upgrade, or use either alone.",
        pathname=SOCKETIO_PATH,
    ),
    "eventStream": _server("http", "Server-Sent Events; `https` behind TLS.", protocolVersion="1.1"),
}

_SELLER = {"seller_handle": "nalu-fashion"}
_CURSOR = encode_cursor(Cursor(store="example", seller_handle=_SELLER["seller_handle"], position="42"))
_EXAMPLES: Mapping[str, list[Any]] = {
    SUBSCRIBE: [
        _SELLER,
        {**_SELLER, "since": "2026-01-15T12:00:00.000Z"},
        {**_SELLER, "cursor": _CURSOR},
        {**_SELLER, "since": None, "cursor": None},
    ],
    UNSUBSCRIBE: [_SELLER, {"seller_handle": None}, {}, None],
    GET_STATUS: [{}, None],
}


def _message(event: str, component: str, payload: Schema, examples: list[Any]) -> dict[str, Any]:
    summary = SCHEMAS[component]["description"]
    shown = {"examples": [{"payload": example} for example in examples]} if examples else {}
    return {"name": event, "summary": summary, "contentType": _JSON, "payload": payload, **shown}


def _enveloped(event: str, component: str) -> dict[str, Any]:
    """A message of the plain WebSocket. A client may leave out data of which nothing is required."""
    required = ["event", "data"] if "required" in SCHEMAS[component] else ["event"]
    name = {"type": "string", "const": event, "description": "The name of the event."}
    properties = {"event": name, "data": ref(component)}
    payload = {"type": "object", "required": required, "properties": properties}
    return _message(event, component, payload, [{"event": event, "data": data} for data in _EXAMPLES.get(event, [])])


def _bare(event: str, component: str) -> dict[str, Any]:
    """A message whose event is named by the protocol around it."""
    return _message(event, component, ref(component), list(_EXAMPLES.get(event, [])))


def _acknowledgement(event: str) -> dict[str, Any]:
    return {
        "name": f"{event}_ack",
        "summary": f"The acknowledgement of `{event}`, where the client asked for one.",
        "description": "It comes beside the event that answers, and carries the same data.",
        "contentType": _JSON,
        "payload": {"oneOf": [ref(FROM_SERVER[ANSWERS[event]]), ref("Error")]},
    }


def _to(server: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/servers/{server}"}]


def _text_parameters(**values: list[str]) -> Schema:
    properties = {
        name: {"type": "string", **({"enum": allowed} if allowed else {})} for name, allowed in values.items()
    }
    return {"type": "object", "properties": properties}


_EVERYTHING = {**FROM_CLIENTS, **FROM_SERVER}
_CHANNELS: dict[str, Any] = {
    "webSocket": {
        "address": NAMESPACE,
        "title": "Plain WebSocket",
        "description": "Text frames that hold one JSON object each.",
        "servers": _to("webSocket"),
        "messages": {event: _enveloped(event, component) for event, component in _EVERYTHING.items()},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    },
    "socketIo": {
        "address": NAMESPACE,
        "title": "Socket.IO",
        "description": "The address is the namespace. Each event has one argument: its data.",
        "servers": _to("socketIo"),
        "messages": {event: _bare(event, component) for event, component in _EVERYTHING.items()}
        | {f"{event}_ack": _acknowledgement(event) for event in ANSWERS},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    **_text_parameters(EIO=["4"], transport=["websocket"], sid=[]),
                    "required": ["EIO", "transport"],
                },
                "bindingVersion": "0.1.0",
            }
        },
    },
    "eventStream": {
        "address": EVENTS_PATH,
        "title": "Server-Sent Events",
        "description": "Subscribes by its address and takes no messages. The `id` of a record is its cursor: a browser "
        "that reconnects sends it as `Last-Event-ID` and gets what it missed. After `recovered: false` the `id` is "
        "empty, and the browser forgets its own. Comments keep the connection alive.",
        "servers": _to("eventStream"),
        "parameters": {"handle": {"description": "The seller whose shop it is."}},
        "messages": {event: _bare(event, FROM_SERVER[event]) for event in _STREAMED},
    },
}


def _messages(channel: str, *names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]


def _conversation(channel: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations of a channel that goes both ways, as the server carries them out."""
    reference = {"$ref": f"#/channels/{channel}"}
    for event, answer in ANSWERS.items():
        acknowledgement = [f"{event}_ack"] if f"{event}_ack" in _CHANNELS[channel]["messages"] else []
        yield (
            f"{channel}.{event}",
            {
                "action": "receive",
                "channel": reference,
                "summary": _CHANNELS[channel]["messages"][event]["summary"],
                "messages": _messages(channel, event),
                "reply": {"channel": reference, "messages": _messages(channel, answer, "error", *acknowledgement)},
            },
        )
    yield (
        f"{channel}.events",
        {
            "action": "send",
            "channel": reference,
            "summary": "The greeting, then live events of the subscribed shops.",
            "description": "An `error` may come at any time. `subscribed` comes once more, with `recovered: false`, "
            "where a replay had to be cut short.",
            "messages": _messages(channel, "connected", *_PRODUCT_EVENTS, "subscribed", "error"),
        },
    )


def _stream_operation() -> tuple[str, dict[str, Any]]:
    return "eventStream.events", {
        "action": "send",
        "channel": {"$ref": "#/channels/eventStream"},
        "summary": "The greeting, the subscription, then live events of the shop.",
        "messages": _messages("eventStream", *_STREAMED),
        "bindings": {
            "http": {"method": "GET", "query": _text_parameters(cursor=[], since=[]), "bindingVersion": "0.3.0"}
        },
    }
