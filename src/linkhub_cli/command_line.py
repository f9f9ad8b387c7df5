"""The object that every command gets: the settings, and everything that is wired by them.

Imports of linkhub wait until a command needs them, so that ``linkhub --help`` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    import asyncio

    from linkhub_cli.backends import Opening
    from linkhub_cli.settings import Loaded, Logs, Settings
    from linkhub_cli.wiring.container import Container

T = TypeVar("T")

_ENV_FILE = Path(".env")
_LAST_LINES_SECONDS = 0.5


class CommandLine(NamedTuple):
    """The options before the command's name."""

    env_file: Path | None = None

    def load(self, overrides: Mapping[str, str] | None = None, *, before_init: bool = False) -> Loaded:
        """Load the settings; see :func:`linkhub_cli.settings.load_settings`."""
        from linkhub_cli.settings import load_settings

        env_file = self.env_file or (_ENV_FILE if _ENV_FILE.is_file() else None)
        return load_settings(overrides, env_file=env_file, before_init=before_init)

    def load_and_warn(self, overrides: Mapping[str, str] | None = None, *, before_init: bool = False) -> Loaded:
        """Load the settings, and print their warnings on standard error."""
        from linkhub_cli.settings import SettingsFaulty

        try:
            loaded = self.load(overrides, before_init=before_init)
        except SettingsFaulty as faulty:
            _print_warnings(faulty.warnings)
            raise
        _print_warnings(loaded.warnings)
        return loaded

    def run(self, action: Callable[[Container], Awaitable[T]], *, opening: Opening | None = None) -> T:
        """Open everything, do ``action``, close everything; the log holds warnings and errors only.

        Unless ``opening`` says so, absent storage is not made.
        """
        import asyncio

        from linkhub_cli.backends import Opening
        from linkhub_cli.wiring.container import open_container

        settings = self.load_and_warn().settings
        set_up_logs(settings.logs, quiet=True)

        async def within() -> T:
            async with open_container(settings, opening or Opening(makes_storage=False)) as container:
                return await action(container)

        return asyncio.run(within())

    def run_service(
        self, service: Callable[[Settings], Coroutine[Any, Any, None]], overrides: Mapping[str, str] | None = None
    ) -> None:
        """Run a process that works until it is stopped: it writes a log, and uses uvloop if it is installed."""
        import asyncio

        from linkhub_adapters.observability import drain_logs, get_logger

        loaded = self.load_and_warn(overrides)
        settings = loaded.settings
        set_up_logs(settings.logs, is_service=True)
        get_logger("linkhub").info("backend_chosen", backend=settings.storage.backend, because=loaded.backend_reason)
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(service(settings))
        finally:
            drain_logs(_LAST_LINES_SECONDS)


def set_up_logs(logs: Logs, *, quiet: bool = False, is_service: bool = False) -> None:
    """Log to standard error, in colour where that is a terminal.

    Args:
        logs: the settings.
        quiet: leave out ``info`` lines, unless the level is ``debug``; for commands that print their results.
        is_service: write lines on a thread, so that no reader of the log can hold up the process.
    """
    from rich.console import Console

    from linkhub_adapters.observability import configure_logs

    level = "warning" if quiet and logs.level == "info" else logs.level
    is_json = logs.format == "json" if logs.format else not sys.stderr.isatty()
    configure_logs(
        level=level,
        log_format="json" if is_json else "console",
        has_thread=is_service,
        has_colours=not Console().no_color,
    )


def _print_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        click.echo(f"linkhub: warning: {warning}", err=True)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:  # it does not exist for Windows
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory
