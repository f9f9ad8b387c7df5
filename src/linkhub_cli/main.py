"""The program ``linkhub``: finds the command, and turns an error into one clear line and an exit code.

Rule 1. A command's module is imported only when that command runs, so that ``linkhub --help`` is quick.
Rule 2. An error of linkhub's own tree is one line on standard error, never a traceback (unless ``--debug``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.help_text import EXIT_CODES, FIRST_STEPS
from linkhub_cli.views.standard_streams import OutputFailed, end_of_output, guard_standard_output, open_standard_files

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_HERE = "linkhub_cli.commands"


class _Listed(NamedTuple):
    """A command as the help lists it; ``module`` holds it under its own name.

    It is a tuple because importing attrs takes longer than printing the help.
    """

    module: str
    help: str
    without: tuple[str, ...] = ()  # packages that a library would import, and the command does not use


_COMMANDS: dict[str, dict[str, _Listed]] = {
    "Run linkhub": {
        "serve": _Listed("serve", "Serve REST, realtime and pages, and consume", ("rich",)),
        "consume": _Listed("consume", "Consume only; run as many processes as you like", ("rich",)),
        "demo": _Listed("demo", "Serve a fresh shop with simulated workers"),
    },
    "Data": {
        "publish": _Listed("publish", "Put events on the queues"),
        "export": _Listed("export", "Print products, or everything, as JSON lines"),
        "import": _Listed("import_", "Merge a full export into the backend"),
        "watch": _Listed("watch", "Show the live events of a shop"),
        "listing": _Listed("listing", "Set a product's availability, title and price"),
    },
    "Operation": {
        "shops": _Listed("shops", "All shops, with their numbers of products and their newest product"),
        "staging": _Listed("staging", "Halves that wait for their partner"),
        "why": _Listed("why", "The timeline of a video: messages, halves, product, dead letters"),
        "dead-letters": _Listed("dead_letters", "Rejected messages and their faults: list, mend, redrive, purge"),
        "init": _Listed("init", "Make the tables, queues and topic of the backend"),
        "trial": _Listed("trial", "Test a cloud account with resources of its own"),
        "adopt": _Listed("adopt", "Convert the rows of the service that linkhub replaces"),
        "sweep": _Listed("sweep", "Complete the work of a crashed process, remove expired halves"),
        "config": _Listed("config", "Show every setting and its source"),
        "doctor": _Listed("doctor", "Compare the configuration with the resources that exist"),
    },
}


@contextmanager
def imports_without(*packages: str) -> Iterator[None]:
    """Within the block, importing one of these raises ``ImportError``, unless it is imported already.

    dependency-injector imports Flask's and FastAPI's packages if they are installed, structlog imports rich: together
    a tenth of the time until a server answers.
    """
    hidden = [package for package in packages if package not in sys.modules]
    for package in hidden:
        sys.modules[package] = None  # type: ignore[assignment]  # as the documentation of sys.modules has it
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


class _Program(click.Group):
    """The group of all commands, listed by subject and imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return [name for commands in _COMMANDS.values() for name in commands]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a name from the list: importing commands takes too long for a key press."""
        from click.shell_completion import CompletionItem

        listed = [(name, one.help) for commands in _COMMANDS.values() for name, one in commands.items()]
        names = [CompletionItem(name, help=text) for name, text in listed if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        for commands in _COMMANDS.values():
            if listed := commands.get(cmd_name):
                with imports_without("fastapi", "flask", "werkzeug", *listed.without):
                    module = import_module(f"{_HERE}.{listed.module}")
                command: click.Command = getattr(module, listed.module)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; an unknown name is an error that suggests the nearest ones."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as unknown:  # click suggests commands that are imported
            raise click.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx) from unknown

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for heading, commands in _COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, listed.help) for name, listed in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that linkhub raises on purpose ends as one line and an exit code."""
        from linkhub_cli.failures import reporting_failures

        with reporting_failures(debug=bool(ctx.params.get("debug"))):
            result = super().invoke(ctx)
            sys.stdout.flush()  # what cannot be written any more is this command's failure
            return result


_CONTEXT = {"max_content_width": 100, "help_option_names": ["-h", "--help"]}


@click.group(cls=_Program, epilog=f"{FIRST_STEPS}\n\n{EXIT_CODES}", context_settings=_CONTEXT)
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Read settings from this file; by default from .env, where there is one. The environment wins.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="linkhub-products", message="linkhub %(version)s")
@click.pass_context
def program(ctx: click.Context, env_file: Path | None, debug: bool) -> None:  # noqa: ARG001  debug: read by invoke
    """linkhub joins the two halves of a video, its caption and its thumbnails, into one product, saves it exactly once
    and sends it within a second to every client that has the shop open.

    Every setting is an environment variable: `linkhub config` lists them.
    """
    ctx.obj = CommandLine(env_file=env_file)


def main() -> None:
    """The entry point."""
    open_standard_files()
    guard_standard_output()
    try:
        program(prog_name="linkhub")
    except OutputFailed as failed:
        sys.exit(end_of_output(failed))
