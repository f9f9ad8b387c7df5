"""What every command is handed: the way to the settings, and to everything that is wired by them.

Its own imports of linkhub wait until a command needs them, so that ``linkhub --help`` is quick.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    import asyncio

    from linkhub_cli.backends import Opening
    from linkhub_cli.settings import Settings
    from linkhub_cli.settings.sources import Loaded
    from linkhub_cli.wiring.container import Container

__all__ = ["CommandLine"]

T = TypeVar("T")

_ENV_FILE = Path(".env")
_LAST_LINES_SECONDS = 0.5


class CommandLine(NamedTuple):
    """The options before the command's name."""

    env_file: Path | None = None

    def load(self, overrides: Mapping[str, str] | None = None) -> Loaded[Settings]:
        """Load the settings, from the file too where there is one.

        Raises:
            SettingsFaulty: with every fault.
        """
        from linkhub_cli.settings import load_settings  # noqa: PLC0415  help is quick

        env_file = self.env_file or (_ENV_FILE if _ENV_FILE.is_file() else None)
        return load_settings(overrides, env_file=env_file)

    def settings(self, overrides: Mapping[str, str] | None = None) -> Settings:
        """The settings alone; warnings are told on standard error.

        Raises:
            SettingsFaulty: with every fault.
        """
        return self._load_aloud(overrides).settings

    def _load_aloud(self, overrides: Mapping[str, str] | None) -> Loaded[Settings]:
        from linkhub_cli.settings.sources import SettingsFaulty  # noqa: PLC0415  help is quick

        try:
            loaded = self.load(overrides)
        except SettingsFaulty as faulty:
            _print_warnings(faulty.warnings)
            raise
        _print_warnings(loaded.warnings)
        return loaded

    def run(self, action: Callable[[Container], Awaitable[T]], *, opening: Opening | None = None) -> T:
        """Open everything, do ``action``, close everything; the log holds warnings and errors only.

        Args:
            action: what the command does.
            opening: what the backend is opened for; unless given, storage that is absent is not made.
        """
        import asyncio  # noqa: PLC0415  help is quick

        from linkhub_cli.backends import Opening  # noqa: PLC0415  help is quick
        from linkhub_cli.wiring.container import Container, open_container  # noqa: PLC0415  help is quick
        from linkhub_cli.wiring.logs import set_up_logs  # noqa: PLC0415  help is quick

        settings = self.settings()
        set_up_logs(settings.logs, quiet=True)

        async def within() -> T:
            async with open_container(settings, Container, opening or Opening(makes_storage=False)) as container:
                return await action(container)

        return asyncio.run(within())

    def run_service(
        self,
        service: Callable[[Settings], Coroutine[Any, Any, None]],
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """Run a process that works until it is stopped: it logs what happens, and uses uvloop where there is one."""
        import asyncio  # noqa: PLC0415  help is quick

        from linkhub_adapters.observability import drain_logs, get_logger  # noqa: PLC0415  help is quick
        from linkhub_cli.settings.backend_choice import backend_reason  # noqa: PLC0415  help is quick
        from linkhub_cli.wiring.logs import set_up_logs  # noqa: PLC0415  help is quick

        loaded = self._load_aloud(overrides)
        settings = loaded.settings
        set_up_logs(settings.logs, is_service=True)
        reason = backend_reason(loaded.effective)
        get_logger("linkhub").info("backend_chosen", backend=settings.storage.backend, because=reason)
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(service(settings))
        finally:
            drain_logs(_LAST_LINES_SECONDS)


def _print_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        click.echo(f"linkhub: warning: {warning}", err=True)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if find_spec("uvloop") is None:  # it does not exist for Windows
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory
