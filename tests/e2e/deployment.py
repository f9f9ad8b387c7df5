"""A linkhub of real processes, on the embedded file or on AWS, started as an operator does."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from linkhub_adapters.observability import Figures
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import open_backend
from linkhub_cli.settings import load_settings
from tests.e2e.expectations import expected_lines, products_of, rejected_lines_of, waiting_of
from tests.support.processes import Process

LINKHUB = Path(sys.executable).with_name("linkhub")
_SETTLED_SECONDS = 90


@frozen
class Deployment:
    """Starts processes and runs commands in ``directory``; ``elsewhere`` is the environment that leads to AWS."""

    directory: Path
    backend: str = "embedded"
    elsewhere: Mapping[str, str] = field(factory=dict)

    @property
    def temporary(self) -> Path:
        """The directory for temporary files."""
        return self.directory / "temporary"

    @property
    def environment(self) -> dict[str, str]:
        """Small batches and short leases: more work is in parallel, and a crash is repaired soon."""
        return {
            "LINKHUB_BACKEND": self.backend,
            "LINKHUB_DATA_DIR": str(self.directory / "data"),
            "LINKHUB_PORT": "0",
            "TMPDIR": str(self.temporary),
            "LINKHUB_LOG_FORMAT": "json",
            "LINKHUB_BATCH_SIZE": "10",
            "LINKHUB_VISIBILITY_TIMEOUT_SECONDS": "3",
            "LINKHUB_RECEIVE_WAIT_SECONDS": "0.2",
            **self.elsewhere,
        }

    def start(self, *arguments: str) -> Process:
        """Start a process that runs until it is stopped."""
        self.temporary.mkdir(exist_ok=True)
        return Process([LINKHUB, *arguments], environment=self.environment, cwd=self.directory)

    def serve(self, *options: str) -> tuple[Process, str]:
        """Start a server; return it and its address."""
        server = self.start("serve", *options)
        url = server.wait_for_line(r'"url":"(http://[^"]+)"[^}]*"event":"listening"').group(1)
        return server, url

    def consume(self) -> Process:
        """Start a consumer and wait until it consumes."""
        consumer = self.start("consume")
        consumer.wait_for_line('"event":"consuming"')
        return consumer

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Run a command to its end; return its standard output."""
        with self.start(*arguments) as process:
            assert process.wait(timeout_seconds=60) == exit_code, "\n".join(process.stderr_lines)
            return "".join(f"{line}\n" for line in process.stdout_lines)

    def figures(self) -> Figures:
        """The gauges of queues and stores."""
        return asyncio.run(self._figures())

    async def _figures(self) -> Figures:
        settings = load_settings(environment=self.environment).settings
        async with open_backend(settings, SystemClock()) as backend:
            return await backend.figures()

    def queued(self) -> int:
        """The number of messages on the queues, leased ones included."""
        return sum(self.figures().queued.values())

    def wait_until_settled(self, beside: Process) -> None:
        """Wait until no message is left on a queue, waiting or leased, while ``beside`` runs."""
        beside.wait_until(self._is_settled, "leave the queues empty", timeout_seconds=_SETTLED_SECONDS)

    def _is_settled(self) -> bool:
        return self.queued() == 0

    def check(
        self, *, numbers: dict[int, int] | None = None, copies: int = 1, letters_may_be_double: bool = False
    ) -> None:
        """Compare queues and stores with the expected result of the sample stream.

        Args:
            numbers: the line of the stream for each line of the file that was published, where they differ.
            copies: how often each message was published.
            letters_may_be_double: whether a process may have died between burying a message and deleting it, in a
                technology that cannot do both at once.
        """
        assert products_of(self.run("export")) == expected_lines("products.jsonl")
        assert waiting_of(self.run("staging", "list", "--json")) == expected_lines("waiting.jsonl")
        rejected = rejected_lines_of(self.run("dead-letters", "list", "--json"), numbers)
        if letters_may_be_double:
            rejected = Counter({line: min(count, copies) for line, count in rejected.items()})
        assert rejected == {int(line["line"]): copies for line in expected_lines("rejected.jsonl")}


def stop_all(processes: Sequence[Process]) -> list[int]:
    """Send SIGTERM to each process; return their exit codes."""
    return [process.terminate() for process in processes]
