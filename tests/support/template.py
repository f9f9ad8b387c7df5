"""Reads the CloudFormation template: its alarms, its metric filters, and its policies as grants with ARNs in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.resources import NODE_QUEUES, resources
from linkhub_adapters.aws.resources.template import template


@frozen(kw_only=True)
class Places:
    """The ARNs of the resources; the queues are caption and thumbnail."""

    products: str
    staging: str
    queues: Sequence[str]
    dead_letter_queues: Sequence[str]
    topic: str
    node_queues: str
    key: str = "key"

    @property
    def by_reference(self) -> Mapping[str, str]:
        """The ARNs by the references in the template."""
        node_queues = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + NODE_QUEUES
        return {
            "ProductsTable": self.products,
            "StagingTable": self.staging,
            "CaptionQueue": self.queues[0],
            "ThumbnailQueue": self.queues[1],
            "CaptionDeadLetterQueue": self.dead_letter_queues[0],
            "ThumbnailDeadLetterQueue": self.dead_letter_queues[1],
            "NewProductTopic": self.topic,
            "${ProductsTable.Arn}/index/*": f"{self.products}/index/*",
            node_queues: self.node_queues,
            "KmsKeyArn": self.key,
            "*": "*",
        }


@frozen
class Grant:
    """One statement of a policy."""

    name: str
    actions: Sequence[str]
    resources: Sequence[str]


def resources_of(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """The properties of all resources of a type, such as ``AWS::CloudWatch::Alarm``, by their names."""
    made = template(resources())["Resources"]
    return {name: one.get("Properties", {}) for name, one in made.items() if one["Type"] == kind}


def parameters() -> Mapping[str, Mapping[str, Any]]:
    """The parameters by their names."""
    found: Mapping[str, Mapping[str, Any]] = template(resources())["Parameters"]
    return found


def grants_of(policy: str, places: Places) -> Sequence[Grant]:
    """The statements of a policy: ``consumer``, ``server``, ``operator`` or ``publisher``, with that of the key."""
    document = resources_of("AWS::IAM::ManagedPolicy")[f"{policy.title()}Policy"]["PolicyDocument"]
    return list(_grants(document["Statement"], places.by_reference))


def _grants(statements: Sequence[Mapping[str, Any]], arns: Mapping[str, str]) -> Iterator[Grant]:
    for conditional in statements:
        statement = conditional["Fn::If"][1] if "Fn::If" in conditional else conditional
        assert statement["Effect"] == "Allow"
        yield Grant(statement["Sid"], statement["Action"], [arns[_reference(one)] for one in statement["Resource"]])


def _reference(resource: Any) -> str:
    match resource:
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name} | {"Fn::Sub": name} | str(name):
            return str(name)
    raise AssertionError(resource)
