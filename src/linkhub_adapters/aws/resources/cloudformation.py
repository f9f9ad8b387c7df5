"""The CloudFormation template of all that linkhub needs, from the definition in :mod:`.resources`.

Beside the resources it holds what running them asks for: alarms (:mod:`.alarms`) on a log group of linkhub's lines and
on what the services measure, and a managed policy for each kind of process (:mod:`.policies`). Its outputs bear the
settings' names in their descriptions.

Rule 1. Names and attributes are those that :mod:`.provisioning` makes: either way leads to the same resources.
Rule 2. What keeps data (tables, queues, logs) outlives its stack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from linkhub_adapters.aws.resources import (
    NODE_QUEUES,
    QUEUE_SETTINGS,
    UPDATED_AT_INDEX,
    Queue,
    Resources,
    Subscription,
    Table,
)
from linkhub_adapters.aws.resources.alarms import (
    LOG_METRICS,
    NAMESPACE,
    PERIOD_SECONDS,
    Alarm,
    LogMetric,
    Metric,
    log_alarms,
    queue_alarms,
    table_alarm,
    topic_alarm,
)
from linkhub_adapters.aws.resources.policies import Grant, Places, consumer, document, operator, publisher, server

__all__ = ["template", "template_json"]

_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_TABLES = ("ProductsTable", "StagingTable")
_POLICIES = {
    "ConsumerPolicy": ("What `linkhub consume` may do", consumer),
    "ServerPolicy": ("What `linkhub serve` may do", server),
    "OperatorPolicy": ("What the commands of an operator may do", operator),
    "PublisherPolicy": ("What whoever puts events on the queues may do", publisher),
}


def template_json(needed: Resources) -> str:
    """The template as JSON, which CloudFormation takes as it takes YAML."""
    return json.dumps(template(needed), indent=2) + "\n"


def template(needed: Resources) -> Mapping[str, Any]:
    """The template as a document."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "linkhub: its tables, queues and topic, alarms on them and on its log, and IAM policies",
        "Parameters": _PARAMETERS,
        "Conditions": {"HasAlarmTopic": {"Fn::Not": [{"Fn::Equals": [_ref("AlarmTopicArn"), ""]}]}},
        "Resources": {
            **{name: _table(table) for name, table in zip(_TABLES, needed.tables, strict=True)},
            **_queues(needed),
            "NewProductTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": needed.topic.name}},
            **{f"Subscription{at}": _subscription(one) for at, one in enumerate(needed.subscriptions, 1)},
            "LogGroup": _LOG_GROUP,
            **{f"{metric.name}Lines": _log_metric(metric) for metric in LOG_METRICS},
            **{f"{alarm.name}Alarm": _alarm(alarm) for alarm in _alarms(needed)},
            **{name: _policy(text, grants(_places(needed))) for name, (text, grants) in _POLICIES.items()},
        },
        "Outputs": _outputs(needed),
    }


_PARAMETERS = {
    "AlarmTopicArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"^$|^arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$",
        "Description": "The SNS topic that alarms are sent to; empty: alarms only show in CloudWatch",
    },
    "LogGroupName": {
        "Type": "String",
        "Default": "/linkhub",
        "Description": "The log group to which linkhub's processes write their lines (LINKHUB_LOG_FORMAT=json)",
    },
    "LogRetentionDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": [7, 14, 30, 60, 90, 180, 365],
        "Description": "How long log lines are kept",
    },
}


def _ref(name: str) -> Mapping[str, str]:
    return {"Ref": name}


def _of(name: str, attribute: str) -> Mapping[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


# --- resources


def _table(table: Table) -> Mapping[str, Any]:
    properties: dict[str, Any] = {**table.definition, "PointInTimeRecoverySpecification": table.continuous_backups}
    if table.time_to_live:
        properties["TimeToLiveSpecification"] = table.time_to_live
    return {"Type": "AWS::DynamoDB::Table", **_KEPT, "Properties": properties}


def _name_of(queue: Queue) -> str:
    return f"{queue.kind.value.title()}Queue"


def _dead_letter_name_of(queue: Queue) -> str:
    return f"{queue.kind.value.title()}DeadLetterQueue"


def _queues(needed: Resources) -> Mapping[str, Any]:
    made: dict[str, Any] = {}
    for queue in needed.queues:
        dead = _dead_letter_name_of(queue)
        made[dead] = _queue(queue.dead_letter_name, queue.dead_letter_attributes)
        policy = queue.redrive_policy(_of(dead, "Arn"))
        made[_name_of(queue)] = _queue(queue.name, {**queue.attributes, "RedrivePolicy": policy})
    return made


def _queue(name: str, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Type": "AWS::SQS::Queue", **_KEPT, "Properties": {"QueueName": name, **attributes}}


def _subscription(subscription: Subscription) -> Mapping[str, Any]:
    properties: dict[str, Any] = {
        "TopicArn": _ref("NewProductTopic"),
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "FilterPolicy": subscription.filter_policy,
    }
    if subscription.is_raw:
        properties["RawMessageDelivery"] = True
    return {"Type": "AWS::SNS::Subscription", "Properties": properties}


# --- logs and alarms

_LOG_GROUP = {
    "Type": "AWS::Logs::LogGroup",
    **_KEPT,
    "Properties": {"LogGroupName": {"Ref": "LogGroupName"}, "RetentionInDays": {"Ref": "LogRetentionDays"}},
}


def _log_metric(metric: LogMetric) -> Mapping[str, Any]:
    counted = {"MetricNamespace": NAMESPACE, "MetricName": metric.name, "MetricValue": "1", "DefaultValue": 0}
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": _ref("LogGroup"),
            "FilterPattern": metric.pattern,
            "MetricTransformations": [counted],
        },
    }


def _alarms(needed: Resources) -> Iterable[Alarm]:
    for queue in needed.queues:
        name, dead = _name_of(queue), _dead_letter_name_of(queue)
        yield from queue_alarms(name, _of(name, "QueueName"), _of(dead, "QueueName"))
    for name in _TABLES:
        yield table_alarm(name, _ref(name))
    yield topic_alarm(_of("NewProductTopic", "TopicName"))
    yield from log_alarms()


def _alarm(alarm: Alarm) -> Mapping[str, Any]:
    actions = {"Fn::If": ["HasAlarmTopic", [_ref("AlarmTopicArn")], _ref("AWS::NoValue")]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{alarm.subject}: {alarm.meaning}",
            **_looked_at(alarm),
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": alarm.threshold,
            "EvaluationPeriods": alarm.periods,
            "TreatMissingData": "notBreaching",
            "AlarmActions": actions,
            "OKActions": actions,
        },
    }


def _looked_at(alarm: Alarm) -> Mapping[str, Any]:
    """One metric as it is, or an expression over some."""
    first, *others = alarm.metrics
    if not others and alarm.expression == first.id:
        return {**_metric(first), "Period": PERIOD_SECONDS, "Statistic": first.statistic}
    result = {"Id": "result", "Expression": alarm.expression, "Label": alarm.name, "ReturnData": True}
    terms = [
        {
            "Id": metric.id,
            "MetricStat": {"Metric": _metric(metric), "Period": PERIOD_SECONDS, "Stat": metric.statistic},
            "ReturnData": False,
        }
        for metric in alarm.metrics
    ]
    return {"Metrics": [result, *terms]}


def _metric(metric: Metric) -> Mapping[str, Any]:
    told: dict[str, Any] = {"Namespace": metric.namespace, "MetricName": metric.name}
    if metric.dimensions:
        told["Dimensions"] = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    return told


# --- who may do what


def _places(needed: Resources) -> Places:
    products, staging = _TABLES
    return Places(
        products=_of(products, "Arn"),
        updated_at_index={"Fn::Sub": f"${{{products}.Arn}}/index/{UPDATED_AT_INDEX}"},
        staging=_of(staging, "Arn"),
        queues=[_of(_name_of(queue), "Arn") for queue in needed.queues],
        dead_letter_queues=[_of(_dead_letter_name_of(queue), "Arn") for queue in needed.queues],
        topic=_ref("NewProductTopic"),
        node_queues={"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{NODE_QUEUES}"},
    )


def _policy(description: str, grants: Iterable[Grant]) -> Mapping[str, Any]:
    properties = {"Description": description, "PolicyDocument": document([*grants])}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


# --- outputs


def _outputs(needed: Resources) -> Mapping[str, Any]:
    products, staging = _TABLES
    values: dict[str, Any] = {
        "DYNAMODB_PRODUCTS_TABLE": _ref(products),
        "DYNAMODB_STAGING_TABLE": _ref(staging),
        **{QUEUE_SETTINGS[queue.kind]: _ref(_name_of(queue)) for queue in needed.queues},
        "SNS_NEW_PRODUCT_TOPIC_ARN": _ref("NewProductTopic"),
    }
    outputs = {
        variable.title().replace("_", ""): {"Description": variable, "Value": value}
        for variable, value in values.items()
    }
    for name, (text, _) in _POLICIES.items():
        outputs[f"{name}Arn"] = {"Description": text, "Value": _ref(name)}
    return outputs
