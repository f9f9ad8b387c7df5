"""The OpenAPI 3.1 document: ``openapi.json``, filled with the rules of the model.

The file is written by hand: it says what a client may rely on. Tests compare it with the routes and with real answers.
Its schemas leave room for fields that come later (no ``additionalProperties: false``).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import orjson

from linkhub_core.model import ProductKey
from linkhub_core.wire.schemas import field_schema, fill, listing_schemas, product_schemas
from linkhub_core.wire.shop_query import DEFAULT_LIMIT, MAX_LIMIT


def describe(extra_paths: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make the document.

    Args:
        extra_paths: path items of routes that the application serves beside those of this room.
    """
    document: dict[str, Any] = fill(
        orjson.loads(files(__package__).joinpath("openapi.json").read_bytes()),
        {
            "version": version("linkhub-products"),
            "seller_handle": field_schema(ProductKey, "seller_handle"),
            "video_id": field_schema(ProductKey, "video_id"),
            "default_limit": DEFAULT_LIMIT,
            "max_limit": MAX_LIMIT,
        },
    )
    document["paths"] |= extra_paths or {}
    document["components"]["schemas"] |= product_schemas() | listing_schemas()
    # Some tags are of routes that other rooms may have.
    used = {tag for item in document["paths"].values() for operation in item.values() for tag in operation["tags"]}
    document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    return document
