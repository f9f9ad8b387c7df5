"""``linkhub dead-letters``: list, show, redrive and purge rejected messages.

Each letter is read again by today's rules, which show whether it would pass now. Redrive and purge change nothing
without ``--yes``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.dead_letters import (
    UNKNOWN_QUEUE,
    Changes,
    Selection,
    change_document,
    document_of,
    print_each,
    print_groups,
    print_in_full,
    print_purged,
    print_redriven,
)
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.message_body import editable_body
from linkhub_cli.views.output import is_terminal, plain, print_lines, print_status
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Kind

C = TypeVar("C", bound=Callable[..., Any])

_json = click.option("--json", "as_json", is_flag=True, help="JSON: one object a line.")
_KINDS = [kind.value for kind in Kind]
_queue = click.option(
    "--queue", type=click.Choice([*_KINDS, UNKNOWN_QUEUE]), help="Only letters that came from this queue."
)
_as = click.option(
    "--as", "assumed_kind", type=click.Choice(_KINDS), help="The kind of letters that came from no known queue."
)
_reason = click.option("--reason", metavar="TEXT", help="Only letters whose reason holds this text.")
_all = click.option("--all", "everything", is_flag=True, help="Every letter.")
_yes = click.option("--yes", is_flag=True, help="Make the change; without this option, only print it.")


def _changing(command: C) -> C:
    """The options of a command that changes letters."""
    for option in (_json, _yes, _all, _reason, _queue):
        command = option(command)
    return command


@click.group(
    name="dead-letters",
    epilog=examples(
        Example("linkhub dead-letters list", "what was rejected, by reason"),
        Example("linkhub dead-letters show ID", "one letter in full, with its faults marked"),
        Example("linkhub dead-letters redrive --all --yes", "back to their queue with those that would pass now"),
        Example("linkhub dead-letters show ID --body > mended.json", "then edit the file, and"),
        Example("linkhub dead-letters redrive ID --body mended.json --yes", "put it back, mended"),
    ),
)
def dead_letters() -> None:
    """Show what was rejected and why; mend it, put it back, or delete it."""


@dead_letters.command(
    name="list",
    epilog=examples(
        Example("linkhub dead-letters list", "by reason, the most frequent first"),
        Example("linkhub dead-letters list --all --reason price", "each letter whose reason holds a text"),
        Example("linkhub dead-letters list --json | jq .correlation_id", "for a program: each letter"),
    ),
)
@_queue
@_reason
@click.option("--all", "everything", is_flag=True, help="Each letter on a line of its own.")
@_json
@click.pass_obj
def list_letters(line: CommandLine, queue: str | None, reason: str | None, everything: bool, as_json: bool) -> None:
    """List the letters, grouped by reason.

    With --all or --json, one by one.
    """
    examined = line.run(lambda container: Selection(queue=queue, reason=reason).read(container.examine()))
    if as_json:
        print_lines(map(document_of, examined))
    elif everything:
        print_each(examined)
    else:
        print_groups(examined)


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters show ID", "its attributes, and its body with each fault marked"),
        Example("linkhub dead-letters show ID --body > mended.json", "the event alone, for an editor"),
        Example("linkhub dead-letters show ID --json", "for a program"),
    )
)
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--body", "body_only", is_flag=True, help="Only the event, one field a line, for an editor.")
@_as
@_json
@click.pass_context
def show(
    ctx: click.Context, letter_ids: Sequence[str], body_only: bool, assumed_kind: str | None, as_json: bool
) -> None:
    """Show letters in full, and whether they would pass now."""
    line: CommandLine = ctx.obj
    selection = Selection(letter_ids=letter_ids, assumed_kind=assumed_kind)
    examined = line.run(lambda container: selection.read(container.examine()))
    if as_json:
        print_lines(map(document_of, examined))
    elif body_only:
        for one in examined:
            _print_body(one.letter.body)
    else:
        print_in_full(examined)
    _end_on_missing(ctx, letter_ids, {one.letter.letter_id for one in examined})


def _print_body(body: str) -> None:
    """Print a body unchanged into a file or a pipe, and without control characters on a terminal."""
    text = editable_body(body)
    shown = "\n".join(map(plain, text.split("\n"))) if is_terminal() else text
    click.echo(shown.encode("utf-8", "replace"), nl=False)


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters redrive --all", "print the change, do nothing"),
        Example("linkhub dead-letters redrive --reason price --yes", "put those back that would pass now"),
        Example("linkhub dead-letters redrive ID --body mended.json --yes", "put one back with another body"),
    )
)
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--force", is_flag=True, help="Put letters back that would be rejected again, too.")
@click.option("--body", "body_file", type=click.File("rb"), metavar="FILE", help="Put ONE letter back with this body.")
@_as
@_changing
@click.pass_context
def redrive(
    ctx: click.Context, /, letter_ids: Sequence[str], force: bool, body_file: BinaryIO | None, **options: Any
) -> None:
    """Put letters back on the queue that they came from.

    Letters that would be rejected again by today's rules, or that a store refused, stay where they are, unless --force
    is given. With --body one letter goes back with the event of a file and the correlation id that it had. A letter is
    removed only when its message is on the queue: after an interruption it may be in both, which does no harm.

    A letter of no known queue, which a dead-letter queue that several queues share may hold, stays until --as names its
    kind.
    """
    yes = options["yes"]
    if body_file is not None:
        if len(letter_ids) != 1:
            raise click.UsageError("--body mends one letter: give its ID")
        body = _text_of(body_file.read())
        letter = Selection(letter_ids=letter_ids, assumed_kind=options["assumed_kind"])
        changes = ctx.obj.run(lambda container: container.change_letters().mend(letter, body, force=force, really=yes))
    else:
        selection = _selection(letter_ids, options)
        changes = ctx.obj.run(lambda container: container.change_letters().redrive(selection, force=force, really=yes))
    _report(ctx, letter_ids, changes, print_redriven, as_json=options["as_json"])


@dead_letters.command(
    epilog=examples(
        Example("linkhub dead-letters purge ID", "print the change, do nothing"),
        Example("linkhub dead-letters purge --all --yes", "delete every letter for good"),
    )
)
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@_changing
@click.pass_context
def purge(ctx: click.Context, /, letter_ids: Sequence[str], **options: Any) -> None:
    """Delete letters for good."""
    selection = _selection(letter_ids, options)
    changes = ctx.obj.run(lambda container: container.change_letters().purge(selection, really=options["yes"]))
    _report(ctx, letter_ids, changes, print_purged, as_json=options["as_json"])


def _text_of(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise MalformedEvent([Fault("", f"the file is not UTF-8: {error.reason}")]) from error


def _selection(letter_ids: Sequence[str], options: dict[str, Any]) -> Selection:
    if not (letter_ids or options["everything"] or options["queue"] or options["reason"]):
        raise click.UsageError("say which: IDs, --reason, --queue or --all")
    return Selection(
        letter_ids=letter_ids or None,
        queue=options["queue"],
        reason=options["reason"],
        assumed_kind=options.get("assumed_kind"),
    )


def _report(
    ctx: click.Context, letter_ids: Sequence[str], changes: Changes, report: Callable[[Changes], None], *, as_json: bool
) -> None:
    if as_json:
        print_lines([change_document(changes)])
    else:
        report(changes)
    _end_on_missing(ctx, letter_ids, {one.letter.letter_id for one in (*changes.going, *changes.staying)})
    if letter_ids and changes.staying:
        ctx.exit(1)


def _end_on_missing(ctx: click.Context, letter_ids: Sequence[str], found: set[str]) -> None:
    missing = sorted(set(letter_ids) - found)
    for letter_id in missing:
        print_status(f"linkhub: there is no dead letter {letter_id}")
    if missing:
        ctx.exit(1)
