"""The changes of ``redrive`` and ``purge``, and their report: done, or what would be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import click
from attrs import evolve, frozen

from linkhub_cli.views.dead_letters import Selection, queue_of, select
from linkhub_cli.views.output import counted, plain
from linkhub_cli.wiring.container import Container
from linkhub_core.application import Examined, plan_redrive
from linkhub_core.errors import Fault, MalformedEvent

_MOST_REASONS = 5


@frozen(kw_only=True)
class Changes:
    """Letters that are changed and letters that stay; ``changed`` counts the changes, none before ``--yes``."""

    going: Sequence[Examined]
    staying: Sequence[Examined] = ()
    changed: int | None


async def redrive_letters(container: Container, selection: Selection, *, force: bool, yes: bool) -> Changes:
    """Put letters back on their queues: those that would pass now, or all by ``force``.

    Raises:
        ServiceUnavailable: some may be back, some not; doing it again is safe.
    """
    plan = plan_redrive(await select(container.examine(), selection), force=force)
    letters = [one.letter for one in plan.going]
    changed = await container.backend().dead_letters.redrive(letters) if yes else None
    return Changes(going=plan.going, staying=plan.staying, changed=changed)


async def purge_letters(container: Container, selection: Selection, *, yes: bool) -> Changes:
    """Delete letters.

    Raises:
        ServiceUnavailable: some may be gone, some not.
    """
    examined = await select(container.examine(), selection)
    letters = [one.letter for one in examined]
    return Changes(going=examined, changed=await container.backend().dead_letters.purge(letters) if yes else None)


async def mend_letter(container: Container, selection: Selection, raw: bytes, *, force: bool, yes: bool) -> Changes:
    """Put one letter back with another body; a letter that is not there changes nothing.

    Args:
        container: the wired parts.
        selection: which letter.
        raw: the body, UTF-8.
        force: put it back though it would be rejected again.
        yes: do it.

    Raises:
        MalformedEvent: the body is not UTF-8, or its queue will not carry it.
        ServiceUnavailable: the letter is still there; doing it again is safe.
    """
    body = _text_of(raw)
    old = next(iter(await select(container.examine(), selection)), None)
    if old is None:
        return Changes(going=[], changed=0 if yes else None)
    mended = container.examine().examine(evolve(old.letter, body=body, faults=()))
    plan = plan_redrive([mended], force=force)
    if yes and plan.going:
        await container.mend()(old.letter, body, force=force)
    return Changes(going=plan.going, staying=plan.staying, changed=len(plan.going) if yes else None)


def _text_of(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise MalformedEvent([Fault("", f"the file is not UTF-8: {error.reason}")]) from error


def change_document(changes: Changes) -> dict[str, Any]:
    """The changes, ready for JSON."""
    return {
        "done": changes.changed is not None,
        "changed": changes.changed or 0,
        "chosen": [one.letter.letter_id for one in changes.going],
        "left": [
            {
                "letter_id": one.letter.letter_id,
                "faults": [{"field": fault.field, "problem": fault.problem} for fault in one.faults],
            }
            for one in changes.staying
        ],
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
