"""Whether a server in place of DynamoDB can run the statements of linkhub: PartiQL with parameters, in batches.

Some cannot: moto's server (5.2) answers HTTP 500 to an INSERT with parameters, others know no batches of statements. On
them tables look right, and no product can be saved.

Each statement is tried so that it changes nothing: the INSERT names half of a key, the others an item that cannot be.
A server that knows statements refuses each of the first two, and finds nothing for the third. AWS is not tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.resources import Table
from linkhub_core.ports.finding import Finding

__all__ = ["is_stand_in", "lacks_of", "statements_of", "try_statements", "without_statements"]

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
# Reasons for no reply that do not show what the server can do; other findings report them.
_SAYS_NOTHING = frozenset({Why.UNREACHABLE, Why.UNKNOWN_CALLER, Why.CLOCK, Why.DENIED, Why.MISSING})
_BROKEN = frozenset({"InternalServerError", "InternalFailure", "SerializationError"})
_PARTIQL = "dynamodb:PartiQL"
_MEND = (
    "use a server that can, such as DynamoDB Local: docker run -p 8000:8000 amazon/dynamodb-local, then "
    "AWS_ENDPOINT_URL_DYNAMODB=http://localhost:8000 and `linkhub init`"
)


def is_stand_in(endpoint_url: str) -> bool:
    """Whether a client leads to another server than those of AWS."""
    return not (urlsplit(endpoint_url).hostname or "").endswith(_OF_AWS)


def statements_of(table: Table) -> Mapping[str, Mapping[str, Any]]:
    """A statement of each sort that linkhub runs, none of which can change anything; by what it is called."""
    nobody = {"S": f"linkhub:doctor:{uuid4()}"}
    where = f'WHERE "{table.partition_key}" = ? AND "{table.sort_key}" = ? AND "linkhub_doctor" = ?'
    texts = {
        "INSERT": (f"INSERT INTO \"{table.name}\" VALUE {{'{table.partition_key}': ?}}", [nobody]),
        "UPDATE": (
            f'UPDATE "{table.name}" SET "linkhub_doctor" = ? {where}',  # noqa: S608  names of ours: no values
            [nobody] * 4,
        ),
        "DELETE": (f'DELETE FROM "{table.name}" {where}', [nobody] * 3),  # noqa: S608  likewise
    }
    return {
        verb: {"Statement": text, "Parameters": parameters, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        for verb, (text, parameters) in texts.items()
    }


async def try_statements(inquiry: Probe, services: Services, table: Table) -> Mapping[str, str]:
    """Run each statement in a batch of its own.

    Returns:
        What the server answered instead of refusing it, by the sort of statement that it cannot run.
    """
    dynamodb: Any = services.dynamodb
    lacking = {}
    for verb, statement in statements_of(table).items():
        reply = await inquiry(dynamodb.batch_execute_statement, Statements=[statement])
        problem = _lack_in(reply, may_succeed=verb == "DELETE")
        if problem is not None:
            lacking[verb] = problem
    return lacking


def _lack_in(reply: Mapping[str, Any] | Refusal, *, may_succeed: bool) -> str | None:
    if isinstance(reply, Refusal):
        return None if reply.why in _SAYS_NOTHING else _brief(reply)
    error = (reply.get("Responses") or [{}])[0].get("Error")
    if error is None:
        return None if may_succeed else "it was accepted, though it must not be"
    code = str(error.get("Code", ""))
    return code if code in _BROKEN else None


def _brief(refusal: Refusal) -> str:
    """Only the code: a server's own page of HTML says nothing more."""
    return f"HTTP {refusal.code}" if refusal.code.isdecimal() else refusal.code or refusal.problem[:80]


def lacks_of(subject: str, endpoint_url: str, lacking: Mapping[str, str]) -> Finding:
    """The finding for a server that cannot run statements."""
    verbs = ", ".join(f"{verb} ({problem})" for verb, problem in lacking.items())
    lack = f"cannot do what linkhub needs, PartiQL with parameters: {verbs}"
    problem = f"{endpoint_url} answers in place of DynamoDB and {lack}"
    return Finding.fault(subject, problem, _MEND)


def without_statements(actions: tuple[str, ...]) -> tuple[str, ...]:
    """What is left to ask permissions for, where statements cannot be run at all."""
    return tuple(action for action in actions if not action.startswith(_PARTIQL))
