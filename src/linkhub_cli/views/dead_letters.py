"""Dead letters for people and programs: selected, grouped by reason, in full, and the report of a change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import click
from attrs import converters, evolve, field, frozen

from linkhub_cli.views.message_body import marked_body
from linkhub_cli.views.output import counted, plain, print_table
from linkhub_core.application import Examined, ExamineDeadLetters
from linkhub_core.errors import Fault
from linkhub_core.model import Kind, Origin
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.intake import names_in

UNKNOWN_QUEUE = "unknown"

_UNKNOWN = "no reason was kept"
_MOST_FAULTS_IN_GROUP = 3
_MOST_REASONS = 5
_ENTRY = re.compile(r"^entry \d+")
_COUNT = re.compile(r"\bhas [\d,]+")
_NOT_JSON = re.compile(r"^(the body is not JSON): .*", re.DOTALL)
_INDEX = re.compile(r"\[\d+\]")


@frozen(kw_only=True)
class Selection:
    """Letters by their ids, their queue, a text in their reason, in any case, and their group, which is exact.

    ``assumed_kind`` is the kind that letters of unknown kind are taken for.
    """

    letter_ids: Sequence[str] | None = None
    queue: str | None = None
    reason: str | None = None
    group: str | None = None
    assumed_kind: Kind | None = field(default=None, converter=converters.optional(Kind))

    async def read(self, examine: ExamineDeadLetters) -> Sequence[Examined]:
        """Read the selected letters, each with its faults by today's rules.

        Raises:
            ServiceUnavailable: the dead letters cannot be reached.
        """
        return [self._assume(examine, examined) async for examined in examine(self.query) if self.holds(examined)]

    @property
    def query(self) -> DeadLetterQuery:
        """The part of the query that the store applies; :meth:`holds` applies the rest."""
        kind = Kind(self.queue) if self.queue and self.queue != UNKNOWN_QUEUE else None
        return DeadLetterQuery(kind=kind, letter_ids=self.letter_ids)

    def holds(self, examined: Examined) -> bool:
        """Whether a letter of the query is selected."""
        if self.queue == UNKNOWN_QUEUE and examined.letter.kind is not None:
            return False
        if self.group is not None and group_of(examined) != self.group:
            return False
        reason = (self.reason or "").lower()
        return reason in reason_of(examined).lower() or reason in group_of(examined).lower()

    def _assume(self, examine: ExamineDeadLetters, examined: Examined) -> Examined:
        if self.assumed_kind is None or examined.letter.kind is not None:
            return examined
        return examine.examine(evolve(examined.letter, kind=self.assumed_kind))


def queue_of(examined: Examined) -> str:
    """The kind of the letter's queue, or ``unknown``."""
    letter = examined.letter
    if letter.kind is not None:
        return letter.kind.value
    return f"{UNKNOWN_QUEUE} ({letter.source_queue})" if letter.source_queue else UNKNOWN_QUEUE


def reason_of(examined: Examined) -> str:
    """All faults of a letter when it was rejected."""
    return "; ".join(map(str, examined.letter.faults)) or _UNKNOWN


def group_of(examined: Examined) -> str:
    """The reason without details of one letter: indices are ``[]``, and at most three faults are named.

    Two letters with the same mistake are in one group, also if it is in different thumbnails.
    """
    kinds = list(dict.fromkeys(map(_kind_of_fault, examined.letter.faults)))
    more = len(kinds) - _MOST_FAULTS_IN_GROUP
    return "; ".join(kinds[:_MOST_FAULTS_IN_GROUP] + [f"and {more} more"] * (more > 0)) or _UNKNOWN


def _kind_of_fault(fault: Fault) -> str:
    """A fault without its place, its example, its counts, and where the JSON parser stopped."""
    problem = fault.problem.partition("; for example ")[0]
    problem = _COUNT.sub("has N", _ENTRY.sub("an entry", problem))
    return str(Fault(_INDEX.sub("[]", fault.field), _NOT_JSON.sub(r"\1", problem)))


def document_of(examined: Examined) -> dict[str, Any]:
    """A letter, ready for JSON."""
    letter = examined.letter
    return {
        "letter_id": letter.letter_id,
        "queue": letter.kind,
        "source_queue": letter.source_queue or None,
        "reason": reason_of(examined),
        "group": group_of(examined),
        "faults": fault_documents(letter.faults),
        "message_id": letter.message_id,
        "correlation_id": _correlation_id(examined),
        "receive_count": letter.receive_count,
        "sent_at": timestamp_text(letter.sent_at),
        "rejected_at": timestamp_text(letter.rejected_at),
        "would_pass": examined.would_pass,
        "faults_now": fault_documents(examined.faults),
        "body": letter.body,
    }


def fault_documents(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Faults, ready for JSON."""
    return [{"field": fault.field, "problem": fault.problem} for fault in faults]


def _correlation_id(examined: Examined) -> str:
    return Origin.of_message(examined.letter.attributes, examined.letter.message_id).correlation_id


def print_groups(examined: Sequence[Examined]) -> None:
    """Print one line for each reason, the most frequent first, with a letter to look at."""
    groups: dict[tuple[str, str], list[Examined]] = {}
    for one in examined:
        groups.setdefault((group_of(one), queue_of(one)), []).append(one)
    if groups:
        ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
        print_table(
            ["letters", "queue", "reason", "would pass now", "oldest", "newest", "for example"],
            [_group_row(reason, queue, letters) for (reason, queue), letters in ranked],
        )
    _print_count(examined)


def _group_row(reason: str, queue: str, letters: Sequence[Examined]) -> tuple[str, ...]:
    moments = [one.letter.rejected_at for one in letters]
    passing = sum(one.would_pass is True for one in letters)
    unknown = all(one.would_pass is None for one in letters)
    return (
        f"{len(letters):,}",
        queue,
        reason,
        "all" if passing == len(letters) else f"{passing:,}" if passing else "unknown" if unknown else "none",
        timestamp_text(min(moments)),
        timestamp_text(max(moments)),
        letters[0].letter.letter_id,
    )


def print_each(examined: Sequence[Examined]) -> None:
    """Print one line for each letter."""
    if examined:
        print_table(
            ["letter", "queue", "correlation id", "rejected", "deliveries", "now", "reason"], map(_row, examined)
        )
    _print_count(examined)


def _print_count(examined: Sequence[Examined]) -> None:
    click.echo(f"\n{counted(len(examined), 'dead letter')}" if examined else "no dead letters")


def _row(examined: Examined) -> tuple[str, ...]:
    letter = examined.letter
    return (
        letter.letter_id,
        queue_of(examined),
        _correlation_id(examined),
        timestamp_text(letter.rejected_at),
        str(letter.receive_count),
        _verdict(examined),
        group_of(examined),
    )


def _product(examined: Examined) -> str:
    """The key of its product, or the ids in a malformed body."""
    if examined.key is not None:
        return str(examined.key)
    return "/".join(name or "(not named)" for name in names_in(examined.letter.body))


def _verdict(examined: Examined) -> str:
    if examined.letter.kind is None:
        return "name its kind (--as) to know"
    if examined.would_pass is None:
        return "unknown: a store refused it"
    return "would pass now" if examined.would_pass else "would be rejected again"


def print_in_full(examined: Sequence[Examined]) -> None:
    """Print all facts of each letter, and its body with today's faults marked."""
    for one in examined:
        letter = one.letter
        facts = {
            "letter": letter.letter_id,
            "queue": queue_of(one),
            "reason": reason_of(one),
            "now": _verdict(one),
            "product": _product(one),
            "correlation id": _correlation_id(one),
            "message id": letter.message_id,
            "deliveries": str(letter.receive_count),
            "sent": timestamp_text(letter.sent_at),
            "rejected": timestamp_text(letter.rejected_at),
        }
        print_table(["", ""], list(facts.items()))
        click.echo()
        for line in marked_body(letter.body, one.faults):
            click.echo(line)
        click.echo()


@frozen(kw_only=True)
class Changes:
    """Letters that are changed and letters that stay; ``changed`` counts the changes, none before ``--yes``."""

    going: Sequence[Examined]
    staying: Sequence[Examined] = ()
    changed: int | None


def change_document(changes: Changes) -> dict[str, Any]:
    """The changes, ready for JSON."""
    return {
        "done": changes.changed is not None,
        "changed": changes.changed or 0,
        "chosen": [one.letter.letter_id for one in changes.going],
        "left": [{"letter_id": one.letter.letter_id, "faults": fault_documents(one.faults)} for one in changes.staying],
    }


def print_redriven(changes: Changes) -> None:
    """Print what a redrive did or would do, and why letters stay."""
    again = sum(one.would_pass is False for one in changes.going)
    _print(changes, "put back", f"; {again:,} of them would be rejected again" if again else "")
    unknown = [one for one in changes.staying if one.letter.kind is None]
    if unknown:
        stays = "1 letter stays: it is" if len(unknown) == 1 else f"{len(unknown):,} letters stay: they are"
        click.echo(f"{stays} of no known queue; name the kind with --as caption or --as thumbnail:")
        _print_counts(map(queue_of, unknown), "queue")
    known = [one for one in changes.staying if one.letter.kind is not None]
    if refused := sum(one.would_pass is None for one in known):
        stay = "stays" if refused == 1 else "stay"
        click.echo(f"{counted(refused, 'letter')} {stay}: a store refused it (--force puts it back)")
    rejected = [one for one in known if one.would_pass is False]
    if rejected:
        stays = "letter stays, for it" if len(rejected) == 1 else "letters stay, for they"
        click.echo(f"{len(rejected):,} {stays} would be rejected again:")
        _print_counts(("; ".join(map(str, one.faults[:3])) for one in rejected), "reason")
        click.echo("mend the body (--body FILE), or put it back as it is (--force)")
    _print_not_done(changes)


def _print_counts(texts: Iterable[str], noun: str) -> None:
    counts = Counter(texts)
    for text, count in counts.most_common(_MOST_REASONS):
        click.echo(f"  {count:,}  {plain(text)}")
    if len(counts) > _MOST_REASONS:
        click.echo(f"  and {counted(len(counts) - _MOST_REASONS, f'other {noun}')}")


def print_purged(changes: Changes) -> None:
    """Print what a purge did or would do."""
    passing = sum(one.would_pass is True for one in changes.going)
    _print(changes, "delete", f"; {passing:,} of them would pass now" if passing else "")
    _print_not_done(changes)


def _print_not_done(changes: Changes) -> None:
    if changes.changed is None and changes.going:
        click.echo("nothing was changed: add --yes to do it")


def _print(changes: Changes, verb: str, remark: str) -> None:
    if changes.changed is not None:
        did = {"put back": "put back", "delete": "deleted"}[verb]
        click.echo(f"{did} {counted(changes.changed, 'letter')}{remark}")
        return
    kinds = Counter(map(queue_of, changes.going))
    split = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    click.echo(f"would {verb} {counted(len(changes.going), 'letter')}{f' ({split})' if split else ''}{remark}")
