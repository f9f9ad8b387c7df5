"""The component schemas of the API's description: what the JSON of each answer looks like, as data.

JSON Schema 2020-12, as OpenAPI 3.1 has it. What a product is made of is derived from the model. Schemas leave room for
fields that come later (no ``additionalProperties: false``).
"""

from __future__ import annotations

from typing import Any

from linkhub_core.model import (
    Availability,
    BoundingBox,
    Caption,
    DetectedObject,
    Listing,
    ProcessingMetadata,
    ProductKey,
    Thumbnail,
    ThumbnailSet,
)
from linkhub_core.wire.schemas import Schema, field_schema, object_schema, or_null, properties_of, schema_of
from linkhub_core.wire.shop_query import MAX_LIMIT


def ref(name: str) -> Schema:
    """A reference to the component ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, *, most: int | None = None, **more: Any) -> Schema:
    limit = {} if most is None else {"maxLength": most}
    return {"type": "string", **limit, **more, "description": description}


def _number(description: str, **more: Any) -> Schema:
    return {"type": "number", **more, "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _list(of: Schema, *, least: int = 0, most: int | None = None, description: str = "") -> Schema:
    limits = {key: value for key, value in {"minItems": least or None, "maxItems": most}.items() if value is not None}
    return {"type": "array", "items": of, **limits, **({"description": description} if description else {})}


def _moment(description: str) -> Schema:
    return _text(f"{description} ISO 8601, UTC, with milliseconds.", format="date-time")


HANDLE = field_schema(ProductKey, "seller_handle")
VIDEO_ID = field_schema(ProductKey, "video_id")


# In stock is not written, and a withdrawn product is not shown.
_SHOWN_AVAILABILITY = _text("Absent: in stock.", enum=[Availability.SOLD_OUT.value])


def _product() -> Schema:
    """A product: its key, both contents and its stamps, with the fields in the order of its document."""
    caption, more_of_caption = properties_of(Caption, ref)
    thumbnails, more_of_thumbnails = properties_of(ThumbnailSet, ref)
    stamps = {
        "created_at": _moment("When it was first saved."),
        "updated_at": _moment("When its content last changed."),
    }
    return object_schema(
        "One video of one seller, with both of its halves: what its caption says and its thumbnails.",
        {"seller_handle": HANDLE, "video_id": VIDEO_ID, **caption, **thumbnails, **stamps},
        {**more_of_caption, **more_of_thumbnails, "availability": _SHOWN_AVAILABILITY},
    )


def _listing_change() -> Schema:
    fields, _ = properties_of(Listing, ref)
    fields["availability"] = _nullable_choice(fields["availability"])
    return object_schema("Fields of a listing to change. Null is the default: in stock, or as parsed.", {}, fields)


def _nullable_choice(schema: Schema) -> Schema:
    return {**or_null(schema), "enum": [*schema["enum"], None]}


_PAGINATION = object_schema(
    "The place of the page in the list.",
    {
        "hasMore": {"type": "boolean", "description": "Whether at least one more product follows."},
        "lastEvaluatedKey": or_null(
            _text("What to send as `lastKey` for the next page: URL-encoded JSON, opaque. Null on the last page.")
        ),
        "count": {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT, "description": "Products on this page."},
    },
)
_PAGE_METADATA = object_schema(
    "The request, and its time.",
    {
        "sellerHandle": HANDLE,
        "since": or_null(_text("`since` as it was sent.")),
        "timestamp": _moment("What to send as the next `since`: a little before now."),
    },
    {
        "cursor": _text(
            "What to send as the next `cursor`, here or with a subscription. On the first page of a list, and with "
            "`cursor`."
        )
    },
)
_PAGE = object_schema(
    "One page of a shop, newest first (by descending `video_id`); with `cursor`, oldest change first.",
    {
        "products": _list(ref("Product"), most=MAX_LIMIT),
        "pagination": ref("Pagination"),
        "metadata": ref("PageMetadata"),
    },
    {"removed": _list(VIDEO_ID, description="With `cursor`: the products that were removed from the shop.")},
)
_STATS = object_schema(
    "Who is connected to this server.",
    {
        "totalConnections": _count("Open connections."),
        "totalSubscriptions": _count("Subscriptions of all connections."),
        "sellerHandles": _list(HANDLE, description="Shops with at least one subscriber."),
        "clientsPerSeller": {
            "type": "object",
            "additionalProperties": _count("Subscribers of the shop."),
            "description": "How many subscribers each of these shops has.",
        },
    },
    {
        "clientsPerTransport": {
            "type": "object",
            "additionalProperties": _count("Connections of the transport."),
            "description": "How many connections came which way.",
        }
    },
)
_PROBLEM = object_schema(
    "What went wrong (RFC 9457).",
    {
        "type": _text("What kind of problem: an address that explains it, or `about:blank`.", format="uri-reference"),
        "title": _text("The kind in words; the same each time."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": _text("What was wrong with this request."),
        "instance": _text("The path that was asked for.", format="uri-reference"),
    },
    {
        "parameter": _text("The wrong parameter, as it is in the request."),
        "faults": _list(ref("Fault"), description="The faults of the body."),
    },
)
_FAULT = object_schema(
    "A field of a body that breaks its rule.",
    {"field": _text("Its name; empty: the body as a whole."), "problem": _text("The rule.")},
)
_HEALTH = object_schema("That the process lives.", {"status": {"type": "string", "const": "ok"}})
_CHECK = object_schema(
    "What came of one check.",
    {"ok": {"type": "boolean"}, "problem": or_null(_text("What was wrong; null when nothing was."))},
)
_READINESS = object_schema(
    "Whether the process should be sent requests.",
    {
        "status": {"type": "string", "enum": ["ready", "unready", "draining"]},
        "checks": {"type": "object", "additionalProperties": ref("Check"), "description": "By name; none if draining."},
    },
)


def _part(description: str, kind: str = "object") -> Schema:
    return {"type": kind, "description": description, **({"items": {"type": "object"}} if kind == "array" else {})}


_OPERATOR_STATUS = object_schema(
    "What the operator's page draws: counters that only grow, and gauges. The page is its only reader, so its parts "
    "may change with it.",
    {"timestamp": _moment("When the snapshot was taken.")},
    {
        "node": _part("The process that answers."),
        "settings": _part("The settings that the page needs to judge figures."),
        "events": _part("Events so far, by kind and outcome.", "array"),
        "deviations": _part("Deviations from the event schema so far, by rule and queue.", "array"),
        "products": _part("Products created, revised and announced so far, and those not announced yet."),
        "latency_seconds": _part("From the receipt of a half to the announcement, as cumulative buckets."),
        "queues": _part("What waits and what is being worked on, by kind.", "array"),
        "staging": _part("Halves that wait for their partner, by kind and age."),
        "dead_letters": _part("What was rejected: how much, why, and the latest."),
        "realtime": _part("Connections, subscriptions and deliveries."),
        "nodes": _part("The processes that were heard of lately.", "array"),
    },
)

SCHEMAS: dict[str, Schema] = {
    "Product": _product(),
    **{cls.__name__: schema_of(cls, ref) for cls in (Thumbnail, DetectedObject, BoundingBox, ProcessingMetadata)},
    "Listing": schema_of(Listing, ref),
    "ListingChange": _listing_change(),
    "Page": _PAGE,
    "Pagination": _PAGINATION,
    "PageMetadata": _PAGE_METADATA,
    "Stats": _STATS,
    "Problem": _PROBLEM,
    "Fault": _FAULT,
    "Health": _HEALTH,
    "Readiness": _READINESS,
    "Check": _CHECK,
    "OperatorStatus": _OPERATOR_STATUS,
}
