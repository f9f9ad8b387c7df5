"""The staging table of DynamoDB, as far as DynamoDB's store needs it, at the other end of the wire.

The production store runs on it, so that between its read and its conditional write everything may happen. The rows are
those of the memory store, which the checker reads.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

from attrs import define, field

from linkhub_adapters.aws.dynamodb.staging_items import (
    staging_from_item,
    staging_item,
    staging_key,
    staging_key_of,
    time_to_live,
)
from linkhub_adapters.memory import MemoryStagingStore
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import encode_event, timestamp_text
from tests.simulation.invariant_checker import InvariantChecker
from tests.simulation.network import Killable, Network
from tests.simulation.run_log import row_text

_Item = dict[str, Any]
_SET = re.compile(r'SET "(\w+)" = \?')
_REMOVE = re.compile(r'REMOVE "(\w+)"')
_INSERTED = re.compile(r"'(\w+)': \?")
_MISSING = re.compile(r'"(\w+)" IS MISSING')
_TERM = re.compile(r'"(\w+)" (=|<) \?')


@define(eq=False)
class _Client:
    """A stand-in for the client: its operations are only names."""

    batch_execute_statement: str = "batch_execute_statement"


@define(eq=False)
class _Failures:
    """A stand-in for the memory of recent failures, which a health check reads."""

    @property
    def recent(self) -> _Failures:
        """Itself."""
        return self

    def failed(self, *_: object) -> None:
        """Nothing is remembered."""


@define(eq=False)
class StagingTable:
    """The calls of :class:`~linkhub_adapters.aws.dynamodb.calls.DynamoDbCalls`, in virtual time."""

    process: Killable
    network: Network
    checker: InvariantChecker
    inner: MemoryStagingStore
    dynamodb: _Client = field(factory=_Client)
    calls: _Failures = field(factory=_Failures)

    async def get(self, _: str, keys: Sequence[_Item]) -> list[_Item]:
        """Read items, each at a moment of its own."""
        items = await self.network.each(self.process, "staging", "to read rows", keys, self._get)
        return [item for item in items if item is not None]

    async def _get(self, key_item: _Item) -> _Item | None:
        key = staging_key_of(key_item)
        self.network.log.tell(self.process.name, f"looks into staging for {key} and finds {row_text(self._row(key))}")
        return self._item(key)

    async def pages(self, _: str, **__: Any) -> AsyncIterator[list[_Item]]:
        """Scan the table, an item a page."""
        for key in list(self.inner.rows.keys() | self.inner.unreadable.keys()):
            await self.network.travel(self.process)
            if (item := self._item(key)) is not None:
                self.network.log.tell(self.process.name, f"scans {row_text(self._row(key))}")
                yield [item]

    async def back_off(self, _: int, problem: str) -> None:
        """Give up: nothing here is throttled."""
        raise ServiceUnavailable("staging", problem)

    async def make(self, _: str, *, Statements: Sequence[_Item], **__: Any) -> Mapping[str, Any]:  # noqa: N803
        """Execute statements, each at a moment of its own."""
        responses = await self.network.each(self.process, "staging", "to write rows", Statements, self._execute)
        return {"Responses": responses}

    # --- rows as items

    def _row(self, key: ProductKey) -> WaitingHalf | Unreadable | None:
        return self.inner.unreadable.get(key) or self.inner.rows.get(key)

    def _item(self, key: ProductKey) -> _Item | None:
        row = self._row(key)
        if isinstance(row, Unreadable):
            return {**staging_key(key), "half": {"S": "of another program"}}
        if row is not None and row.is_foreign:
            return _foreign_item(row)
        return staging_item(row) if row is not None else None

    async def _execute(self, request: _Item) -> _Item:
        text, parameters = request["Statement"], list(request["Parameters"])
        if text.startswith("INSERT"):
            return self._insert(dict(zip(_INSERTED.findall(text), parameters, strict=True)))
        changes, _, where = text.partition(" WHERE ")
        names = _SET.findall(changes)
        terms = _TERM.findall(where)
        values = dict(zip(names, parameters, strict=False))
        wanted = dict(zip([name for name, _ in terms], parameters[len(names) :], strict=True))
        assert all(comparison == "=" for _, comparison in terms), text
        key = staging_key_of(wanted)
        item = self._item(key)
        is_as_read = item is not None and not any(name in item for name in _MISSING.findall(where))
        if item is None or not is_as_read or any(item.get(name) != value for name, value in wanted.items()):
            unmet: _Item = {"Error": {"Code": "ConditionalCheckFailed"} | ({"Item": item} if item else {})}
            self.network.log.tell(self.process.name, f"fails to {text[:6].lower()} the row of {key}: it has changed")
            return unmet
        if text.startswith("DELETE"):
            if (row := self.inner.rows.get(key)) is not None:
                (self.checker.saw_expiry if "ttl" in wanted else self.checker.saw_drop)(row)
            return self._put(key, None, "deletes")
        kept = {name: value for name, value in item.items() if name not in _REMOVE.findall(changes)}
        return self._put(key, kept | values, "renews" if len(names) == 2 else "replaces")

    def _insert(self, item: _Item) -> _Item:
        key = staging_key_of(item)
        if self._row(key) is not None:
            self.network.log.tell(self.process.name, f"fails to insert a row of {key}: there is one")
            return {"Error": {"Code": "DuplicateItem"}}
        return self._put(key, item, "inserts")

    def _put(self, key: ProductKey, item: _Item | None, verb: str) -> _Item:
        before = self.inner.rows.get(key)
        if item is None:
            del self.inner.rows[key]
        else:
            self.inner.rows[key] = cast(WaitingHalf, staging_from_item(item))
        self.network.log.tell(self.process.name, f"{verb} {row_text(self.inner.rows.get(key) or before)} in staging")
        self.checker.saw_row_change(key, before)
        return {}


def _foreign_item(row: WaitingHalf) -> _Item:
    """A row of another service as that service writes it."""
    events = {f"{half.kind}_data": {"S": encode_event(half).decode()} for half in row.halves}
    times = {name: {"S": timestamp_text(row.waiting_since)} for name in ("created_at", "updated_at")}
    return {**staging_key(row.key), **times, "ttl": time_to_live(row.expires_at), **events}
