"""The CloudFormation template of all that linkhub needs: ``files/cloudformation.json`` with the names of a plan.

The file also holds alarms, on a log group of linkhub's lines and on metrics of the services, and a managed policy for
each kind of process: consumer, server, operator, publisher.

Rule 1. Resources and attributes are those that :mod:`.provisioning` makes; a test compares them.
Rule 2. Tables, queues and logs outlive their stack.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from linkhub_adapters.aws.resources.definitions import Resources, Subscription

__all__ = ["template", "template_json"]

TABLES = ("ProductsTable", "StagingTable")
TOPIC = "NewProductTopic"


def template_json(plan: Resources) -> str:
    """The template as JSON."""
    return json.dumps(template(plan), indent=1) + "\n"


def template(plan: Resources) -> Mapping[str, Any]:
    """The template as a document."""
    text = files("linkhub_adapters.aws.resources").joinpath("files/cloudformation.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    made = document["Resources"]
    for name, table in zip(TABLES, plan.tables, strict=True):
        made[name]["Properties"]["TableName"] = table.name
    for queue in plan.queues:
        prefix = queue.kind.value.title()
        main, dead_letters = made[f"{prefix}Queue"]["Properties"], made[f"{prefix}DeadLetterQueue"]["Properties"]
        main |= {"QueueName": queue.name, **queue.attributes}
        main["RedrivePolicy"]["maxReceiveCount"] = queue.max_receive_count
        dead_letters |= {"QueueName": queue.dead_letter_name, **queue.dead_letter_attributes}
    made[TOPIC]["Properties"]["TopicName"] = plan.topic.name
    for number, subscription in enumerate(plan.subscriptions, 1):
        made[f"Subscription{number}"] = _subscription(subscription)
    return document


def _subscription(subscription: Subscription) -> Mapping[str, Any]:
    properties: dict[str, Any] = {
        "TopicArn": {"Ref": TOPIC},
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "FilterPolicy": subscription.filter_policy,
    }
    if subscription.is_raw:
        properties["RawMessageDelivery"] = True
    return {"Type": "AWS::SNS::Subscription", "Properties": properties}
