"""Whether the caller may do what linkhub does, found out without doing any of it.

    how it is found out             which actions                                what happens
    ------------------------------  -------------------------------------------  ------------------------------------
    a transaction that cannot hold  dynamodb:PartiQLInsert, -Update, -Delete     it is cancelled as a whole: one of its
                                                                                 statements asks for an absent item
    a read of what cannot exist     dynamodb:BatchGetItem, Query; Scan of one    nothing
    a lease that never was          sqs:DeleteMessage, ChangeMessageVisibility   the entry is refused
    iam:SimulatePrincipalPolicy     all others: each would receive, send,        nothing is called
                                    publish or make something

Where IAM does not tell, those others are not checked. What IAM tells is what the caller's own policies say; one of a
queue or topic may allow more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from attrs import frozen

from linkhub_adapters.aws.checks.aws_command import allowing
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.resources import Table
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.ports.finding import Finding

__all__ = [
    "Allowance",
    "Needed",
    "Permissions",
    "outcome_of",
    "permission_findings",
    "policy_source_of",
    "simulate",
    "try_index",
    "try_queue",
    "try_table",
]

# Characters that neither a seller's handle nor a video's id may have: no item of linkhub's is ever at such a key.
_NOBODY = "linkhub:doctor:"
_NO_LEASE = "linkhub-doctor-holds-no-lease"
_DENIED_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9]+:[A-Za-z0-9]+)")
_ASSUMED_ROLE = re.compile(r"arn:([^:]+):sts::(\d+):assumed-role/([^/]+)/")


@frozen(kw_only=True)
class Allowance:
    """What became known of an action: allowed, denied, or (none) nothing; ``how`` says from what."""

    is_allowed: bool | None
    how: str


@frozen(kw_only=True)
class Needed:
    """What linkhub does with one resource, by the actions' names in policies.

    It is for certain only where it is known which process the caller is to be.
    """

    name: str
    arn: str
    actions: tuple[str, ...]
    is_certain: bool = True


@frozen(kw_only=True)
class Permissions:
    """What is needed of a resource, and what became known of it."""

    needed: Needed
    known: Mapping[str, Allowance]


# --- trials

_TRIED = Allowance(is_allowed=True, how="tried")


def outcome_of(action: str, reply: object) -> Allowance:
    """What a trial tells: whatever the service says but a denial, it says to somebody who may."""
    if not isinstance(reply, Refusal):
        return _TRIED
    if reply.why is Why.DENIED:
        named = _DENIED_ACTION.search(reply.problem)
        if named is None or named[1] == action:
            return Allowance(is_allowed=False, how=f"tried: {reply.problem}")
        return Allowance(is_allowed=None, how=f"{named[1]} is denied, without which it cannot be tried")
    if reply.code in ("TransactionCanceledException", "ConditionalCheckFailedException"):
        return _TRIED
    return Allowance(is_allowed=None, how=f"the trial failed: {reply.problem}")


async def try_table(inquiry: Probe, services: Services, table: Table, wanted: Sequence[str]) -> Mapping[str, Allowance]:
    """Try what is ``wanted`` of a table; nothing is written, and nothing of anybody's read but one item by Scan."""
    dynamodb, key = services.dynamodb, _key_of(table)
    trials: Mapping[str, tuple[Callable[..., Any], Mapping[str, Any]]] = {
        "BatchGetItem": (dynamodb.batch_get_item, {"RequestItems": {table.name: {"Keys": [key]}}}),
        "Query": (dynamodb.query, _querying(table)),
        "Scan": (dynamodb.scan, {"TableName": table.name, "Limit": 1, "Select": "COUNT"}),
        **{
            f"PartiQL{verb}": (dynamodb.execute_transaction, {"TransactStatements": _cancelled(table, verb)})
            for verb in ("Insert", "Update", "Delete")
        },
    }
    known = {}
    for operation, (call, parameters) in trials.items():
        action = f"dynamodb:{operation}"
        if action in wanted:
            known[action] = outcome_of(action, await inquiry(call, **parameters))
    return known


async def try_index(inquiry: Probe, services: Services, table: Table) -> Mapping[str, Allowance]:
    """Try to query the local index of a table that has it; a policy may name the table and not its indexes."""
    asked = {**_querying(table), "IndexName": table.index_name}
    return {"dynamodb:Query": outcome_of("dynamodb:Query", await inquiry(services.dynamodb.query, **asked))}


def _key_of(table: Table) -> dict[str, Any]:
    return {name: {"S": f"{_NOBODY}{uuid4()}"} for name in (table.partition_key, table.sort_key)}


def _querying(table: Table) -> dict[str, Any]:
    return {
        "TableName": table.name,
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": table.partition_key},
        "ExpressionAttributeValues": {":k": {"S": f"{_NOBODY}{uuid4()}"}},
        "Limit": 1,
    }


def _cancelled(table: Table, verb: str) -> list[dict[str, Any]]:
    """A statement of ``verb`` beside an UPDATE of an item that does not exist, which cancels both."""
    partition_key, sort_key = f'"{table.partition_key}"', f'"{table.sort_key}"'
    where = f'WHERE {partition_key} = ? AND {sort_key} = ? AND "linkhub_doctor" = 1'
    statements = {
        "Insert": f"INSERT INTO \"{table.name}\" VALUE {{'{table.partition_key}': ?, '{table.sort_key}': ?}}",
        "Update": f'UPDATE "{table.name}" SET "linkhub_doctor" = 2 {where}',  # noqa: S608  names of ours: no values
        "Delete": f'DELETE FROM "{table.name}" {where}',  # noqa: S608  likewise
    }
    texts = [statements["Update"]] if verb == "Update" else [statements[verb], statements["Update"]]
    return [{"Statement": text, "Parameters": list(_key_of(table).values())} for text in texts]


async def try_queue(inquiry: Probe, services: Services, url: str) -> Mapping[str, Allowance]:
    """Try a queue that exists, with a lease that nobody ever had: no message is touched."""
    sqs = services.sqs
    entry: Any = {"Id": "0", "ReceiptHandle": _NO_LEASE}
    hiding: Any = {**entry, "VisibilityTimeout": 0}
    deleted = await inquiry(sqs.delete_message_batch, QueueUrl=url, Entries=[entry])
    hidden = await inquiry(sqs.change_message_visibility_batch, QueueUrl=url, Entries=[hiding])
    found = await inquiry(sqs.get_queue_url, QueueName=name_of(url))
    return {
        "sqs:GetQueueAttributes": _TRIED,  # how else would we know of it
        "sqs:GetQueueUrl": outcome_of("sqs:GetQueueUrl", found),
        "sqs:DeleteMessage": _outcome_of_entry("sqs:DeleteMessage", deleted),
        "sqs:ChangeMessageVisibility": _outcome_of_entry("sqs:ChangeMessageVisibility", hidden),
    }


def _outcome_of_entry(action: str, reply: Mapping[str, Any] | Refusal) -> Allowance:
    """A batch may succeed as a whole, and deny its entries."""
    failed = [] if isinstance(reply, Refusal) else reply.get("Failed", [])
    if any(entry.get("Code") in ("AccessDenied", "AccessDeniedException") for entry in failed):
        return Allowance(is_allowed=False, how="tried: AccessDenied")
    return outcome_of(action, reply)


# --- what IAM says


def policy_source_of(caller_arn: str) -> str | None:
    """The user or role whose policies hold for a caller; none for the account itself, which may do everything.

    The path of an assumed role is not in the caller's ARN: IAM does not find a role that has one.
    """
    if role := _ASSUMED_ROLE.match(caller_arn):
        return f"arn:{role[1]}:iam::{role[2]}:role/{role[3]}"
    return caller_arn if ":user/" in caller_arn else None


async def simulate(
    inquiry: Probe, services: Services, source_arn: str, needed: Needed
) -> Mapping[str, Allowance] | Refusal:
    """Ask IAM what the caller's policies say of what is needed."""
    reply = await inquiry(
        services.iam.simulate_principal_policy,
        PolicySourceArn=source_arn,
        ActionNames=list(needed.actions),
        ResourceArns=[needed.arn],
    )
    if isinstance(reply, Refusal):
        return reply
    return {
        result["EvalActionName"]: Allowance(is_allowed=result["EvalDecision"] == "allowed", how="as IAM tells")
        for result in reply["EvaluationResults"]
    }


# --- findings


def permission_findings(permissions: Permissions, why_unknown: str) -> Sequence[Finding]:
    """What is allowed, what is denied, and what nobody knows, each in one line.

    Args:
        permissions: of one resource.
        why_unknown: what to say of the actions of which nothing became known.
    """
    return list(_findings(permissions, why_unknown))


def _findings(permissions: Permissions, why_unknown: str) -> Iterator[Finding]:
    needed, subject = permissions.needed, f"permissions on {permissions.needed.name}"
    known = {action: permissions.known.get(action) for action in needed.actions}
    denied = [action for action, told in known.items() if told is not None and told.is_allowed is False]
    allowed = [action for action, told in known.items() if told is not None and told.is_allowed]
    unknown = [action for action in needed.actions if action not in denied and action not in allowed]
    if denied:
        hows = sorted({told.how for told in known.values() if told is not None and told.is_allowed is False})
        problem, mend = f"denied: {_short(denied)} ({'; '.join(hows)})", allowing(denied, needed.arn)
        if needed.is_certain:
            yield Finding.fault(subject, problem, mend)
        else:
            role = "linkhub doctor --role consumer (or server, operator), as that process, tells what it needs"
            yield Finding.warning(subject, f"{problem}; a consumer or a server needs that", mend, role)
    if unknown:
        reasons = {told.how if told is not None else why_unknown for told in map(known.get, unknown)}
        yield Finding.not_checked(subject, f"{_short(unknown)} ({'; '.join(sorted(reasons))})")
    if allowed and not denied:
        yield Finding.ok(subject, f"allowed: {_short(allowed)}")


def _short(actions: Sequence[str]) -> str:
    """Actions of one service without its name before each."""
    return ", ".join(action.partition(":")[2] for action in actions)
