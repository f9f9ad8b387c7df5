"""What linkhub needs of AWS as data, what provisions it, and the files that other tools provision it from."""

from __future__ import annotations

from linkhub_adapters.aws.resources.definitions import (
    NODE_QUEUES,
    QUEUE_SETTINGS,
    STAMP_INDEX,
    UPDATED_AT_INDEX,
    Queue,
    Resources,
    Subscription,
    Table,
    Topic,
    attribute_texts,
    products_table,
    resources,
    staging_table,
)

__all__ = [
    "NODE_QUEUES",
    "QUEUE_SETTINGS",
    "STAMP_INDEX",
    "UPDATED_AT_INDEX",
    "Queue",
    "Resources",
    "Subscription",
    "Table",
    "Topic",
    "attribute_texts",
    "products_table",
    "resources",
    "staging_table",
]
