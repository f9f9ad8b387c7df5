"""Policies allow what the adapters call, on the resources that they call it on, and little else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from linkhub_adapters.aws.resources.policies import Grant, Places, consumer, document, operator, publisher, server

ADAPTERS = Path(__file__).parents[4] / "src/linkhub_adapters/aws"
PLACES = Places(
    products="products",
    updated_at_index="index",
    staging="staging",
    queues=["caption", "thumbnail"],
    dead_letter_queues=["caption-dead", "thumbnail-dead"],
    topic="topic",
    node_queues="nodes",
)
# Whoever makes the resources does so by its own rights: no process of linkhub needs them.
PROVISIONING = {"dynamodb_tables.py", "sns_provisioning.py", "sqs_provisioning.py"}
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


def _granted(grants: Sequence[Grant]) -> set[str]:
    return {action for grant in grants for action in grant.actions}


def test_every_operation_of_the_adapters_is_granted_to_somebody() -> None:
    """A call that is added to an adapter is missing here until some policy allows it, or no policy needs to."""
    modules = [path for path in ADAPTERS.glob("*.py") if path.name not in PROVISIONING]
    called = {operation for module in modules for operation in _operations(module)}
    assert len(called) > 15
    needed = {action for operation in called for action in _actions(operation)}
    granted = [_granted(policy(PLACES)) for policy in (consumer, server, operator, publisher)]
    assert needed - set().union(*granted) == set()


def test_a_server_may_do_all_that_its_own_queue_needs() -> None:
    """Everything by which a node makes, uses and removes its queue, and the queues of the dead."""
    called = _operations(ADAPTERS / "node_queues.py")
    assert len(called) >= 8
    assert {action for operation in called for action in _actions(operation)} <= _granted(server(PLACES))


@pytest.mark.parametrize("policy", [consumer, server, operator, publisher])
def test_nothing_is_granted_on_everything(policy: Callable[[Places], Sequence[Grant]]) -> None:
    """Only what IAM cannot narrow down stands on all resources, and no action has a wildcard."""
    for grant in policy(PLACES):
        assert not any("*" in action for action in grant.actions)
        if "*" in grant.resources:
            assert set(grant.actions) <= {"sqs:ListQueues", "sns:Unsubscribe"}


def test_who_does_not_write_may_not() -> None:
    """A server saves nothing and takes no message; a publisher reads none; nobody may change a table or a topic."""
    assert not {action for action in _granted(server(PLACES)) if "PartiQL" in action}
    taking = [grant.resources for grant in server(PLACES) if "sqs:ReceiveMessage" in grant.actions]
    assert taking == [["nodes"]]
    assert _granted(publisher(PLACES)) == {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"}
    for policy in (consumer, server, operator, publisher):
        assert not _granted(policy(PLACES)) & {"dynamodb:DeleteTable", "dynamodb:UpdateTable", "sns:DeleteTopic"}


def test_a_document_allows_and_denies_nothing() -> None:
    """A policy document is made of Allow statements, each under its name."""
    told = document([Grant("Publish", ["sqs:SendMessage"], ["queue"])])
    statement = {"Sid": "Publish", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["queue"]}
    assert told == {"Version": "2012-10-17", "Statement": [statement]}


def test_the_docs_show_every_grant() -> None:
    """The page of the AWS resources has a line for each grant, with its actions, and no other."""
    page = (Path(__file__).parents[4] / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    policies = {"Consumer": consumer, "Server": server, "Operator": operator, "Publisher": publisher}
    wanted = [
        f"| `{name}Policy` | {', '.join(f'`{action}`' for action in grant.actions)} |"
        for name, policy in policies.items()
        for grant in policy(PLACES)
    ]
    lines = [line for line in page.splitlines() if line.startswith("| `") and "Policy` | `" in line]
    assert [line.rsplit("|", 2)[0] + "|" for line in lines] == wanted
