"""``python -m tests.protocol_suites``: run the published suites against linkhub.

Exit code 0: every case did what is known of it. 1: one did not. 2: a suite could not be had or run.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import click

from linkhub_cli.command_line import set_up_logs
from linkhub_cli.settings import Logs
from tests.protocol_suites import mocha, suites
from tests.protocol_suites.known_cases import RUNS, Run
from tests.protocol_suites.server import running
from tests.protocol_suites.suites import ENGINE_IO, SOCKET_IO, Suite, SuiteUnusable
from tests.protocol_suites.verdict import Verdict, judge

_SOURCE = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--engine-io", type=_SOURCE, help="The Engine.IO suite: its folder, or a clone that it is in.")
@click.option("--socket-io", type=_SOURCE, help="The Socket.IO suite: its folder, or a clone that it is in.")
def main(engine_io: Path | None, socket_io: Path | None) -> None:
    """Run the published Engine.IO and Socket.IO test suites against linkhub.

    Needs git, Node.js and npm. What is not given by path is fetched from github.com, at a fixed commit.
    """
    set_up_logs(Logs(level="warning"))
    given = {suite: path for suite, path in ((ENGINE_IO, engine_io), (SOCKET_IO, socket_io)) if path is not None}
    with tempfile.TemporaryDirectory(prefix="protocol-suites.") as clone:
        try:
            folders = _folders(given, Path(clone))
            verdicts = [_play(run, folders[run.suite]) for run in RUNS]
        except SuiteUnusable as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)
    sys.exit(0 if all(verdict.is_good for verdict in verdicts) else 1)


def _folders(given: dict[Suite, Path], clone: Path) -> dict[Suite, Path]:
    wanted = [suite for suite in (ENGINE_IO, SOCKET_IO) if suite not in given]
    if wanted:
        click.echo(f"Fetching {suites.REPOSITORY} at {suites.COMMIT[:12]}")
        suites.get(wanted, clone)
    return {suite: suites.find(suite, given.get(suite, clone)) for suite in (ENGINE_IO, SOCKET_IO)}


def _play(run: Run, folder: Path) -> Verdict:
    verdict = judge(asyncio.run(_results(run, folder)), run.reasons)
    click.echo(f"{run.suite.name} suite, {run.against}: " + "\n".join(verdict.lines()))
    return verdict


async def _results(run: Run, folder: Path) -> list[mocha.CaseResult]:
    async with running(run.make_client) as url:
        copy = await asyncio.to_thread(suites.prepare, run.suite, folder, url)
        try:
            return list(await mocha.run(copy))
        finally:
            await asyncio.to_thread(shutil.rmtree, copy)


if __name__ == "__main__":
    main()
