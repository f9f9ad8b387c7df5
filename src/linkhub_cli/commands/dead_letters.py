"""``linkhub dead-letters``: what was rejected and why, and what to do about it.

Letters are read again with today's rules, so that each can say whether it would pass now. Redrive and purge only say
what they would do, until they are told ``--yes``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.container import Container
from linkhub_cli.dead_letter_view import Selection, document_of, print_by_reason, print_in_full, select
from linkhub_cli.help_text import Example, examples
from linkhub_cli.output import counted, news, print_lines
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter
from linkhub_core.use_cases import Examined

__all__ = ["dead_letters"]

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_queue = click.option("--queue", type=click.Choice([kind.value for kind in Kind]), help="Only letters of this queue.")
_reason = click.option("--reason", metavar="TEXT", help="Only letters whose reason holds this text.")
_all = click.option("--all", "everything", is_flag=True, help="Every letter.")
_yes = click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done.")


@click.group(
    name="dead-letters",
    epilog=examples(
        Example("linkhub dead-letters list", "what was rejected, by reason"),
        Example("linkhub dead-letters show ID", "one letter in full"),
        Example("linkhub dead-letters redrive --reason price --yes", "back to their queue"),
    ),
)
def dead_letters() -> None:
    """Show what was rejected and why; put it back, or delete it."""


@dead_letters.command(
    name="list",
    epilog=examples(
        Example("linkhub dead-letters list", "by reason, the most frequent first"),
        Example("linkhub dead-letters list --reason price", "those whose reason holds a text"),
        Example("linkhub dead-letters list --json | jq .correlation_id", "for a program"),
    ),
)
@_queue
@_reason
@_json
@click.pass_obj
def list_letters(line: CommandLine, queue: str | None, reason: str | None, as_json: bool) -> None:
    """List the letters, grouped by reason."""
    examined = line.run(lambda container: select(container.examine(), Selection.of(queue=queue, reason=reason)))
    if as_json:
        print_lines(map(document_of, examined))
    else:
        print_by_reason(examined)


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters show ID", "everything that is known of it, and its body"),
        Example("linkhub dead-letters show ID --json", "for a program"),
    )
)
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@_json
@click.pass_context
def show(ctx: click.Context, letter_ids: Sequence[str], as_json: bool) -> None:
    """Show letters in full, and whether they would pass now."""
    line: CommandLine = ctx.obj
    examined = line.run(lambda container: select(container.examine(), Selection.of(letter_ids=letter_ids)))
    if as_json:
        print_lines(map(document_of, examined))
    else:
        print_in_full(examined)
    _end_on_missing(ctx, letter_ids, examined)


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters redrive --all", "what would happen"),
        Example("linkhub dead-letters redrive --reason price --yes", "put those back on their queue"),
    )
)
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@_queue
@_reason
@_all
@_yes
@click.pass_context
def redrive(ctx: click.Context, /, letter_ids: Sequence[str], yes: bool, **chosen: Any) -> None:
    """Put letters back on the queue that they came from."""
    _change(ctx, letter_ids, chosen, yes=yes, verb="put back", act=_redrive)


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters purge ID", "what would happen"),
        Example("linkhub dead-letters purge --all --yes", "delete every letter for good"),
    )
)
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@_queue
@_reason
@_all
@_yes
@click.pass_context
def purge(ctx: click.Context, /, letter_ids: Sequence[str], yes: bool, **chosen: Any) -> None:
    """Delete letters for good."""
    _change(ctx, letter_ids, chosen, yes=yes, verb="delete", act=_purge)


async def _redrive(container: Container, letters: Sequence[DeadLetter]) -> int:
    return await container.backend().dead_letters.redrive(letters)


async def _purge(container: Container, letters: Sequence[DeadLetter]) -> int:
    return await container.backend().dead_letters.purge(letters)


def _change(
    ctx: click.Context,
    letter_ids: Sequence[str],
    chosen: dict[str, Any],
    *,
    yes: bool,
    verb: str,
    act: Callable[[Container, Sequence[DeadLetter]], Awaitable[int]],
) -> None:
    everything = chosen.pop("everything")
    if not (letter_ids or everything or any(chosen.values())):
        raise click.UsageError("say which: IDs, --reason, --queue or --all")
    selection = Selection.of(letter_ids=letter_ids or None, **chosen)
    line: CommandLine = ctx.obj
    examined, changed = line.run(lambda container: _apply(container, selection, act if yes else None))
    _tell(examined, changed, verb)
    _end_on_missing(ctx, letter_ids, examined)


async def _apply(
    container: Container,
    selection: Selection,
    act: Callable[[Container, Sequence[DeadLetter]], Awaitable[int]] | None,
) -> tuple[Sequence[Examined], int | None]:
    examined = await select(container.examine(), selection)
    return examined, await act(container, [one.letter for one in examined]) if act else None


def _tell(examined: Sequence[Examined], changed: int | None, verb: str) -> None:
    passing = sum(one.would_pass for one in examined)
    if changed is None:
        kinds = Counter(one.letter.kind.value for one in examined)
        split = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
        click.echo(f"would {verb} {counted(len(examined), 'letter')} ({split}); {passing} of them would pass now")
        click.echo("nothing was changed: add --yes to do it")
    else:
        click.echo(f"did {verb} {counted(changed, 'letter')}; {passing} of them would pass now")


def _end_on_missing(ctx: click.Context, letter_ids: Sequence[str], examined: Sequence[Examined]) -> None:
    missing = set(letter_ids) - {one.letter.letter_id for one in examined}
    for letter_id in sorted(missing):
        news(f"linkhub: there is no dead letter {letter_id}")
    if missing:
        ctx.exit(1)
