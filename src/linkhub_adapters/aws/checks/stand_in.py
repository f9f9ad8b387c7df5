"""Whether a server in place of DynamoDB can run linkhub's statements: PartiQL with parameters, in batches.

Some cannot: moto's server (5.2) answers HTTP 500 to an INSERT with parameters, others have no batches of statements.
Their tables look right, and no product can be saved.

Each statement is tried in a form that changes nothing: the INSERT names half of a key, the others an item that cannot
exist. A server that runs statements refuses the first two, and finds nothing for the third. AWS itself is not tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from linkhub_adapters.aws.checks.call_failure import CallFailure, FailureKind, failure_of
from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, fault
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Table
from linkhub_core.errors import LinkhubError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
# These failures do not show what the server can do; other results report them.
_SHOWS_NOTHING = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.CREDENTIALS,
        FailureKind.CLOCK,
        FailureKind.DENIED,
        FailureKind.MISSING,
    }
)
_BROKEN = frozenset({"InternalServerError", "InternalFailure", "SerializationError"})


def is_stand_in(endpoint_url: str) -> bool:
    """Whether a client calls another server than those of AWS."""
    return not (urlsplit(endpoint_url).hostname or "").endswith(_OF_AWS)


def statements_of(table: Table) -> Mapping[str, Mapping[str, Any]]:
    """A statement of each verb that linkhub uses; none of them can change anything."""
    no_item = {"S": f"linkhub:doctor:{uuid4()}"}
    where = f'WHERE "{table.partition_key}" = ? AND "{table.sort_key}" = ? AND "linkhub_doctor" = ?'
    texts = {
        "INSERT": (f"INSERT INTO \"{table.name}\" VALUE {{'{table.partition_key}': ?}}", [no_item]),
        "UPDATE": (
            f'UPDATE "{table.name}" SET "linkhub_doctor" = ? {where}',  # noqa: S608  names of ours: no values
            [no_item] * 4,
        ),
        "DELETE": (f'DELETE FROM "{table.name}" {where}', [no_item] * 3),  # noqa: S608  likewise
    }
    return {
        verb: {"Statement": text, "Parameters": parameters, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        for verb, (text, parameters) in texts.items()
    }


async def try_statements(dynamodb: DynamoDBClient, calls: AwsCalls, table: Table) -> Mapping[str, str]:
    """Run each statement in a batch of its own.

    Returns:
        For each verb that the server cannot run, what it answered.
    """
    lacking = {}
    for verb, statement in statements_of(table).items():
        wanted: Any = [statement]
        try:
            reply: Mapping[str, Any] = await calls(dynamodb.batch_execute_statement, Statements=wanted)
            problem = _lack_in(reply, may_succeed=verb == "DELETE")
        except LinkhubError as error:
            failure = failure_of(error)
            problem = None if failure.kind in _SHOWS_NOTHING else _brief(failure)
        if problem is not None:
            lacking[verb] = problem
    return lacking


def _lack_in(reply: Mapping[str, Any], *, may_succeed: bool) -> str | None:
    error = (reply.get("Responses") or [{}])[0].get("Error")
    if error is None:
        return None if may_succeed else "it was accepted, though it must not be"
    code = str(error.get("Code", ""))
    return code if code in _BROKEN else None


def _brief(failure: CallFailure) -> str:
    """Only the code: the text may be a page of HTML."""
    return f"HTTP {failure.code}" if failure.code.isdecimal() else failure.code or failure.problem[:80]


def lacking_result(subject: str, endpoint_url: str, lacking: Mapping[str, str]) -> CheckResult:
    """The result for a server that cannot run statements."""
    verbs = ", ".join(f"{verb} ({problem})" for verb, problem in lacking.items())
    lack = f"cannot do what linkhub needs, PartiQL with parameters: {verbs}"
    problem = f"{endpoint_url} answers in place of DynamoDB and {lack}"
    return fault(subject, problem, Advice.REPLACE_SERVER)
