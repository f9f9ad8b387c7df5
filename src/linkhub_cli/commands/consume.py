"""``linkhub consume``: the consumer alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from linkhub_cli.backends import plugin_of
from linkhub_cli.command_line import CommandLine
from linkhub_cli.processes.consuming import consume as consume_until_stopped
from linkhub_cli.processes.recording import RecordingFile
from linkhub_cli.settings import Settings, SettingsFaulty
from linkhub_cli.views.help_text import Example, examples


@click.command(
    epilog=examples(
        Example("linkhub consume", "work on the queues until Ctrl-C"),
        Example("linkhub consume --record hour.jsonl --redact", "and copy what is received, without its texts"),
        Example("linkhub serve --no-consume & linkhub consume & linkhub consume", "one server, two consumers"),
    )
)
@click.option("--record", metavar="FILE", type=click.Path(path_type=Path), help="Add a copy of each message to FILE.")
@click.option("--redact", is_flag=True, help="Replace texts and URLs in the copies; shape, sizes and ids stay.")
@click.pass_obj
def consume(line: CommandLine, record: Path | None, redact: bool) -> None:
    """Take messages from the queues, join halves, save products and announce them; sweep every hour.

    Run as many processes as you like. With LINKHUB_METRICS_PORT set, each answers /healthz, /readyz and /metrics there.
    SIGTERM, SIGHUP or Ctrl-C drains: no more messages are taken, work in hand is finished, and the exit code is 0; a
    second signal ends the process at once, and its messages are delivered again.

    --record never holds up consuming: if FILE cannot be written, recording stops with a line in the log. `linkhub
    publish --replay FILE` sends the messages again.
    """
    if redact and record is None:
        raise click.UsageError("--redact is for --record FILE")
    file = None if record is None else _opened(record)
    line.run_service(partial(_consume, file=file, redacts=redact))


def _opened(path: Path) -> RecordingFile:
    if str(path) == "-":
        raise click.BadParameter("- is no file: a recording is a file, not standard output", param_hint="--record")
    try:
        return RecordingFile.open(path)
    except OSError as error:
        raise click.BadParameter(
            f"{path}: {error.strerror or error}: name a file that may be written to", param_hint="--record"
        ) from error


async def _consume(settings: Settings, *, file: RecordingFile | None, redacts: bool) -> None:
    if not plugin_of(settings).is_shared:
        problem = "keeps everything within one process: there is nothing to consume, use `linkhub serve`"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, settings.storage.backend)
    await consume_until_stopped(settings, file, redacts=redacts)
