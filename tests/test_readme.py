"""What the README shows works as it stands: its example runs, and its commands exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from linkhub_cli.main import program

ROOT = Path(__file__).parent.parent
# An example that somebody has tried holds packages of others.
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "node_modules" not in page.parts),
]


def _command_lines() -> list[tuple[str, str]]:
    return [
        (page.name, line.removeprefix("$ ").split("#")[0].strip())
        for page in PAGES
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


_SWAPS = {  # only lines that import or open the backend differ
    "memory": {},
    "sqlite": {
        "import memory, runtime": "import runtime, sqlite",
        "memory.open_ports(clock=clock)": 'sqlite.open_ports(Path("{directory}/linkhub.sqlite3"), clock=clock)',
    },
}


@pytest.mark.parametrize("backend", _SWAPS)
def test_the_example_of_the_readme_joins_two_halves(backend: str, tmp_path: Path) -> None:
    """The Python block of the README prints the product of its two events, with the adapters of each backend."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    for line, swapped in _SWAPS[backend].items():
        assert example.count(line) == 1
        example = example.replace(line, swapped.format(directory=tmp_path))
    run = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    product = json.loads(run.stdout)
    caption = json.loads((ROOT / "tests/data/caption.json").read_text(encoding="utf-8"))
    thumbnails = json.loads((ROOT / "tests/data/thumbnail.json").read_text(encoding="utf-8"))
    assert (product["title"], product["thumbnails"]) == (caption["title"], thumbnails["thumbnails"])


def test_there_are_commands_to_look_at() -> None:
    """The pages show commands, so the test below looks at something."""
    assert len([line for _, line in _command_lines() if "linkhub" in line]) > 10


@pytest.mark.parametrize(("page", "line"), _command_lines())
def test_a_command_that_is_shown_exists(page: str, line: str) -> None:
    """Each linkhub command that a page shows parses: the command and every option of it exist."""
    for part in re.split(r"&&|\|", line):
        words = shlex.split(part)
        if not words or words[0] != "linkhub":
            continue
        _parse(program, words[1:], f"{page}: {line}")


def _parse(command: click.Command, words: list[str], where: str) -> None:
    context = click.Context(command, info_name="linkhub", resilient_parsing=True)
    if isinstance(command, click.Group):
        inner = command.get_command(context, words[0]) if words else None
        assert inner is not None, f"there is no such command: {where}"
        _parse(inner, words[1:], where)
        return
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word for word in words if word.startswith("--")}
    assert used <= known, f"unknown options {used - known}: {where}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    """Every link to a file of the repository leads to one."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []
