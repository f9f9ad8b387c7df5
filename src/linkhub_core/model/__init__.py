"""The values of linkhub, the rules of their fields, and the decisions about them. No JSON, no ports, no I/O."""

from __future__ import annotations

from linkhub_core.model.values import (
    CONTENT_CLASSES,
    OLDER_THAN_ANY_EVENT,
    BoundingBox,
    Caption,
    Content,
    DetectedObject,
    EventTime,
    Half,
    Kind,
    Note,
    Origin,
    ProcessingMetadata,
    ProductKey,
    ProductRecord,
    Thumbnail,
    ThumbnailSet,
    Version,
    WaitingHalf,
)

__all__ = [
    "CONTENT_CLASSES",
    "OLDER_THAN_ANY_EVENT",
    "BoundingBox",
    "Caption",
    "Content",
    "DetectedObject",
    "EventTime",
    "Half",
    "Kind",
    "Note",
    "Origin",
    "ProcessingMetadata",
    "ProductKey",
    "ProductRecord",
    "Thumbnail",
    "ThumbnailSet",
    "Version",
    "WaitingHalf",
]
