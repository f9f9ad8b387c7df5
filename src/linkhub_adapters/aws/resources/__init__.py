"""The AWS resources of linkhub: the plan as data, its comparison with an account, provisioning, the template.

definitions            the wanted state
tables, queues, topics reading, comparing and making one kind of resource each; queue_differences compares queues
protection             policies that allow TLS only, and keys of KMS
provisioning           applies the differences, resource by resource; checks report them
template               the CloudFormation template, from the file beside it
"""

from __future__ import annotations

from linkhub_adapters.aws.resources.definitions import (
    NODE_QUEUES,
    STAMP_INDEX,
    UPDATED_AT_INDEX,
    Queue,
    Resources,
    Subscription,
    Table,
    Topic,
    products_table,
    resources,
    staging_table,
)

__all__ = [
    "NODE_QUEUES",
    "STAMP_INDEX",
    "UPDATED_AT_INDEX",
    "Queue",
    "Resources",
    "Subscription",
    "Table",
    "Topic",
    "products_table",
    "resources",
    "staging_table",
]
