"""The program: its help, its lazy commands, and that help is quick."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from linkhub_cli.main import program

HEAVY = ("starlette", "uvicorn", "websockets", "dependency_injector", "prometheus_client", "cattrs", "linkhub_core")


def _all_commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += _all_commands(command, (*path, name))
    return found


def test_help_groups_commands_and_teaches() -> None:
    """The help has the commands by subject, the first things to type, and the exit codes."""
    result = CliRunner().invoke(program, ["--help"])
    assert result.exit_code == 0
    for text in ("Run linkhub:", "Look after it:", "The first three things to type:", "Exit codes:", "linkhub demo"):
        assert text in result.output


@pytest.mark.parametrize("path", _all_commands(program), ids=" ".join)
def test_every_command_shows_examples(path: tuple[str, ...]) -> None:
    """Each command says what it does and shows something to type that begins with its name."""
    result = CliRunner().invoke(program, [*path, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"linkhub {' '.join(path)}" in result.output.partition("Examples:")[2]


def test_an_unknown_command_is_a_mistake() -> None:
    """It ends with the code for mistakes."""
    result = CliRunner().invoke(program, ["frobnicate"])
    assert result.exit_code == 2
    assert "No such command 'frobnicate'" in result.output


def test_help_imports_next_to_nothing() -> None:
    """Help is quick because none of the heavy packages is imported for it."""
    code = f"""
import sys
from click.testing import CliRunner
from linkhub_cli.main import program
assert CliRunner().invoke(program, ["--help"]).exit_code == 0
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_version() -> None:
    """The version is that of the installed package."""
    result = CliRunner().invoke(program, ["--version"])
    assert result.output.startswith("linkhub 0.")
