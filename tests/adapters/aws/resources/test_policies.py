"""Policies allow what the adapters call, on the resources that they call it on, and little else."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from tests.support.template import Places, grants_of

ADAPTERS = Path(__file__).parents[4] / "src/linkhub_adapters/aws"
TRIAL = ADAPTERS / "trial_resources.py"
GUIDE = Path(__file__).parents[4] / "docs/guide/aws.md"
PLACES = Places(
    products="products",
    staging="staging",
    queues=["caption", "thumbnail"],
    dead_letter_queues=["caption-dead", "thumbnail-dead"],
    topic="topic",
    node_queues="nodes",
)
POLICIES = ("consumer", "server", "operator", "publisher")
# Provisioning runs with the permissions of the person who runs it: no policy grants these.
PROVISIONING = {
    "dynamodb:CreateTable",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
    "sns:CreateTopic",
    "sns:ListTopics",
    "sns:SetSubscriptionAttributes",
    "sns:SetTopicAttributes",
    "sqs:SetQueueAttributes",
}
ACTIONS = {
    "batch_execute_statement": {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"},
    "change_message_visibility_batch": {"sqs:ChangeMessageVisibility"},
    "create_queue": {"sqs:CreateQueue", "sqs:TagQueue"},
    "delete_message_batch": {"sqs:DeleteMessage"},
    "publish_batch": {"sns:Publish"},
    "send_message_batch": {"sqs:SendMessage"},
}


def _operations(module: Path) -> set[tuple[str, str]]:
    """The operations of boto3's clients that a module speaks of, with their services."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            service = node.value.attr
            if service in {"dynamodb", "sns", "sqs"} and node.attr in _known(service):
                found.add((service, node.attr))
    return found


@cache
def _known(service: str) -> frozenset[str]:
    """The operations of a service, as methods of boto3's client are called."""
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(map(xform_name, model.operation_names))


def _actions(operation: tuple[str, str]) -> set[str]:
    service, name = operation
    return ACTIONS.get(name) or {f"{service}:{name.title().replace('_', '')}"}


def _granted(policy: str) -> set[str]:
    return {action for grant in grants_of(policy, PLACES) for action in grant.actions}


def test_every_operation_of_the_adapters_is_granted_by_a_policy() -> None:
    """A new call of an adapter fails here until a policy allows it."""
    modules = set(ADAPTERS.rglob("*.py")) - {TRIAL}
    called = {operation for module in modules for operation in _operations(module)}
    assert len(called) > 15
    needed = {action for operation in called for action in _actions(operation)}
    assert needed - set().union(*map(_granted, POLICIES)) <= PROVISIONING


def test_the_guide_grants_what_a_trial_calls() -> None:
    """Everything on its own resources; the lists of all; and the queue of a serving node."""
    (policy,) = re.findall(r'```json\n(\{\n  "Version".*?)```', GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    own, nodes, everywhere = json.loads(policy)["Statement"]
    assert own["Action"] == ["dynamodb:*", "sqs:*", "sns:*"]
    assert all("linkhub-trial-*" in place for place in own["Resource"])
    lists = {"dynamodb:ListTables", "sns:ListTopics", "sqs:ListQueues"}
    assert set(everywhere["Action"]) == lists
    called = {action for operation in _operations(TRIAL) for action in _actions(operation)}
    assert lists <= called
    of_nodes = {action for operation in _operations(ADAPTERS / "sns/node_queues.py") for action in _actions(operation)}
    assert {action for action in of_nodes if action.startswith("sqs:")} - lists <= set(nodes["Action"])


def test_a_server_may_do_everything_that_its_own_queue_needs() -> None:
    """A node makes, uses and removes its queue, and removes the queues of dead nodes."""
    called = _operations(ADAPTERS / "sns/node_queues.py")
    assert len(called) >= 8
    assert {action for operation in called for action in _actions(operation)} <= _granted("server")


@pytest.mark.parametrize("policy", POLICIES)
def test_no_grant_is_wider_than_needed(policy: str) -> None:
    """Only actions that IAM cannot narrow down are granted on all resources, and no action has a wildcard."""
    for grant in grants_of(policy, PLACES):
        assert not any("*" in action for action in grant.actions)
        if "*" in grant.resources:
            assert set(grant.actions) <= {"sqs:ListQueues", "sns:GetSubscriptionAttributes", "sns:Unsubscribe"}


def test_a_process_that_only_reads_cannot_write() -> None:
    """A server saves listings and takes no message; a publisher reads none; no policy changes a table or a topic."""
    writing = [grant for grant in grants_of("server", PLACES) if any("PartiQL" in action for action in grant.actions)]
    assert [(grant.actions, grant.resources) for grant in writing] == [(["dynamodb:PartiQLUpdate"], ["products"])]
    taking = [grant.resources for grant in grants_of("server", PLACES) if "sqs:ReceiveMessage" in grant.actions]
    assert taking == [["nodes"]]
    key = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert _granted("publisher") == {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage", *key}
    for policy in POLICIES:
        assert not _granted(policy) & {"dynamodb:DeleteTable", "dynamodb:UpdateTable", "sns:DeleteTopic"}


@pytest.mark.parametrize("policy", POLICIES)
def test_every_process_may_use_the_key_of_the_resources(policy: str) -> None:
    """All of them send or receive messages, which takes both actions, and the key is the parameter of the template."""
    (grant,) = [grant for grant in grants_of(policy, PLACES) if grant.name == "UseKey"]
    assert (grant.actions, grant.resources) == (["kms:Decrypt", "kms:GenerateDataKey"], ["key"])


def test_the_docs_show_every_grant() -> None:
    """The page of the AWS resources has a line for each grant, with its actions, and no other."""
    page = (Path(__file__).parents[4] / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    wanted = [
        f"| `{policy.title()}Policy` | {', '.join(f'`{action}`' for action in grant.actions)} |"
        for policy in POLICIES
        for grant in grants_of(policy, PLACES)
    ]
    lines = [line for line in page.splitlines() if line.startswith("| `") and "Policy` | `" in line]
    assert [line.rsplit("|", 2)[0] + "|" for line in lines] == wanted
