"""``linkhub publish``: puts the events of files on the queues."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import click
from attrs import define, field

from linkhub_cli.backends import OPEN_ALL, plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.event_lines import read_lines
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, print_status
from linkhub_cli.views.progress import progress
from linkhub_cli.wiring.container import Container
from linkhub_core.ports import EventPublisher, OutgoingMessage

T = TypeVar("T")

_BATCH_SIZE = 500


@define
class _Tally:
    """The counts. A line that is not published is printed at once, by its file and number."""

    published: Counter[str] = field(factory=Counter)
    failed: int = 0

    def fail(self, place: str, problem: str) -> None:
        print_status(f"{place}: {problem}")
        self.failed += 1


@click.command(
    epilog=examples(
        Example("linkhub publish events.jsonl", "the events of a file"),
        Example("cat *.jsonl | linkhub publish -", "standard input"),
        Example("linkhub dead-letters list", "afterwards: lines that were rejected, by <file>:<line>"),
    )
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.pass_context
def publish(ctx: click.Context, files: Sequence[str]) -> None:
    """Put events on the queues, from JSON lines.

    A line is a bare event, whose fields show its kind, or {"queue": "caption" or "thumbnail", "body": "..."}, whose
    body is sent unchanged. `-` is standard input. Each message carries "<file>:<line>" as its correlation id, so that a
    dead letter names its line.

    A line that cannot be read, or that the queue refuses, is named by its number; the others are published, and the
    exit code is 1.
    """
    line: CommandLine = ctx.obj
    if not files and sys.stdin.isatty():
        raise click.UsageError("name a file, or pipe events in")
    tally = line.run(lambda container: _publish(container, files or ("-",)), opening=OPEN_ALL)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.published.items()))
    split = f" ({counts})" if counts else ""
    print_status(f"published {counted(tally.published.total(), 'message')}{split}, {counted(tally.failed, 'line')} not")
    if tally.failed:
        ctx.exit(1)


async def _publish(container: Container, files: Sequence[str]) -> _Tally:
    backend, tally = container.backend(), _Tally()
    settings = container.settings()
    if not plugin_of(settings).is_shared:
        problem = "keeps everything within one process: no other process can consume what this command publishes"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, settings.storage.backend)
    if backend.made is not None:
        print_status(f"linkhub: there was no data file: made a new data file, {backend.made}")
    with progress("publishing", files) as advance:
        for name in files:
            with click.open_file(name, "rb") as opened:
                await _publish_file(backend.publisher, name, opened, tally, advance)
    return tally


async def _publish_file(
    publisher: EventPublisher, name: str, opened: Iterable[bytes], tally: _Tally, advance: Callable[[int], None]
) -> None:
    for batch in _batches(read_lines(name, opened)):
        for line in batch:
            if line.message is None:
                tally.fail(line.place, line.problem)
        await _publish_batch(publisher, [line.message for line in batch if line.message is not None], tally)
        advance(sum(line.size_bytes for line in batch))


async def _publish_batch(publisher: EventPublisher, messages: Sequence[OutgoingMessage], tally: _Tally) -> None:
    refusals = await publisher.publish(messages) if messages else []
    for refusal in refusals:
        tally.fail(refusal.message.attributes["correlationId"], f"the queue refuses it: {refusal.problem}")
    tally.published.update(message.kind.value for message in messages)
    tally.published.subtract(refusal.message.kind.value for refusal in refusals)


def _batches(values: Iterator[T]) -> Iterator[Sequence[T]]:
    while batch := tuple(itertools.islice(values, _BATCH_SIZE)):
        yield batch
