"""A terminal for tests: the program on an embedded file of its own, and logs put back as they were."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from attrs import frozen
from click.testing import CliRunner, Result

from linkhub_cli.main import program
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event

CAPTION = an_event(Kind.CAPTION)
THUMBNAILS = an_event(Kind.THUMBNAIL)


@frozen
class Terminal:
    """Runs commands in a directory of its own."""

    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """An embedded file, and a queue that does not wait."""
        return {
            "LINKHUB_BACKEND": "embedded",
            "LINKHUB_DATA_DIR": str(self.directory / "data"),
            "LINKHUB_RECEIVE_WAIT_SECONDS": "0",
        }

    def run(self, *arguments: str, stdin: str | bytes | None = None, **environment: str) -> Result:
        """Run a command, with variables on top of the directory's own."""
        return CliRunner().invoke(program, arguments, input=stdin, env=self.environment | environment)

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command that succeeds; give its JSON lines."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def publish(self, *events: Any) -> Result:
        """Publish events, texts as they are and objects as JSON."""
        texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
        return self.run("publish", "-", stdin="\n".join(texts))

    def consume(self) -> None:
        """Work on everything that is on the queues."""
        asyncio.run(self._consume())

    async def _consume(self) -> None:
        async with open_container(load_settings(environment=self.environment).settings) as container:
            while deliveries := await container.backend().queue.receive():
                await container.assemble()(deliveries)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return Terminal(tmp_path)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands set logging up for their process; a test's process goes on."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
