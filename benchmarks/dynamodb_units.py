"""The units that DynamoDB charges a consumer, computed by its published rules from the requests that were sent.

DynamoDB Local returns no units for PartiQL, and none for keys of a batch that it does not find, so they are computed
here, with nothing taken from linkhub's own figures:

 - an item is as large as its names and values: text in UTF-8, a number one byte for two digits and one more, a map or
   list three bytes and one more an entry, null and booleans one byte;
 - a write costs a unit for each begun 1,024 bytes of the item, before or after it, whichever is larger; one whose
   condition fails costs what it would have cost, and at least one unit;
 - an entry that appears in the local secondary index (some 130 bytes) costs one unit; one that moves, two;
 - a consistent read of a key costs a unit for each begun 4,096 bytes of its item, and one unit where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

import orjson
from attrs import define, field

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
INDEXED = "stamp"

_NAMES_OF_INSERT = re.compile(r"'(\w+)': \?")
_NAMES_OF_OTHERS = re.compile(r'(SET|REMOVE|WHERE|AND) "(\w+)"(?! IS )')  # IS MISSING has no parameter
_VERB_AND_TABLE = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM) "([^"]+)"')

Call = tuple[bytes, Mapping[str, Any]]
"""A request's body, and its reply."""

_Item = dict[str, dict[str, Any]]
_Key = tuple[str, frozenset[str]]


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, raw)] = value.items()
    if kind == "S":
        return len(str(raw).encode())
    if kind == "N":
        digits = str(raw).removeprefix("-").replace(".", "").strip("0")
        return ceil(len(digits) / 2) + 1 + str(raw).startswith("-")
    if kind == "M":
        return 3 + len(raw) + item_bytes(raw)
    if kind == "L":
        return 3 + len(raw) + sum(map(_value_bytes, raw))
    return 1


def write_units(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The units to write this item, without an index."""
    return max(1, ceil(item_bytes(item) / WRITE_UNIT_BYTES))


def read_units(calls: Iterable[Call]) -> dict[str, int]:
    """The units of consistent calls of BatchGetItem, by table."""
    units: dict[str, int] = {}
    for body, reply in calls:
        for table, asked in orjson.loads(body)["RequestItems"].items():
            found = reply["Responses"].get(table, [])
            larger = sum(ceil(item_bytes(item) / READ_UNIT_BYTES) - 1 for item in found)
            units[table] = units.get(table, 0) + len(asked["Keys"]) + larger
    return units


@define
class WriteUnits:
    """Replays statements with their outcomes, in order, on items of its own.

    ``by_table`` is what they cost. ``late_by_table`` is the part that a busy machine adds: an announcement later than a
    second after its save renews the stamp of the product, and once more when it clears the debt.
    """

    by_table: dict[str, int] = field(factory=dict)
    late_by_table: dict[str, int] = field(factory=dict)
    _items: dict[_Key, _Item] = field(factory=dict, init=False)

    def replay(self, calls: Iterable[Call]) -> None:
        """Take in calls of BatchExecuteStatement."""
        for body, reply in calls:
            for statement, response in zip(orjson.loads(body)["Statements"], reply["Responses"], strict=True):
                self._write(statement["Statement"], statement["Parameters"], failed="Error" in response)

    def _write(self, text: str, parameters: Sequence[dict[str, Any]], *, failed: bool) -> None:
        match = _VERB_AND_TABLE.match(text)
        assert match is not None, f"this is no statement of ours: {text}"
        verb, table = match.groups()
        if verb == "INSERT INTO":
            written = dict(zip(_NAMES_OF_INSERT.findall(text), parameters, strict=True))
            key, after, is_renewal = _key_of(table, written), written, False
        else:
            named, removed = _parsed(text, parameters)
            key = _key_of(table, named["WHERE"])
            after = {} if verb == "DELETE FROM" else {**self._items.get(key, {}), **named["SET"]}
            after = {name: value for name, value in after.items() if name not in removed}
            is_renewal = INDEXED in named["SET"] and "revision" not in named["SET"]
        before = self._items.get(key, {})
        cost = self._cost(before, after, failed=failed)
        self.by_table[table] = self.by_table.get(table, 0) + cost
        if is_renewal:
            clears_debt = "unannounced_revision" in before and "unannounced_revision" not in after
            late = cost - max(write_units(before), write_units(after)) if clears_debt else cost
            self.late_by_table[table] = self.late_by_table.get(table, 0) + late
        if not failed:
            self._items[key] = after

    @staticmethod
    def _cost(before: _Item, after: _Item, *, failed: bool) -> int:
        table_units = max(write_units(before), write_units(after))
        if failed or before.get(INDEXED) == after.get(INDEXED):
            return table_units
        return table_units + (INDEXED in before) + (INDEXED in after)


def _parsed(text: str, parameters: Sequence[dict[str, Any]]) -> tuple[dict[str, _Item], set[str]]:
    """The parameters by their clause and name, and the names that are removed."""
    rest = iter(parameters)
    named: dict[str, _Item] = {"SET": {}, "WHERE": {}}
    removed = set()
    for word, name in _NAMES_OF_OTHERS.findall(text):
        if word == "REMOVE":
            removed.add(name)
        elif word == "SET":
            named["SET"][name] = next(rest)
        else:
            named["WHERE"][name] = next(rest)
    return named, removed


def _key_of(table: str, values: _Item) -> _Key:
    return table, frozenset(f"{name}={values[name]['S']}" for name in ("seller_handle", "video_id"))
