"""The values of linkhub, the rules of their fields, and the decisions about them. No JSON, no ports, no I/O."""

from __future__ import annotations

from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED, Announcement
from linkhub_core.model.half_report import HALF_EXPIRED, HALF_STALLED, HalfReport
from linkhub_core.model.listing import AS_PARSED, Availability, Listing, ListingChange
from linkhub_core.model.product_record import ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.model.values import (
    CONTENT_CLASSES,
    NO_LISTING,
    OLDER_THAN_ANY_EVENT,
    BoundingBox,
    Caption,
    Content,
    DetectedObject,
    EventTime,
    Half,
    Kind,
    ListingPart,
    Note,
    Origin,
    ProcessingMetadata,
    ProductKey,
    Thumbnail,
    ThumbnailSet,
    Version,
    WaitingHalf,
)

__all__ = [
    "AS_PARSED",
    "CONTENT_CLASSES",
    "HALF_EXPIRED",
    "HALF_STALLED",
    "NEW_PRODUCT",
    "NO_LISTING",
    "OLDER_THAN_ANY_EVENT",
    "PRODUCT_REMOVED",
    "PRODUCT_UPDATED",
    "Announcement",
    "Availability",
    "BoundingBox",
    "Caption",
    "Content",
    "DetectedObject",
    "EventTime",
    "Half",
    "HalfReport",
    "Kind",
    "Listing",
    "ListingChange",
    "ListingPart",
    "Note",
    "Origin",
    "ProcessingMetadata",
    "ProductKey",
    "ProductRecord",
    "StoredProduct",
    "Thumbnail",
    "ThumbnailSet",
    "Version",
    "WaitingHalf",
]
