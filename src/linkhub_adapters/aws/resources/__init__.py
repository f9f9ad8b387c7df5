"""What linkhub needs of AWS: the plan as data, the comparison with what is there, provisioning, the template.

definitions            the wanted state
tables, queues, topics reading what is there, the differences, making what is absent
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
