"""``linkhub import``: merges a full export into the backend."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from attrs import define, evolve, field

from linkhub_cli.backends import OPEN_ALL, Opening, plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import SOME_FAILED
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, plain, print_lines, print_status
from linkhub_cli.views.progress import progress
from linkhub_cli.wiring.container import Container
from linkhub_core.application.export_lines import MAX_LINE_BYTES
from linkhub_core.application.import_all import Count, ImportTally, RefusedLine
from linkhub_core.errors import ExportCut, ExportRefused, ExportTooNew, ServiceUnavailable


@define
class _Import:
    """The options of a run, and how far it is."""

    file: str
    dry_run: bool
    quiet: bool | None
    tally: ImportTally = field(factory=ImportTally)
    cut: ExportCut | None = None


@click.command(
    name="import",
    epilog=examples(
        Example("linkhub import backup.jsonl", "merge a backup"),
        Example("linkhub import --dry-run backup.jsonl", "count what it would change"),
        Example("linkhub export --full | LINKHUB_BACKEND=aws linkhub import -", "move everything to AWS"),
    ),
)
@click.argument("file", default="-", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Write nothing; count what an import would change.")
@click.option(
    "--quiet/--announce",
    default=None,
    help="Announce no product, or each change that readers see. [default: --quiet if the backend has no product]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def import_(ctx: click.Context, file: str, dry_run: bool, quiet: bool | None, as_json: bool) -> None:
    """Merge the output of `linkhub export --full` into the backend. `-` is standard input.

    An import replaces nothing: it keeps the newer version of each part of a product, joins waiting halves with their
    partners, and skips messages and dead letters that exist. Consumers and servers may run. After an interruption, run
    it again; a second run changes nothing.

    If a line cannot be imported, it is named on standard error, the others are imported, and the exit code is 1. The
    exit code is also 1 if the export is not complete. Several exports may follow each other in one file.
    """
    if file == "-" and sys.stdin.isatty():
        raise click.UsageError("name a file, or pipe an export in")
    line: CommandLine = ctx.obj
    run = _Import(file, dry_run, quiet)
    opening = Opening(makes_storage=False, absent_is_empty=True) if dry_run else OPEN_ALL
    with _reporting_interruption(ctx, run):
        line.run(lambda container: _import(container, run), opening=opening)
    if as_json:
        print_lines([_document(run)])
    else:
        _print_counts(run)
    _print_what_is_missing(run)
    if run.cut is not None or run.tally.counts[Count.REFUSED]:
        ctx.exit(SOME_FAILED)


async def _import(container: Container, run: _Import) -> None:
    backend, use_case = container.backend(), container.import_all()
    if not plugin_of(container.settings()).is_lasting:
        problem = "keeps everything within one process: an import would end with this command"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, container.settings().storage.backend)
    if backend.made is not None and not run.dry_run:
        print_status(f"linkhub: there was no data file: made a new data file, {backend.made}")
    is_chosen = run.quiet is not None
    if run.quiet is None:
        run.quiet = not await container.shops().has_any()
    with click.open_file(run.file, "rb") as opened, progress("importing", [run.file]) as advance:
        lines = _Lines(opened)

        def report(tally: ImportTally) -> None:
            is_first, run.tally = not run.tally.lines, evolve(tally)
            if is_first and tally.lines and not is_chosen:
                print_status(_QUIET if run.quiet else _ANNOUNCED)
            advance(lines.take_bytes())

        try:
            run.tally = await use_case(
                lines.read(), quiet=run.quiet, dry_run=run.dry_run, refused=_print_refused, progress=report
            )
        except ExportCut as cut:
            run.cut = cut


_QUIET = (
    "linkhub: the backend has no product yet, so all products count as shown (--quiet); "
    "if this import is interrupted, run it again with --quiet"
)
_ANNOUNCED = "linkhub: the backend has products, so viewers are shown what changes (--announce)"


@define
class _Lines:
    """The lines of a file, and the bytes that were read."""

    file: IO[bytes]
    _bytes: int = 0

    async def read(self) -> AsyncIterator[bytes]:
        """Read on while there are lines."""
        while line := self._next():
            rest = line if len(line) == MAX_LINE_BYTES else b"\n"
            while rest and not rest.endswith(b"\n"):  # the start is enough to refuse it
                rest = self._next()
            yield line

    def _next(self) -> bytes:
        try:
            line = self.file.readline(MAX_LINE_BYTES)
        except OSError as error:
            raise ServiceUnavailable(f"the file {self.file.name}", error.strerror or str(error)) from error
        self._bytes += len(line)
        return line

    def take_bytes(self) -> int:
        """The bytes that were read since the last call."""
        taken, self._bytes = self._bytes, 0
        return taken


def _print_refused(line: RefusedLine) -> None:
    place = f"line {line.line}: " if line.line is not None else f"{line.name}: "
    print_status(f"linkhub: not imported: {plain(place + line.problem)}")


@contextmanager
def _reporting_interruption(ctx: click.Context, run: _Import) -> Iterator[None]:
    """Print the progress of an import that ends early. Ctrl-C and SIGTERM also end a read that waits for input."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except BaseException as error:
        if isinstance(error, ExportRefused):
            print_status(f"linkhub: {error}; {_next_step(run, error)}")
        elif run.tally.lines or isinstance(error, KeyboardInterrupt):
            print_status(f"linkhub: stopped after {counted(run.tally.lines, 'line')}; {_next_step(run, error)}")
        if isinstance(error, ExportRefused | KeyboardInterrupt):
            ctx.exit(SOME_FAILED)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _next_step(run: _Import, error: BaseException) -> str:
    if isinstance(error, ExportTooNew):
        again = "update linkhub, or export with this version"
    elif isinstance(error, ExportCut):
        again = "import a whole export"
    elif isinstance(error, ExportRefused):
        again = "an import reads what `linkhub export --full` prints, unpacked"
    else:
        again = "run it again to go on"
    if run.dry_run or not run.tally.lines:
        return f"nothing was {'written' if run.dry_run else 'imported'}: {again}"
    return f"what was read is imported: {again}{' with --quiet' if run.quiet else ''}"


def _print_counts(run: _Import) -> None:
    click.echo(f"{'would import' if run.dry_run else 'imported'} {counted(run.tally.lines, 'line')}:")
    for count in Count:
        if number := run.tally.counts[count]:
            click.echo(f"{number:12,}  {count}")


def _print_what_is_missing(run: _Import) -> None:
    if left_out := run.tally.left_out:
        print_status(
            f"linkhub: the export is without {counted(left_out, 'row')} that could not be read where it was made; "
            "`linkhub doctor` there names them"
        )
    if run.cut is not None:
        print_status(f"linkhub: {run.cut}; {_next_step(run, run.cut)}")


def _document(run: _Import) -> dict[str, Any]:
    return {
        "done": not run.dry_run,
        "quiet": run.quiet,
        "whole": run.cut is None,
        "lines": run.tally.lines,
        "left_out": run.tally.left_out,
        "counts": {count.replace(" ", "_"): run.tally.counts[count] for count in Count},
    }
