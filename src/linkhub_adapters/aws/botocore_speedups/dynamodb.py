"""DynamoDB: writes requests and reads replies as JSON, without botocore's walk along the service's description.

botocore takes some 300 steps for each product. linkhub's requests hold JSON only (no ``B`` and no timestamp), and their
names are those of the wire, so the JSON of the parameters is the body, and the JSON of a reply is the result. Measured
for a product of 2.0 kB in a batch of 25: 133 us of CPU to write with botocore, 2 us here; 194 us and 10 us to read.

The large parameter of a request (:data:`WRITES`) is replaced by a small one before botocore serializes the rest, and
put back right after, so other handlers of botocore's events get the complete parameters.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import orjson
from attrs import frozen
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from types_boto3_dynamodb import DynamoDBClient

READS = ("BatchExecuteStatement", "BatchGetItem", "Query", "Scan")

# The parameter with the items or keys, and the smallest value that botocore's validation accepts for it.
WRITES = {
    "BatchExecuteStatement": ("Statements", [{"Statement": "-"}]),
    "BatchGetItem": ("RequestItems", {"-": {"Keys": [{}]}}),
}


def register(client: DynamoDBClient) -> None:
    """Register the handlers; a second call changes nothing."""
    handlers: list[tuple[str, str, Callable[..., None]]] = [("before-parse", operation, _read) for operation in READS]
    handlers += [("before-parameter-build", operation, _take_out) for operation in WRITES]
    handlers += [("before-call", operation, _write) for operation in WRITES]
    for event, operation, handler in handlers:
        unique_id = f"linkhub-{event}-{operation}"
        client.meta.events.register(f"{event}.dynamodb.{operation}", handler, unique_id=unique_id)


@frozen
class _TakenOut:
    """The large parameter of a call, and where it belongs."""

    parameters: MutableMapping[str, Any]
    name: str
    value: Any


def _take_out(params: MutableMapping[str, Any], model: OperationModel, context: dict[Any, Any], **_: object) -> None:
    name, small = WRITES[model.name]
    if name in params:
        context[_TakenOut] = _TakenOut(params, name, params[name])
        params[name] = small


def _write(params: MutableMapping[str, Any], context: dict[Any, Any], **_: object) -> None:
    taken_out: _TakenOut | None = context.pop(_TakenOut, None)
    if taken_out is not None:
        taken_out.parameters[taken_out.name] = taken_out.value
        params["body"] = orjson.dumps(taken_out.parameters)


def _read(
    response_dict: MutableMapping[str, Any], customized_response_dict: MutableMapping[str, Any], **_: object
) -> None:
    if response_dict["status_code"] != 200:
        return
    try:
        reply = orjson.loads(response_dict["body"])
    except orjson.JSONDecodeError:
        reply = None
    if not isinstance(reply, dict):  # botocore would read the HTML page of a proxy as an empty answer
        raise ResponseParserError("the reply is not from DynamoDB: it is no JSON object")
    customized_response_dict.update(reply)
    response_dict["body"] = b"{}"
