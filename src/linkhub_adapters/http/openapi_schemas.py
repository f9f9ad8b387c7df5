"""The component schemas of the API's description: what the JSON of each answer looks like, as data.

JSON Schema 2020-12, as OpenAPI 3.1 has it. Schemas of what a client receives leave room for fields that come later
(no ``additionalProperties: false``); a test holds them against the model, so that a field cannot be added in one place.
"""

from __future__ import annotations

from typing import Any

from linkhub_core.catalog import MAX_LIMIT

__all__ = ["HANDLE", "SCHEMAS", "VIDEO_ID", "ref"]

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A reference to the component ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, required: Schema, optional: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "description": description,
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


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


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


HANDLE = _text("A seller's handle.", pattern="^[A-Za-z0-9._-]{1,64}$")
VIDEO_ID = _text("The id of a video.", pattern="^[A-Za-z0-9_-]{1,128}$")

_BOUNDING_BOX = _object(
    "Where in the frame the object stands, in pixels.",
    {name: {"type": "number"} for name in ("x", "y", "width", "height")},
)
_DETECTED_OBJECT = _object(
    "Something that was recognised in a frame.",
    {
        "class_name": _text("What it is."),
        "confidence": _number("How sure the recogniser is."),
        "bbox": ref("BoundingBox"),
    },
)
_THUMBNAIL = _object(
    "One frame of the video as a picture.",
    {
        "thumbnail_url": _text("Where the picture is: http or https.", most=2048, format="uri"),
        "thumbnail_s3_key": _text("Its key in the bucket.", most=1024),
        "frame_timestamp": _number("Seconds from the start of the video."),
        "frame_index": {"type": "integer", "description": "Which frame it is."},
        "confidence_score": _number("How sure the generator is.", minimum=0),
        "quality_score": _number("How good the picture is.", minimum=0),
        "is_primary": {"type": "boolean", "description": "Whether it is the one to show first."},
    },
    {"detected_objects": _list(ref("DetectedObject"))},
)
_PROCESSING_METADATA = _object(
    "What the thumbnail generator did.",
    {
        "video_duration": _number("Seconds."),
        "frames_analyzed": _number("Frames that were looked at."),
        "thumbnails_generated": _number("Pictures that were cut out."),
        "processing_time_ms": _number("Milliseconds that it took."),
    },
)
_PRODUCT = _object(
    "One video of one seller, with both of its halves: what its caption says and its thumbnails.",
    {
        "seller_handle": HANDLE,
        "video_id": VIDEO_ID,
        "title": _text("What is sold.", most=500),
        "price": _or_null(_number("Exact, at most 6 decimals; null where none was named.", minimum=0, maximum=10**12)),
        "sizes": _or_null(_text("As the seller wrote them.", most=200)),
        "tags": _list(_text("One tag.", most=100), most=100),
        "thumbnails": _list(ref("Thumbnail"), least=1, most=20),
        "primary_thumbnail": ref("Thumbnail"),
        "processing_metadata": ref("ProcessingMetadata"),
        "created_at": _moment("When it was first saved."),
        "updated_at": _moment("When its content last changed."),
    },
    {
        "confidence_score": _number("How sure the caption parser is.", minimum=0),
        "raw_caption": _text("The caption as it was posted.", most=5000),
    },
)
_PAGINATION = _object(
    "Where the page stands.",
    {
        "hasMore": {"type": "boolean", "description": "Whether at least one more product follows."},
        "lastEvaluatedKey": _or_null(
            _text("What to send as `lastKey` for the next page: URL-encoded JSON, opaque. Null on the last page.")
        ),
        "count": {"type": "integer", "minimum": 0, "maximum": MAX_LIMIT, "description": "Products on this page."},
    },
)
_PAGE_METADATA = _object(
    "What was asked, and when.",
    {
        "sellerHandle": HANDLE,
        "since": _or_null(_text("`since` as it was sent.")),
        "timestamp": _moment("What to send as the next `since`: a little before now, so that nothing is missed."),
    },
)
_PAGE = _object(
    "One page of a shop, newest first (by descending `video_id`).",
    {
        "products": _list(ref("Product"), most=MAX_LIMIT),
        "pagination": ref("Pagination"),
        "metadata": ref("PageMetadata"),
    },
)
_STATS = _object(
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
_PROBLEM = _object(
    "What went wrong (RFC 9457).",
    {
        "type": _text("What kind of problem: an address that explains it, or `about:blank`.", format="uri-reference"),
        "title": _text("The kind in words; the same each time."),
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": _text("What was wrong with this request."),
        "instance": _text("The path that was asked for.", format="uri-reference"),
    },
    {"parameter": _text("The parameter at fault, as it stands in the request.")},
)
_HEALTH = _object("That the process lives.", {"status": {"type": "string", "const": "ok"}})
_CHECK = _object(
    "What came of one check.",
    {"ok": {"type": "boolean"}, "problem": _or_null(_text("What was wrong; null when nothing was."))},
)
_READINESS = _object(
    "Whether the process should be sent requests.",
    {
        "status": {"type": "string", "enum": ["ready", "unready", "draining"]},
        "checks": {"type": "object", "additionalProperties": ref("Check"), "description": "By name; none if draining."},
    },
)


def _part(description: str, kind: str = "object") -> Schema:
    return {"type": kind, "description": description, **({"items": {"type": "object"}} if kind == "array" else {})}


_OPERATOR_STATUS = _object(
    "What the operator's page draws: counters that only grow, and gauges. The page is its only reader, so its parts "
    "may change with it.",
    {"timestamp": _moment("When the snapshot was taken.")},
    {
        "node": _part("The process that answers."),
        "settings": _part("The settings that the page needs to judge figures."),
        "events": _part("Events so far, by kind and outcome.", "array"),
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
    "Product": _PRODUCT,
    "Thumbnail": _THUMBNAIL,
    "DetectedObject": _DETECTED_OBJECT,
    "BoundingBox": _BOUNDING_BOX,
    "ProcessingMetadata": _PROCESSING_METADATA,
    "Page": _PAGE,
    "Pagination": _PAGINATION,
    "PageMetadata": _PAGE_METADATA,
    "Stats": _STATS,
    "Problem": _PROBLEM,
    "Health": _HEALTH,
    "Readiness": _READINESS,
    "Check": _CHECK,
    "OperatorStatus": _OPERATOR_STATUS,
}
