"""How dead letters are chosen and shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from attrs import frozen

from linkhub_cli.output import counted, plain, print_table
from linkhub_core.codec import timestamp_text
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.use_cases import Examined, ExamineDeadLetters

__all__ = ["Selection", "document_of", "print_by_reason", "print_in_full", "reason_of", "select"]

_UNKNOWN = "no reason was kept"


@frozen(kw_only=True)
class Selection:
    """Which letters: all that match the query, and whose reason holds ``reason`` in any case."""

    query: DeadLetterQuery
    reason: str

    @classmethod
    def of(
        cls, *, letter_ids: Sequence[str] | None = None, queue: str | None = None, reason: str | None = None
    ) -> Selection:
        """The selection that options of a command make."""
        query = DeadLetterQuery(kind=Kind(queue) if queue else None, letter_ids=letter_ids)
        return cls(query=query, reason=(reason or "").lower())

    def holds(self, examined: Examined) -> bool:
        """Whether this letter's reason is meant."""
        return self.reason in reason_of(examined).lower()


async def select(examine: ExamineDeadLetters, selection: Selection) -> Sequence[Examined]:
    """Read the letters that are meant, each with what today's rules say of it.

    Raises:
        ServiceUnavailable: the dead letters cannot be reached.
    """
    return [examined async for examined in examine(selection.query) if selection.holds(examined)]


def reason_of(examined: Examined) -> str:
    """Everything that was wrong with a letter when it was rejected."""
    return "; ".join(map(str, examined.letter.faults)) or _UNKNOWN


def document_of(examined: Examined) -> dict[str, Any]:
    """A letter, ready for JSON."""
    letter = examined.letter
    return {
        "letter_id": letter.letter_id,
        "queue": letter.kind,
        "reason": reason_of(examined),
        "faults": [{"field": fault.field, "problem": fault.problem} for fault in letter.faults],
        "message_id": letter.message_id,
        "correlation_id": _correlation_id(examined),
        "receive_count": letter.receive_count,
        "sent_at": timestamp_text(letter.sent_at),
        "rejected_at": timestamp_text(letter.rejected_at),
        "would_pass": examined.would_pass,
        "body": letter.body,
    }


def _correlation_id(examined: Examined) -> str:
    return examined.letter.attributes.get("correlationId") or examined.letter.message_id


def print_by_reason(examined: Sequence[Examined]) -> None:
    """Print a table for each reason, the most frequent first."""
    groups: dict[str, list[Examined]] = {}
    for one in examined:
        groups.setdefault(reason_of(one), []).append(one)
    for reason, letters in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        print_table(
            ["letter", "queue", "correlation id", "rejected", "deliveries", "now"],
            map(_row, letters),
            title=f"{reason} ({len(letters)})",
        )
    click.echo(f"\n{counted(len(examined), 'dead letter')}" if examined else "no dead letters")


def _row(examined: Examined) -> tuple[str, ...]:
    letter = examined.letter
    return (
        letter.letter_id,
        letter.kind,
        _correlation_id(examined),
        timestamp_text(letter.rejected_at),
        str(letter.receive_count),
        "would pass now" if examined.would_pass else "would be rejected again",
    )


def print_in_full(examined: Sequence[Examined]) -> None:
    """Print everything that is known of each letter, and its body."""
    for one in examined:
        document = document_of(one)
        body = document.pop("body")
        today = "it would pass now" if one.would_pass else "; ".join(map(str, one.faults))
        facts = {**document, "faults": reason_of(one), "today": today, "product": str(one.key or "unknown")}
        del facts["reason"], facts["would_pass"]
        print_table(["", ""], [(name.replace("_", " "), str(value)) for name, value in facts.items()])
        click.echo(f"\n{_readable(body)}\n")


def _readable(body: str) -> str:
    """The body with one field a line where it is JSON, else as it is; never anything a terminal would act upon."""
    try:
        return "\n".join(map(plain, json.dumps(json.loads(body), indent=2, ensure_ascii=False).splitlines()))
    except ValueError:
        return "\n".join(map(plain, body.splitlines()))
