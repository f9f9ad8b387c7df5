"""Writes requests and reads replies of DynamoDB for less than botocore does, through botocore's own events.

botocore walks each request and each reply along the service's description, some 300 steps a product. linkhub's requests
hold JSON only (no ``B`` and no timestamp is ever among them), and their names are those of the wire: so the JSON of the
parameters *is* the body, and the JSON of a reply is what the parser would make of it. Measured, for a product of 2.0 kB
within a batch of 25: 133 us of CPU with botocore's serializer, 2 us with this one; to read it back, 194 us and 10 us.

The parameters are taken out before botocore serializes them and put back right after it, so other handlers of its
events see them whole. Signing, retries, endpoints, and all errors are left to botocore.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import orjson
from attrs import frozen
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

__all__ = ["OPERATIONS", "handle_items_fast"]

OPERATIONS = ("BatchExecuteStatement", "BatchGetItem", "Query", "Scan")


def handle_items_fast(dynamodb: DynamoDBClient) -> None:
    """Let this client write and read :data:`OPERATIONS` the fast way; a second time does nothing."""
    events = dynamodb.meta.events
    for operation in OPERATIONS:
        for event, handler in (("before-parameter-build", _take_out), ("before-call", _write), ("before-parse", _read)):
            events.register(f"{event}.dynamodb.{operation}", handler, unique_id=f"linkhub-{event}-{operation}")


@frozen
class _TakenOut:
    """The parameters of a call, and the dictionary that they were taken out of."""

    source: MutableMapping[str, Any]
    parameters: dict[str, Any]


def _take_out(params: MutableMapping[str, Any], context: dict[Any, Any], **_: object) -> None:
    context[_TakenOut] = _TakenOut(params, dict(params))
    params.clear()


def _write(params: MutableMapping[str, Any], context: dict[Any, Any], **_: object) -> None:
    taken: _TakenOut = context.pop(_TakenOut)
    taken.source.update(taken.parameters)
    params["body"] = orjson.dumps(taken.parameters)


def _read(
    response_dict: MutableMapping[str, Any], customized_response_dict: MutableMapping[str, Any], **_: object
) -> None:
    if response_dict["status_code"] != 200:
        return
    try:
        customized_response_dict.update(orjson.loads(response_dict["body"]))
    except (TypeError, ValueError) as error:
        raise ResponseParserError("the reply is not from DynamoDB: it is no JSON object") from error
    response_dict["body"] = b"{}"
