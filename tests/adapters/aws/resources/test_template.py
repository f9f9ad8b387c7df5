"""The template has the resources of the plan, and breaks no rule of cfn-lint."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]  # it has no types
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]  # it has no types

from linkhub_adapters.aws.resources import Resources, Subscription, resources
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, PUBLISH, tls_only
from linkhub_adapters.aws.resources.template import template, template_json

NEEDED = {
    "standard": resources(),
    "fifo": resources(caption_queue="captions.fifo", thumbnail_queue="thumbnails.fifo"),
    "encrypted": resources(kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab"),
    "subscribed": resources(
        subscriptions=[
            Subscription(protocol="sqs", endpoint="arn:aws:sqs:us-east-1:123456789012:orders"),
            Subscription(protocol="email", endpoint="shop@example.com"),
        ]
    ),
}
MAX_TEMPLATE_BYTES = 51_200  # what CreateStack takes without a bucket


@pytest.mark.parametrize("needed", NEEDED.values(), ids=NEEDED)
def test_no_rule_is_broken(needed: Resources, tmp_path: Path) -> None:
    """cfn-lint finds nothing, informational rules included."""
    file = tmp_path / "linkhub.json"
    file.write_text(template_json(needed), encoding="utf-8")
    assert file.stat().st_size < MAX_TEMPLATE_BYTES
    assert lint_file(file, config=ManualArgs(include_checks=["I"])) == []


def test_a_broken_rule_would_be_found(tmp_path: Path) -> None:
    """An action that IAM does not know, and a property that a queue does not have, are found."""
    spoilt: Any = json.loads(template_json(resources()))
    spoilt["Resources"]["ConsumerPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = ["sqs:Frobnicate"]
    spoilt["Resources"]["CaptionQueue"]["Properties"]["Frobs"] = 1
    file = tmp_path / "linkhub.json"
    file.write_text(json.dumps(spoilt), encoding="utf-8")
    found = {match.rule.id for match in lint_file(file, config=ManualArgs(include_checks=["I"]))}
    assert {"W3037", "E3002"} <= found


def _with_key(value: Any, key_arn: str | None) -> Any:
    """A part of the template, as the parameter KmsKeyArn makes it."""
    match value:
        case {"Fn::If": ["HasKmsKey", with_key, without]}:
            return _with_key(with_key if key_arn else without, key_arn)
        case {"Ref": "KmsKeyArn"}:
            return key_arn
        case dict():
            parts = {name: _with_key(part, key_arn) for name, part in value.items()}
            return {name: part for name, part in parts.items() if part != {"Ref": "AWS::NoValue"}}
        case list():
            return [_with_key(part, key_arn) for part in value]
    return value


@pytest.mark.parametrize("needed", NEEDED.values(), ids=NEEDED)
def test_it_has_what_provisioning_makes(needed: Resources) -> None:
    """Names, keys, index, expiry, retention, time-outs, policies, encryption are those of the plan, and no others."""
    made = _with_key(template(needed)["Resources"], needed.topic.kms_key_arn)
    for name, table in zip(("ProductsTable", "StagingTable"), needed.tables, strict=True):
        properties = dict(made[name]["Properties"])
        assert properties.pop("PointInTimeRecoverySpecification") == table.continuous_backups
        assert properties.pop("TimeToLiveSpecification", None) == table.time_to_live
        if encryption := properties.get("SSESpecification"):
            encryption["Enabled"] = encryption.pop("SSEEnabled")
        assert properties == table.definition
    for prefix, queue in zip(("Caption", "Thumbnail"), needed.queues, strict=True):
        dead, main = made[f"{prefix}DeadLetterQueue"]["Properties"], made[f"{prefix}Queue"]["Properties"]
        policy = queue.redrive_policy({"Fn::GetAtt": [f"{prefix}DeadLetterQueue", "Arn"]})
        assert main == {"QueueName": queue.name, **queue.attributes, "RedrivePolicy": policy}
        source = {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + queue.name}
        allow = queue.redrive_allow_policy([source])
        assert dead == {
            "QueueName": queue.dead_letter_name,
            **queue.dead_letter_attributes,
            "RedriveAllowPolicy": allow,
        }
    key = {"KmsMasterKeyId": needed.topic.kms_key_arn} if needed.topic.kms_key_arn else {}
    assert made["NewProductTopic"]["Properties"] == {"TopicName": needed.topic.name, **key}
    assert made["LogGroup"]["Properties"].get("KmsKeyId") == needed.topic.kms_key_arn
    subscribed = [one["Properties"] for one in made.values() if one["Type"] == "AWS::SNS::Subscription"]
    assert [(one["Protocol"], one["Endpoint"], one["FilterPolicy"]) for one in subscribed] == [
        (one.protocol, one.endpoint, one.filter_policy) for one in needed.subscriptions
    ]


def test_the_file_is_the_template_of_the_default_plan() -> None:
    """Filling in the default names changes nothing."""
    text = files("linkhub_adapters.aws.resources").joinpath("files/cloudformation.json").read_text(encoding="utf-8")
    assert template(resources()) == json.loads(text)


def test_queues_and_topic_deny_requests_without_tls() -> None:
    """Each has the statement that provisioning adds, and tables have no policy that could let others in."""
    made = template(resources())["Resources"]
    queues = [name for name, one in made.items() if one["Type"] == "AWS::SQS::Queue"]
    statements = {name: tls_only(ALL_OF_SQS, {"Fn::GetAtt": [name, "Arn"]}) for name in queues}
    statements["NewProductTopic"] = tls_only(PUBLISH, {"Ref": "NewProductTopic"})
    assert len(statements) == 5
    for name, statement in statements.items():
        properties = made[f"{name}Policy"]["Properties"]
        assert properties.get("Queues") or properties["Topics"] == [{"Ref": name}]
        assert properties["PolicyDocument"]["Statement"] == [statement]


def test_the_key_of_the_plan_is_the_default_of_its_parameter() -> None:
    """LINKHUB_KMS_KEY_ARN needs no parameter, and without it there is none."""
    defaults = [template(NEEDED[name])["Parameters"]["KmsKeyArn"]["Default"] for name in ("standard", "encrypted")]
    assert defaults == ["", NEEDED["encrypted"].topic.kms_key_arn]


def test_data_outlives_the_stack() -> None:
    """Deleting the stack, or replacing a resource, deletes no table, no queue and no log."""
    kept = {"AWS::DynamoDB::Table": 2, "AWS::SQS::Queue": 4, "AWS::Logs::LogGroup": 1}
    for kind, count in kept.items():
        found = [one for one in template(resources())["Resources"].values() if one["Type"] == kind]
        assert len(found) == count
        assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in found} == {("Retain", "Retain")}


def test_outputs_are_settings() -> None:
    """The description of an output is the variable to set, so that a query of the stack gives the lines of .env."""
    described = {one["Description"] for one in template(resources())["Outputs"].values()}
    assert described >= {
        "DYNAMODB_PRODUCTS_TABLE",
        "DYNAMODB_STAGING_TABLE",
        "SNS_NEW_PRODUCT_TOPIC_ARN",
        "SQS_CAPTION_QUEUE_URL",
        "SQS_THUMBNAIL_QUEUE_URL",
    }


def test_every_alarm_goes_to_the_topic_that_is_given() -> None:
    """Alarms send a message when they start and when they end; without a topic they only show in CloudWatch."""
    alarms = [one for one in template(resources())["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    actions = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert len(alarms) == 18
    for alarm in alarms:
        assert (alarm["Properties"]["AlarmActions"], alarm["Properties"]["OKActions"]) == (actions, actions)
