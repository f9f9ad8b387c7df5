"""``linkhub trial``: checks the configured backend with resources of its own, and measures it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Any

import click
from attrs import define, field

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import TrialPlace, usable_plugin_of
from linkhub_cli.command_line import CommandLine, set_up_logs
from linkhub_cli.commands.init import print_outcome
from linkhub_cli.failures import SOME_FAILED, UNAVAILABLE, words_of
from linkhub_cli.trial.checks import CHECKS, Deviation, Tried
from linkhub_cli.trial.events import EventTrial
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, plain, print_lines, print_status
from linkhub_cli.wiring.container import Container, open_container
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.provisioned import Provisioned, Status

_EVENTS = "events become products, each saved and announced once"
_SHOWN_STEPS = 5
_LEFT = "resources of the trial are left: `linkhub trial --clean` removes them"


@click.command(
    epilog=examples(
        Example("linkhub trial", "print the plan and its estimated cost"),
        Example("linkhub trial --yes", "run the trial; at the end all resources are removed"),
        Example("linkhub trial --clean", "remove the resources of a killed trial"),
    )
)
@click.option("--yes", is_flag=True, help="Run the trial; without this option, only print the plan and its cost.")
@click.option("--clean", is_flag=True, help="Remove the resources of every trial, those of a running one, too.")
@click.option(
    "--events", type=click.IntRange(2, 100_000), default=1_000, show_default=True, help="The number of events to send."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def trial(ctx: click.Context, *, yes: bool, clean: bool, events: int, as_json: bool) -> None:
    """Test the configured backend: send events through it, and check its queues, stores and topic.

    It makes tables, queues and a topic whose names begin with linkhub-trial-, and removes them at the end, also after a
    failure or Ctrl-C. It does not use the configured tables and queues. --clean finds resources by their names and
    tags, and deletes no others. The exit code is 1 if a check failed or resources are left.
    """
    line: CommandLine = ctx.obj
    settings = line.load_and_warn(before_init=True).settings
    opened = usable_plugin_of(settings).trial(settings, SystemClock())
    if opened is None:
        raise click.UsageError(f"the backend {settings.storage.backend} has no trial: set LINKHUB_BACKEND=aws for AWS")
    set_up_logs(settings.logs, quiet=True)
    with opened as place:
        if clean:
            left = asyncio.run(_remove(place, every=True))
            ctx.exit(SOME_FAILED if left else 0)
        for text in [*place.description, f"{counted(events, 'event')}, for about ${place.cost_dollars(events):.3f}"]:
            print_status(plain(text))
        if not yes:
            print_status("nothing was made: `linkhub trial --yes` runs the trial")
            return
        run = _Trial(line=line, place=place, events=events)
        asyncio.run(run())
    run.print_result(as_json=as_json)
    ctx.exit(run.exit_code)


async def _remove(place: TrialPlace, *, every: bool) -> bool:
    """Remove resources and print each; return whether some are left."""
    outcomes = []
    async for outcome in place.remove_all() if every else place.remove():
        outcomes.append(outcome)
        print_outcome(outcome)
    if every and not outcomes:
        print_status("there are no resources of a trial")
    return any(outcome.status is Status.FAILED for outcome in outcomes)


@define(kw_only=True)
class _Trial:
    """One trial, and its findings: the problem of each check, empty if it passed."""

    line: CommandLine
    place: TrialPlace
    events: int
    problems: dict[str, str] = field(factory=dict)
    figures: dict[str, Any] = field(factory=dict)
    is_made: bool = True
    is_interrupted: bool = False
    is_something_left: bool = True
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    async def __call__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)
        try:
            outcomes = await self._make()
            if self.is_made and not self.is_interrupted:
                self._running = asyncio.create_task(self._run(self.place.settings_to_use(outcomes)))
                await asyncio.wait([self._running])
                self._running.cancelled() or self._running.result()
        finally:
            self.is_something_left = await _remove(self.place, every=False)

    def _interrupt(self) -> None:
        """End the trial; resources are removed all the same."""
        print_status("interrupted: removing the resources of the trial")
        self.is_interrupted = True
        if self._running is not None:
            self._running.cancel()

    async def _make(self) -> Sequence[Provisioned]:
        outcomes = []
        async for outcome in self.place.make():
            outcomes.append(outcome)
            print_outcome(outcome)
            if self.is_interrupted:  # not within a call: what it makes would be found too late
                break
        self.is_made = not any(outcome.status is Status.FAILED for outcome in outcomes)
        return outcomes

    async def _run(self, leads: Mapping[str, str]) -> None:
        async with open_container(self.line.load(leads).settings) as container:
            await self._send_events(container)
            tried = Tried(ports=container.backend(), clock=container.clock())
            for sentence, check in CHECKS.items():
                await self._check(sentence, check(tried))

    async def _send_events(self, container: Container) -> None:
        events = EventTrial(container=container, events=self.events, progress=_Progress())

        async def measure() -> None:
            self.figures = (await events.run()).figures

        await self._check(_EVENTS, measure())

    async def _check(self, sentence: str, checking: Any) -> None:
        problem = ""
        try:
            await checking
        except* Deviation as deviations:
            problem = str(deviations.exceptions[0])
        except* LinkhubError as failures:
            problem = "; ".join(words_of(error) for error in failures.exceptions if isinstance(error, LinkhubError))
        self.problems[sentence] = problem
        print_status(plain(f"{'FAILED' if problem else 'ok':<7}{sentence}" + (f": {problem}" if problem else "")))

    @property
    def is_passed(self) -> bool:
        """Whether every check ran and passed."""
        return len(self.problems) == len(CHECKS) + 1 and not any(self.problems.values())

    @property
    def exit_code(self) -> int:
        """See ``linkhub --help``."""
        if not self.is_made:
            return UNAVAILABLE
        return 0 if self.is_passed and not self.is_something_left else SOME_FAILED

    def print_result(self, *, as_json: bool) -> None:
        """Print the figures and what is left."""
        if as_json:
            checks = [{"check": sentence, "problem": problem} for sentence, problem in self.problems.items()]
            found = {"passed": self.is_passed, "cleaned_up": not self.is_something_left, "checks": checks}
            print_lines([{**found, "figures": self.figures}])
        elif self.figures:
            found, latency = self.figures, self.figures["latency_seconds"]
            click.echo(
                f"{found['events']:,} events became {found['products']:,} products in {found['seconds']} s: "
                f"{found['events_per_second']} events a second; from publication to announcement "
                f"{latency['median']} s (median), {latency['99 %']} s (99 %)"
            )
        if self.is_something_left:
            print_status(_LEFT)


@define
class _Progress:
    """Prints a line at each fifth of the products."""

    _shown: int = 0

    def __call__(self, heard: int, total: int) -> None:
        if heard * _SHOWN_STEPS // total > self._shown:
            self._shown = heard * _SHOWN_STEPS // total
            print_status(f"{heard:,} of {total:,} products announced")
