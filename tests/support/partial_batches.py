"""How each batch operation of AWS names its parts in a request, and the parts that failed in a 200 reply.

The table ``PARTIAL_BATCHES`` is the contract; each shape below it is one way of reporting. Nothing here sends anything.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

import attrs

_MESSAGE = "made by a test"


class PartialBatch(Protocol):
    """One operation's way to say that parts of a batch were not done."""

    def without(self, params: Mapping[str, Any], parts: Collection[int]) -> Mapping[str, Any] | None:
        """Return the request without the parts at these positions; None if no part is left."""

    def report(self, reply: dict[str, Any], params: Mapping[str, Any], parts: Collection[int], code: str) -> None:
        """Add to the reply for the rest that the parts at these positions of ``params`` failed."""


@attrs.frozen(kw_only=True)
class _FailedEntries:
    """SQS and SNS: entries with an ``Id``; the failed ones are listed in ``Failed``."""

    entries: str

    def without(self, params: Mapping[str, Any], parts: Collection[int]) -> Mapping[str, Any] | None:
        kept = [entry for position, entry in enumerate(params[self.entries]) if position not in parts]
        return {**params, self.entries: kept} if kept else None

    def report(self, reply: dict[str, Any], params: Mapping[str, Any], parts: Collection[int], code: str) -> None:
        failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": code, "Message": _MESSAGE}
            for position, entry in enumerate(params[self.entries])
            if position in parts
        ]
        reply.setdefault("Successful", [])
        reply["Failed"] = [*reply.get("Failed", []), *failed]


@attrs.frozen(kw_only=True)
class _StatementErrors:
    """PartiQL: one response a statement, in order; a failed one is an ``Error``."""

    def without(self, params: Mapping[str, Any], parts: Collection[int]) -> Mapping[str, Any] | None:
        kept = [one for position, one in enumerate(params["Statements"]) if position not in parts]
        return {**params, "Statements": kept} if kept else None

    def report(self, reply: dict[str, Any], params: Mapping[str, Any], parts: Collection[int], code: str) -> None:
        done = iter(reply.get("Responses", []))
        error = {"Error": {"Code": code, "Message": _MESSAGE}}
        reply["Responses"] = [
            error if position in parts else next(done) for position in range(len(params["Statements"]))
        ]


@attrs.frozen(kw_only=True)
class _Unprocessed:
    """DynamoDB: parts under their tables; what was not done comes back in the shape of a request."""

    key: str
    is_table_an_object: bool
    always_in_reply: tuple[str, ...] = ()

    def _parts(self, params: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
        position = 0
        for table, of_table in params["RequestItems"].items():
            for part in of_table["Keys"] if self.is_table_an_object else of_table:
                yield position, table, part
                position += 1

    def _selected(self, params: Mapping[str, Any], positions: Collection[int]) -> dict[str, Any]:
        selected: dict[str, Any] = {}
        for position, table, part in self._parts(params):
            if position not in positions:
                continue
            if self.is_table_an_object:
                options = params["RequestItems"][table]
                selected.setdefault(table, {**options, "Keys": []})["Keys"].append(part)
            else:
                selected.setdefault(table, []).append(part)
        return selected

    def without(self, params: Mapping[str, Any], parts: Collection[int]) -> Mapping[str, Any] | None:
        kept = {position for position, _, _ in self._parts(params)} - set(parts)
        return {**params, "RequestItems": self._selected(params, kept)} if kept else None

    def report(self, reply: dict[str, Any], params: Mapping[str, Any], parts: Collection[int], code: str) -> None:
        for name in self.always_in_reply:
            reply.setdefault(name, {})
        reply[self.key] = {**reply.get(self.key, {}), **self._selected(params, parts)}


PARTIAL_BATCHES: Mapping[str, PartialBatch] = {
    "BatchExecuteStatement": _StatementErrors(),
    "BatchGetItem": _Unprocessed(key="UnprocessedKeys", is_table_an_object=True, always_in_reply=("Responses",)),
    "BatchWriteItem": _Unprocessed(key="UnprocessedItems", is_table_an_object=False),
    "ChangeMessageVisibilityBatch": _FailedEntries(entries="Entries"),
    "DeleteMessageBatch": _FailedEntries(entries="Entries"),
    "PublishBatch": _FailedEntries(entries="PublishBatchRequestEntries"),
    "SendMessageBatch": _FailedEntries(entries="Entries"),
}
