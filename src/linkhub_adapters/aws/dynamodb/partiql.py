"""Conditional writes, 25 in one call: PartiQL statements, each with its own condition and its own outcome.

Rule 1. A statement's text has names only, each quoted (``ttl`` and others are reserved words); each value is a
parameter.
Rule 2. Every statement has a condition: an INSERT that no item has its key, the others those of the caller. Without
one, an UPDATE that only REMOVEs would create an item with nothing but a key.
Rule 3. Throttled statements are repeated, without the others. An applied statement is never repeated here. botocore may
send a whole call twice when a reply is lost: a caller whose condition fails has to check whether the item is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from linkhub_adapters.aws.client.errors import DYNAMODB, PASSING_CODES, fault_of, resource_of
from linkhub_adapters.aws.client.gather_all import gather_all
from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls, in_chunks
from linkhub_core.errors import ServiceUnavailable

MAX_STATEMENTS = 25
_UNMET_CODES = frozenset({"ConditionalCheckFailed", "DuplicateItem"})


@frozen
class Applied:
    """The condition was met and the item was written."""


@frozen
class Unmet:
    """The condition was not met and nothing was written. ``item`` is the stored item; None after an INSERT."""

    item: Item | None


Outcome = Applied | Unmet


@frozen
class Statement:
    """One write of one item."""

    text: str
    parameters: Sequence[AttributeValue] = field(repr=False)


@frozen
class Condition:
    """A condition on an attribute: ``=`` or ``<`` with a value, ``IS MISSING`` or ``IS NOT MISSING`` without."""

    name: str
    value: AttributeValue | None
    comparison: str = "="


def insert(table: str, item: Item) -> Statement:
    """Put an item if none has its key."""
    return Statement(_insert_text(table, tuple(item)), [*item.values()])


def update(
    table: str, key: Item, values: Mapping[str, AttributeValue], removed: Sequence[str], conditions: Sequence[Condition]
) -> Statement:
    """Set ``values`` in an item and remove the attributes ``removed``, if it meets all ``conditions``."""
    text = _update_text(table, tuple(values), tuple(removed), tuple(key), _shapes(conditions))
    return Statement(text, [*values.values(), *key.values(), *_values(conditions)])


def delete(table: str, key: Item, conditions: Sequence[Condition]) -> Statement:
    """Delete an item, if it meets all ``conditions``."""
    text = _delete_text(table, tuple(key), _shapes(conditions))
    return Statement(text, [*key.values(), *_values(conditions)])


def _values(conditions: Sequence[Condition]) -> list[AttributeValue]:
    return [condition.value for condition in conditions if condition.value is not None]


def _shapes(conditions: Sequence[Condition]) -> tuple[tuple[str, str], ...]:
    """Each condition as its name and the text behind it."""
    return tuple(
        (condition.name, condition.comparison if condition.value is None else f"{condition.comparison} ?")
        for condition in conditions
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=64)
def _insert_text(table: str, names: tuple[str, ...]) -> str:
    pairs = ", ".join(f"'{name}': ?" for name in names)
    return f"INSERT INTO {_quoted(table)} VALUE {{{pairs}}}"


@lru_cache(maxsize=64)
def _update_text(
    table: str,
    names: tuple[str, ...],
    removed: tuple[str, ...],
    key: tuple[str, ...],
    conditions: tuple[tuple[str, str], ...],
) -> str:
    changes = [f"SET {_quoted(name)} = ?" for name in names] + [f"REMOVE {_quoted(name)}" for name in removed]
    return f"UPDATE {_quoted(table)} {' '.join(changes)} {_where(key, conditions)}"


@lru_cache(maxsize=64)
def _delete_text(table: str, key: tuple[str, ...], conditions: tuple[tuple[str, str], ...]) -> str:
    return f"DELETE FROM {_quoted(table)} {_where(key, conditions)}"  # noqa: S608  quoted names, no values


def _where(key: tuple[str, ...], conditions: tuple[tuple[str, str], ...]) -> str:
    terms = [f"{_quoted(name)} = ?" for name in key]
    terms += [f"{_quoted(name)} {comparison}" for name, comparison in conditions]
    return f"WHERE {' AND '.join(terms)}"


async def execute(calls: DynamoDbCalls, statements: Sequence[Statement]) -> list[Outcome]:
    """Run statements, each for another item, in parallel calls of 25.

    Returns:
        Their outcomes, in order.

    Raises:
        ServiceUnavailable: some may have been applied; DynamoDB does not answer, throttles, or lacks the table.
        StoreRefused: one of them can never be applied; the others may have been.
    """
    outcomes: dict[int, Outcome] = {}
    numbered = list(enumerate(statements))
    try:
        await gather_all(_execute(calls, dict(chunk), outcomes) for chunk in in_chunks(numbered, MAX_STATEMENTS))
    except ServiceUnavailable as error:  # the call itself may have succeeded, and its statements not
        calls.calls.recent.failed("batch_execute_statement", {"Statements": [_request(statements[0])]}, error)
        raise
    return [outcomes[number] for number in range(len(statements))]


async def _execute(calls: DynamoDbCalls, waiting: dict[int, Statement], outcomes: dict[int, Outcome]) -> None:
    attempt = 0
    while waiting:
        before = len(waiting)
        problem = await _attempt(calls, waiting, outcomes)
        attempt = attempt + 1 if len(waiting) == before else 1
        if waiting:
            await calls.back_off(attempt, f"{len(waiting)} statements failed with {problem}")


async def _attempt(calls: DynamoDbCalls, waiting: dict[int, Statement], outcomes: dict[int, Outcome]) -> str:
    """Run the waiting statements and take out those with an outcome; give why one of the others has none."""
    numbers = list(waiting)
    reply = await calls.make(
        calls.dynamodb.batch_execute_statement,
        is_write=True,
        Statements=[_request(waiting[number]) for number in numbers],
        ReturnConsumedCapacity="TOTAL",
    )
    problem, fault = "", None
    for number, response in zip(numbers, reply["Responses"], strict=True):
        error = response.get("Error")
        if error is not None and error["Code"] in PASSING_CODES:
            calls.calls.failures[error["Code"]] += 1
            problem = f"{error['Code']}: {error.get('Message', '')}"
        elif error is not None and error["Code"] not in _UNMET_CODES:
            table = resource_of({"Statements": [_request(waiting[number])]})
            fault = fault or fault_of(DYNAMODB, error["Code"], error.get("Message", ""), resource=table)
        else:
            outcomes[number] = Applied() if error is None else Unmet(error.get("Item"))
            del waiting[number]
    if fault is not None:
        raise fault
    return problem


def _request(statement: Statement) -> dict[str, Any]:
    return {
        "Statement": statement.text,
        "Parameters": statement.parameters,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
