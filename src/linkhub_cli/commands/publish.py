"""``linkhub publish``: puts the events of files on the queues."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import click
from attrs import define, field, frozen

from linkhub_cli.backends import OPEN_ALL, plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.processes.lifecycle import stopped_by_signals
from linkhub_cli.processes.replaying import Pace, paced
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.event_lines import EventLine, read_line, read_lines
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, print_status
from linkhub_cli.views.progress import progress
from linkhub_cli.views.recorded_lines import read_recorded_line
from linkhub_cli.wiring.container import Container
from linkhub_core.ports import EventPublisher

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)
_SLOWEST, _FASTEST = 0.001, 1_000_000.0


@frozen(kw_only=True)
class _Source:
    """The files, how a line of them is read, and how many times faster than recorded; 0 is at once."""

    names: Sequence[str]
    read: Callable[[str, bytes], EventLine] = read_line
    speed: float = 0.0


@define
class _Tally:
    """The counts. A line that is not published is printed at once, by its file and number."""

    published: Counter[str] = field(factory=Counter)
    failed: int = 0
    is_stopped: bool = False

    def fail(self, place: str, problem: str) -> None:
        print_status(f"{place}: {problem}")
        self.failed += 1


class _Speed(click.ParamType[float]):
    """A number of times, or ``max``."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """0 for ``max``."""
        try:
            speed = 0.0 if value == "max" else float(value)
        except ValueError:
            speed = -1.0
        if not (speed == 0 or _SLOWEST <= speed <= _FASTEST):
            self.fail(f"{value!r} is neither `max` nor 0 nor from {_SLOWEST:g} to {_FASTEST:,.0f}", param, ctx)
        return speed


@click.command(
    epilog=examples(
        Example("linkhub publish events.jsonl", "the events of a file"),
        Example("cat *.jsonl | linkhub publish -", "standard input"),
        Example("linkhub publish --replay hour.jsonl --speed 10", "a recording, ten times faster than it was"),
        Example("linkhub dead-letters list", "afterwards: lines that were rejected, by <file>:<line>"),
    )
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_FILE)
@click.option("--replay", metavar="FILE", type=_FILE, help="Send a recording of `linkhub consume --record FILE`.")
@click.option("--speed", type=_Speed(), help="With --replay: a factor of speed; 0 or max: at once.  [default: 1]")
@click.pass_context
def publish(ctx: click.Context, files: Sequence[str], replay: str | None, speed: float | None) -> None:
    """Put events on the queues, from JSON lines.

    A line is a bare event, whose fields show its kind, or {"queue": "caption" or "thumbnail", "body": "..."}, whose
    body is sent unchanged. `-` is standard input. Each message carries "<file>:<line>" as its correlation id, so that a
    dead letter names its line.

    A line that cannot be read, or that the queue refuses, is named by its number; the others are published, and the
    exit code is 1. Ctrl-C ends after the messages in hand, with the exit code 1.

    --replay sends recorded messages as they were, with the pauses between them.
    """
    line: CommandLine = ctx.obj
    if replay is not None and files:
        raise click.UsageError("--replay FILE is used alone: name no other file")
    if speed is not None and replay is None:
        raise click.UsageError("--speed is for --replay FILE")
    if replay is None and not files and sys.stdin.isatty():
        raise click.UsageError("name a file, or pipe events in")
    source = (
        _Source(names=files or ("-",))
        if replay is None
        else _Source(names=(replay,), read=read_recorded_line, speed=1.0 if speed is None else speed)
    )
    tally = line.run(lambda container: _publish(container, source), opening=OPEN_ALL)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.published.items()))
    split = f" ({counts})" if counts else ""
    stopped = "; stopped before the end" if tally.is_stopped else ""
    published = counted(tally.published.total(), "message")
    print_status(f"published {published}{split}, {counted(tally.failed, 'line')} not{stopped}")
    if tally.failed or tally.is_stopped:
        ctx.exit(1)


async def _publish(container: Container, source: _Source) -> _Tally:
    backend, tally = container.backend(), _Tally()
    settings = container.settings()
    if not plugin_of(settings).is_shared:
        problem = "keeps everything within one process: no other process can consume what this command publishes"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, settings.storage.backend)
    if backend.made is not None:
        print_status(f"linkhub: there was no data file: made a new data file, {backend.made}")
    stop, pace = asyncio.Event(), Pace(clock=container.clock(), speed=source.speed)
    with progress("publishing", source.names) as advance, stopped_by_signals(stop):
        for name in source.names:
            with click.open_file(name, "rb") as opened:
                async for batch in paced(read_lines(name, opened, source.read), pace, stop):
                    await _publish_batch(backend.publisher, batch, tally)
                    advance(sum(line.size_bytes for line in batch))
    tally.is_stopped = stop.is_set()
    return tally


async def _publish_batch(publisher: EventPublisher, batch: Sequence[EventLine], tally: _Tally) -> None:
    for line in batch:
        if line.message is None:
            tally.fail(line.place, line.problem)
    messages = [line.message for line in batch if line.message is not None]
    refusals = await publisher.publish(messages) if messages else []
    for refusal in refusals:
        place = next(line.place for line in batch if line.message == refusal.message)
        tally.fail(place, f"the queue refuses it: {refusal.problem}")
    tally.published.update(message.kind.value for message in messages)
    tally.published.subtract(refusal.message.kind.value for refusal in refusals)
