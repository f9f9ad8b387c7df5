"""The CloudFormation template of all that linkhub needs: ``files/cloudformation.json`` with the names of a plan.

The file also holds alarms, on a log group of linkhub's lines and on metrics of the services, and a managed policy for
each kind of process: consumer, server, operator, publisher.

Rule 1. Resources and attributes are those that :mod:`.provisioning` makes; a test compares them.
Rule 2. Tables, queues and logs outlive their stack.
Rule 3. Its text has at most 51,200 bytes: what CloudFormation accepts without a bucket.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from linkhub_adapters.aws.resources.definitions import Queue, Resources, Subscription

TABLES = ("ProductsTable", "StagingTable")
TOPIC = "NewProductTopic"
_QUEUE_ARN = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}"
MAX_WIDTH = 100  # of an object or a list that takes one line


def template_json(plan: Resources) -> str:
    """The template as JSON."""
    return _text(template(plan)) + "\n"


def _text(value: Any, indentation: str = "\n") -> str:
    flat = json.dumps(value)
    if not isinstance(value, dict | list) or len(flat) <= MAX_WIDTH:
        return flat
    deeper = indentation + " "
    if isinstance(value, list):
        parts, brackets = [_text(part, deeper) for part in value], "[]"
    else:
        parts, brackets = [f"{json.dumps(name)}: {_text(part, deeper)}" for name, part in value.items()], "{}"
    return f"{brackets[0]}{deeper}{f',{deeper}'.join(parts)}{indentation}{brackets[1]}"


def template(plan: Resources) -> Mapping[str, Any]:
    """The template as a document."""
    text = files("linkhub_adapters.aws.resources").joinpath("files/cloudformation.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    made = document["Resources"]
    document["Parameters"]["KmsKeyArn"]["Default"] = plan.topic.kms_key_arn or ""
    for name, table in zip(TABLES, plan.tables, strict=True):
        made[name]["Properties"]["TableName"] = table.name
    for queue in plan.queues:
        prefix = queue.kind.value.title()
        main, dead_letters = made[f"{prefix}Queue"]["Properties"], made[f"{prefix}DeadLetterQueue"]["Properties"]
        main |= {"QueueName": queue.name, **_unencrypted(queue, queue.attributes)}
        main["RedrivePolicy"]["maxReceiveCount"] = queue.max_receive_count
        dead_letters |= {"QueueName": queue.dead_letter_name, **_unencrypted(queue, queue.dead_letter_attributes)}
        dead_letters["RedriveAllowPolicy"] = queue.redrive_allow_policy([{"Fn::Sub": f"{_QUEUE_ARN}:{queue.name}"}])
    made[TOPIC]["Properties"]["TopicName"] = plan.topic.name
    for number, subscription in enumerate(plan.subscriptions, 1):
        made[f"Subscription{number}"] = _subscription(subscription)
    return document


def _unencrypted(queue: Queue, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attributes without those that depend on the parameter KmsKeyArn."""
    return {name: value for name, value in attributes.items() if name not in queue.encryption}


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
