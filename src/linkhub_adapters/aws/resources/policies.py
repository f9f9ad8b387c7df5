"""Who may do what: the least that each of linkhub's processes needs of IAM, as one table of grants.

    consumer    `linkhub consume`: takes messages, rejects them, saves, sweeps, announces
    server      `linkhub serve`: reads, looks at queues, and hears the topic through a queue of its own
    operator    `linkhub export`, `staging`, `sweep`, `dead-letters`, `doctor`: looks, mends, puts back
    publisher   `linkhub publish`, and the workers, which need no more than ``sqs:SendMessage`` of it

Rule 1. An action is granted on the resources on which it is used, and on no other; ``*`` stands only where IAM knows
nothing narrower.
Rule 2. A batch operation is granted by the action of its single form, as IAM has it; statements of PartiQL by their own
actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

__all__ = ["Grant", "Places", "consumer", "document", "operator", "publisher", "server"]


@frozen(kw_only=True)
class Places:
    """The ARNs of the resources, as texts or as references of CloudFormation's.

    ``node_queues`` is the pattern of those that servers make for themselves.
    """

    products: Any
    updated_at_index: Any
    staging: Any
    queues: Sequence[Any]
    dead_letter_queues: Sequence[Any]
    topic: Any
    node_queues: Any


@frozen
class Grant:
    """Some actions on some resources."""

    name: str
    actions: Sequence[str]
    resources: Sequence[Any]


def consumer(places: Places) -> Sequence[Grant]:
    """What `linkhub consume` does."""
    return [
        _find_queues(places),
        Grant("TakeMessages", [*_TAKE], places.queues),
        Grant("RejectMessages", ["sqs:SendMessage"], places.dead_letter_queues),
        *_settle(places),
    ]


def server(places: Places) -> Sequence[Grant]:
    """What `linkhub serve` does; it consumes nothing."""
    return [
        _find_queues(places),
        Grant("ReadProducts", ["dynamodb:BatchGetItem", "dynamodb:Query"], [places.products, places.updated_at_index]),
        Grant("ProbeStaging", ["dynamodb:BatchGetItem"], [places.staging]),
        Grant("HearTopic", [*_HEAR], [places.topic]),
        Grant("LeaveTopic", ["sns:Unsubscribe"], _ANY),
        Grant("OwnQueue", [*_OWN_QUEUE], [places.node_queues]),
        Grant("ListQueues", ["sqs:ListQueues"], _ANY),
    ]


def operator(places: Places) -> Sequence[Grant]:
    """What the commands do that look, mend and put back."""
    tables = [places.products, places.updated_at_index, places.staging]
    return [
        _find_queues(places),
        *_settle(places),
        Grant("ReadAll", ["dynamodb:Query", "dynamodb:Scan"], [places.products, places.updated_at_index]),
        Grant("TakeLetters", [*_TAKE], places.dead_letter_queues),
        Grant("PutBack", ["sqs:SendMessage"], places.queues),
        Grant("ExamineTables", [*_EXAMINE_TABLES], tables),
        Grant("ExamineTopic", ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"], [places.topic]),
        Grant("ExamineNodes", ["sqs:GetQueueAttributes", "sqs:ListQueueTags"], [places.node_queues]),
        Grant("ListQueues", ["sqs:ListQueues"], _ANY),
    ]


def publisher(places: Places) -> Sequence[Grant]:
    """What `linkhub publish` does."""
    return [_find_queues(places), Grant("Publish", ["sqs:SendMessage"], places.queues)]


def document(grants: Sequence[Grant]) -> Mapping[str, Any]:
    """A policy document that allows ``grants`` and nothing else."""
    statements = [
        {"Sid": grant.name, "Effect": "Allow", "Action": list(grant.actions), "Resource": list(grant.resources)}
        for grant in grants
    ]
    return {"Version": "2012-10-17", "Statement": statements}


_ANY = ("*",)  # for listing queues and leaving topics, IAM knows no resources
_TAKE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
_HEAR = ("sns:Publish", "sns:Subscribe", "sns:ListSubscriptionsByTopic")  # it publishes heartbeats, to itself
_OWN_QUEUE = (
    "sqs:CreateQueue",
    "sqs:DeleteMessage",
    "sqs:DeleteQueue",
    "sqs:GetQueueAttributes",
    "sqs:ListQueueTags",
    "sqs:ReceiveMessage",
    "sqs:TagQueue",
)
_EXAMINE_TABLES = ("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive")


def _find_queues(places: Places) -> Grant:
    return Grant(
        "FindQueues",
        ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
        [*places.queues, *places.dead_letter_queues],
    )


def _settle(places: Places) -> Sequence[Grant]:
    """Both halves of a video, from staging into a product that is announced; a sweep does the same."""
    save = ["dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"]
    return [
        Grant("SaveProducts", [*save, "dynamodb:Scan"], [places.products]),
        Grant("StageHalves", [*save, "dynamodb:PartiQLDelete", "dynamodb:Scan"], [places.staging]),
        Grant("Announce", ["sns:Publish"], [places.topic]),
    ]
