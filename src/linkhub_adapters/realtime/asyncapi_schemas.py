"""The payloads of the realtime interface: what the data of each event looks like, as JSON Schema.

Draft 7, as AsyncAPI 3.0 has it: nothing is beside a ``$ref``. Schemas leave room for fields that come later (no
``additionalProperties: false``); a test closes them and compares them with what a server sends. The product is not
described here: the caller of :func:`~.asyncapi.describe` gives its schema.
"""

from __future__ import annotations

from typing import Any

from linkhub_core.application.subscriber_session import GET_STATUS, SUBSCRIBE, UNSUBSCRIBE, ErrorCode
from linkhub_core.model import ProductKey
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED
from linkhub_core.wire.schemas import Schema, field_schema, object_schema, or_null

__all__ = ["ANSWERS", "FROM_CLIENTS", "FROM_SERVER", "SCHEMAS", "Schema", "ref"]


def ref(name: str) -> Schema:
    """A reference to the component ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", **more, "description": description}


_HANDLE = field_schema(ProductKey, "seller_handle")
_VIDEO_ID: str = field_schema(ProductKey, "video_id")["pattern"]
_MESSAGE = _text("The same in words, for people; its wording may change.")
# What `format` leaves to the reader: capitals, no leap second, and a year that no offset leads out of the calendar.
_SINCE = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
_TIMESTAMP = _text("When it was sent. ISO 8601, UTC, with milliseconds.", format="date-time")
_CURSOR = _text("Opaque: send it back unchanged.", pattern="^[A-Za-z0-9_-]+$", maxLength=400)

_REVISION = "Which revision of the product; it only grows. 0: another service saved it, before linkhub did."


def _product_event(event: str, description: str, subject: Schema) -> Schema:
    return object_schema(
        description,
        {
            "event_type": _text("The name of the event.", const=event),
            "event_id": _text(
                "`updated_at/video_id/revision`: the same in every copy.",
                pattern=f"^[0-9-]+T[0-9:.]+Z/{_VIDEO_ID.strip('^$')}/(0|[1-9][0-9]*)$",
            ),
            "revision": {"type": "integer", "minimum": 0, "description": _REVISION},
            **subject,
            "timestamp": _TIMESTAMP,
        },
        {
            "cursor": _CURSOR
            | {
                "description": "Its holder was given every change of the shop up to it. Absent after `recovered: "
                "false` or `since`: keep the last one. In an event stream it is the record's `id`."
            }
        },
    )


_SUBSCRIBE_TO_SELLER = object_schema(
    "Subscribe to a shop.",
    {"seller_handle": _HANDLE},
    {
        "cursor": or_null(
            _CURSOR
            | {
                "description": "The last cursor that the server sent for this shop, over any transport: what changed "
                "after it follows the answer. Not together with `since`."
            }
        ),
        "since": or_null(
            _text(
                "What changed later follows the answer. A date and time of RFC 3339; other forms of ISO 8601 are "
                "taken, too, and without an offset it is UTC.",
                format="date-time",
                pattern=_SINCE,
            )
        ),
    },
)
_UNSUBSCRIBE: Schema = {
    "type": ["object", "null"],
    "description": "Leave a shop. Without `seller_handle`, or without data: leave all shops.",
    "properties": {"seller_handle": or_null(_HANDLE)},
}
_GET_STATUS: Schema = {"description": "Anything, or nothing: it is ignored."}

_CONNECTED = object_schema(
    "The first event of every connection.",
    {"message": _MESSAGE, "clientId": _text("The public id of this connection."), "timestamp": _TIMESTAMP},
)
_SUBSCRIBED = object_schema(
    "The answer to a subscription: what was missed follows, if it was asked for, then live events.",
    {
        "seller_handle": _HANDLE,
        "message": _MESSAGE,
        "timestamp": _TIMESTAMP,
        "recovered": {
            "type": "boolean",
            "description": "Whether all that was missed follows; if not, the client loads the page again.",
        },
        "cursor": or_null(_CURSOR | {"description": "The client's own cursor, if the replay began there."}),
    },
)
_UNSUBSCRIBED = object_schema(
    "The answer: the client has left the shop.",
    {
        "seller_handle": or_null(_text("The shop; null where all were left.", pattern=_HANDLE["pattern"])),
        "message": _MESSAGE,
        "timestamp": _TIMESTAMP,
    },
)
_SUBSCRIPTION_STATUS = object_schema(
    "The subscriptions of the connection.",
    {
        "subscriptions": {"type": "array", "items": _HANDLE, "description": "In the order of subscription."},
        "timestamp": _TIMESTAMP,
    },
)
_ERROR = object_schema(
    "The fault of a message. The connection goes on.",
    {
        "code": _text("Its kind.", enum=[code.value for code in ErrorCode]),
        "message": _MESSAGE,
        "timestamp": _TIMESTAMP,
    },
)

SCHEMAS: dict[str, Schema] = {
    "SubscribeToSeller": _SUBSCRIBE_TO_SELLER,
    "Unsubscribe": _UNSUBSCRIBE,
    "GetSubscriptionStatus": _GET_STATUS,
    "Connected": _CONNECTED,
    "Subscribed": _SUBSCRIBED,
    "Unsubscribed": _UNSUBSCRIBED,
    "SubscriptionStatus": _SUBSCRIPTION_STATUS,
    "NewProduct": _product_event(
        NEW_PRODUCT, "A product that was not shown before, or that came back.", {"product": ref("Product")}
    ),
    "ProductUpdated": _product_event(
        PRODUCT_UPDATED, "A later revision of a product that was shown before.", {"product": ref("Product")}
    ),
    "ProductRemoved": _product_event(
        PRODUCT_REMOVED,
        "The seller withdrew the product: remove it. It may come back with a later revision.",
        {"seller_handle": _HANDLE, "video_id": field_schema(ProductKey, "video_id")},
    ),
    "Error": _ERROR,
}
"""All payloads, by the name of their component."""

FROM_CLIENTS = {SUBSCRIBE: "SubscribeToSeller", UNSUBSCRIBE: "Unsubscribe", GET_STATUS: "GetSubscriptionStatus"}
"""What clients send: the component of each event's data."""

FROM_SERVER = {
    "connected": "Connected",
    "subscribed": "Subscribed",
    "unsubscribed": "Unsubscribed",
    "subscription_status": "SubscriptionStatus",
    NEW_PRODUCT: "NewProduct",
    PRODUCT_UPDATED: "ProductUpdated",
    PRODUCT_REMOVED: "ProductRemoved",
    "error": "Error",
}
"""What the server sends: the component of each event's data."""

ANSWERS = {SUBSCRIBE: "subscribed", UNSUBSCRIBE: "unsubscribed", GET_STATUS: "subscription_status"}
"""The event that answers each message of a client, unless an ``error`` does."""
