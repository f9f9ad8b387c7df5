"""The program: its help, its lazy commands, and that help is quick."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

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
    for text in ("Run linkhub:", "Operation:", "The first three things to type:", "Exit codes:", "linkhub demo"):
        assert text in result.output


@pytest.mark.parametrize("path", _all_commands(program), ids=" ".join)
def test_every_command_shows_examples(path: tuple[str, ...]) -> None:
    """Each command says what it does and shows something to type that begins with its name."""
    result = CliRunner().invoke(program, [*path, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"linkhub {' '.join(path)}" in result.output.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("frobnicate", "No such command 'frobnicate'.\n"),
        ("serv", "No such command 'serv'. Did you mean 'serve'?"),
        ("dead-letter", "Did you mean 'dead-letters'?"),
        ("listing sett", "Did you mean 'set'?"),
    ],
)
def test_an_unknown_command_is_a_mistake(typed: str, advice: str) -> None:
    """It ends with the code for mistakes, and names the command that is spelled nearly like it."""
    result = CliRunner().invoke(program, typed.split())
    assert result.exit_code == 2
    assert advice in result.output


@pytest.mark.parametrize("path", [[], ["serve"], ["listing"], ["listing", "set"]], ids=" ".join)
def test_a_short_option_shows_the_help_too(path: list[str]) -> None:
    """``-h`` is ``--help``, at every level."""
    assert CliRunner().invoke(program, [*path, "-h"]).output == CliRunner().invoke(program, [*path, "--help"]).output


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("linkhub s", ["serve", "shops", "staging", "sweep"]),
        ("linkhub --env", ["--env-file"]),
        ("linkhub listing ", ["clear", "set", "show"]),
        ("linkhub sweep --j", ["--json"]),
    ],
)
def test_bash_completes_commands_and_options(line: str, completed: list[str]) -> None:
    """The script that the reference shows completes what is typed."""
    words = line.split(" ")
    script = f"""
eval "$(_LINKHUB_COMPLETE=bash_source linkhub)"
COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
_linkhub_completion linkhub
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path}
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.split() == completed, result.stderr


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


def test_it_runs_as_a_module() -> None:
    """``python -m linkhub_cli`` is the same program."""
    result = subprocess.run([sys.executable, "-m", "linkhub_cli", "serv"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("Usage: linkhub ")


def test_version() -> None:
    """The version is that of the installed package."""
    result = CliRunner().invoke(program, ["--version"])
    assert result.output.startswith("linkhub 0.")
