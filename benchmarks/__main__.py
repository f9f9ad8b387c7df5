"""The benchmarks as commands; each prints a table and says what its figures mean."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


class Benchmarks(click.Group):
    """One command a file, imported when it is asked for: each needs packages of its own."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names of the benchmarks."""
        return [name.removeprefix("bench_") for name in BENCHMARKS]

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one benchmark."""
        if f"bench_{cmd_name}" not in BENCHMARKS:
            return None
        try:
            command = importlib.import_module(f"benchmarks.bench_{cmd_name}").command
        except ModuleNotFoundError as missing:
            remedy = "run `make bench` or `make test` once, which set up the tools"
            raise click.ClickException(f"the package {missing.name} is missing: {remedy}") from missing
        return command if isinstance(command, click.Command) else None


@click.group(cls=Benchmarks)
def main() -> None:
    """Measure linkhub on this machine."""


if __name__ == "__main__":
    main()
