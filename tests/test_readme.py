"""The README works as written: its example runs, and its commands exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from linkhub_cli.main import program
from tests.e2e.aws_resources import aws_settings

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


def _swapped(swaps: Mapping[str, str]) -> str:
    example: str
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    for line, swapped in swaps.items():
        assert example.count(line) == 1
        example = example.replace(line, swapped)
    return example


def _check_example(example: str, *, environment: Mapping[str, str] | None = None) -> None:
    run = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr
    product = json.loads(run.stdout)
    caption = json.loads((ROOT / "tests/data/caption.json").read_text(encoding="utf-8"))
    thumbnails = json.loads((ROOT / "tests/data/thumbnail.json").read_text(encoding="utf-8"))
    assert (product["title"], product["thumbnails"]) == (caption["title"], thumbnails["thumbnails"])


@pytest.mark.parametrize("backend", _SWAPS)
def test_the_example_of_the_readme_joins_two_halves(backend: str, tmp_path: Path) -> None:
    """The Python block of the README prints the product of its two events, with the adapters of each backend."""
    swaps = {line: swapped.format(directory=tmp_path) for line, swapped in _SWAPS[backend].items()}
    _check_example(_swapped(swaps))


_ON_AWS = """aws.open_ports(
        clock=clock,
        caption_queue_url=os.environ["SQS_CAPTION_QUEUE_URL"],
        thumbnail_queue_url=os.environ["SQS_THUMBNAIL_QUEUE_URL"],
        products_table=os.environ["DYNAMODB_PRODUCTS_TABLE"],
        staging_table=os.environ["DYNAMODB_STAGING_TABLE"],
        topic_arn=os.environ["SNS_NEW_PRODUCT_TOPIC_ARN"],
    )"""


@pytest.mark.aws
def test_the_example_of_the_readme_joins_two_halves_on_aws(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> None:
    """The same with the adapters of AWS, on stand-ins of its services."""
    example = _swapped(
        {
            "import memory, runtime": "import aws, runtime",
            "memory.open_ports(clock=clock)": _ON_AWS,
        }
    )
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint, is_fifo=False, has_topic=True
    )
    _check_example(f"import os\n{example}", environment={**os.environ, **leads})


def test_the_examples_of_the_backend_guide_run(tmp_path: Path) -> None:
    """Its Python blocks run together; the consumer opens its file, and ends when it is asked to stop."""
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide/backend.md").read_text("utf-8"), re.DOTALL)
    stopped = "stop = asyncio.Event()\nstop.set()\nasyncio.run(consume(stop))"
    run = subprocess.run(
        [sys.executable, "-c", "\n".join([*examples, stopped])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "linkhub.sqlite3").exists()


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
    # With the program's settings: click keeps the help option that it makes for the first context of a command.
    context = click.Context(command, info_name="linkhub", resilient_parsing=True, **program.context_settings)
    if isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(list(words))  # without the group's own options
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
