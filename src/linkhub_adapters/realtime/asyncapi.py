"""The description of the realtime interface: an AsyncAPI 3.0 document, and OpenAPI path items of its HTTP routes.

``asyncapi.json`` is filled with the rules of the model. It says what a client may rely on; tests compare it with what
real servers send and take. One channel a transport, each with the same payloads in its own envelope; a message's key is
the name of its event.

| channel       | a message's payload is                                                          |
|---------------|---------------------------------------------------------------------------------|
| `webSocket`   | the whole text frame: `{"event": ..., "data": ...}`                             |
| `socketIo`    | the first argument of the event; of `..._ack`, that of the acknowledgement      |
| `eventStream` | the record's `data`; its `event` is the name                                    |

Its schemas are of draft 7, as AsyncAPI 3.0 has it: nothing is beside a ``$ref``. They leave room for fields that come
later (no ``additionalProperties: false``).
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files
from typing import Any

import orjson

from linkhub_core.application.subscriber_session import ErrorCode
from linkhub_core.model import ProductKey
from linkhub_core.wire.schemas import field_schema, fill, product_schemas


def describe() -> dict[str, Any]:
    """Make the AsyncAPI document."""
    video_id = field_schema(ProductKey, "video_id")["pattern"].strip("^$")
    document: dict[str, Any] = fill(
        _read("asyncapi.json"),
        {
            "version": version("linkhub-products"),
            "seller_handle": field_schema(ProductKey, "seller_handle"),
            "video_id": field_schema(ProductKey, "video_id"),
            "event_id_pattern": f"^[0-9-]+T[0-9:.]+Z/{video_id}/(0|[1-9][0-9]*)$",
            "error_codes": [code.value for code in ErrorCode],
        },
    )
    document["components"]["schemas"] |= product_schemas()
    return document


def openapi_paths() -> dict[str, Any]:
    """The path items of event streams, of Socket.IO's polling, and of the AsyncAPI document."""
    paths: dict[str, Any] = _read("openapi_paths.json")
    return paths


def _read(name: str) -> Any:
    return orjson.loads(files(__package__).joinpath(name).read_bytes())
