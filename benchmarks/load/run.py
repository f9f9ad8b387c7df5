"""The run: starts the processes, sends the traffic, measures the processes four times, and collects the results.

Nothing is judged here: see :mod:`~benchmarks.load.findings`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import cattrs
from attrs import frozen

from benchmarks.load.child import Child, Vitals, machine_cpu_seconds
from benchmarks.load.clients import Sightings
from benchmarks.load.publisher import Sent
from benchmarks.load.traffic import Traffic
from linkhub_adapters.observability import Figures
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import open_backend
from linkhub_cli.settings import load_settings
from linkhub_core.model import ProductRecord

LINKHUB = Path(sys.executable).with_name("linkhub")
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
LOOK_SECONDS = 0.05
# For what is still on its way when the queues are empty, and for what should not come at all.
SETTLING_SECONDS = 0.5
PATIENCE_SECONDS = 120
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@frozen(kw_only=True)
class Saved:
    """A product in the store."""

    seller_handle: str
    video_id: str
    created_at: datetime
    revision: int
    is_announced: bool


@frozen(kw_only=True)
class Evidence:
    """The result of a run.

    ``backlog`` is what stood on the queues when all was sent, and ``drain_seconds`` how long it then took until they
    were empty. ``published_at`` are monotonic times by number of product. ``vitals`` are those of each process at each
    of :data:`QUARTERS`, and ``cpu_seconds`` what each computed from the first message until all was seen, which took
    ``seconds``; in that time, ``others_cpu_seconds`` went to processes that are not of the run. ``metrics`` are the
    server's.
    """

    sent: Sent
    backlog: int
    drain_seconds: float
    seconds: float
    figures: Figures
    saved: Sequence[Saved]
    published_at: Sequence[float]
    sightings: Sightings
    vitals: Mapping[str, Sequence[Vitals]]
    cpu_seconds: Mapping[str, float]
    others_cpu_seconds: float
    metrics: Mapping[str, float]


def run(traffic: Traffic, directory: Path) -> Evidence:
    """Run the traffic through a linkhub on a fresh embedded file in this directory.

    Raises:
        RuntimeError: a process ended before its time.
    """
    environment = {
        "LINKHUB_BACKEND": "embedded",
        "LINKHUB_DATA_DIR": str(directory / "data"),
        "LINKHUB_PORT": "0",
        "LINKHUB_LOG_FORMAT": "json",
    }
    asked = json.dumps(cattrs.unstructure(traffic))
    with ExitStack() as opened:

        def start(name: str, *command: str | Path) -> Child:
            return opened.enter_context(Child.start(name, command, environment, directory))

        server = start("server", LINKHUB, "serve", "--no-consume")
        url = server.logged(r'"url":"(http://[^"]+)"[^}]*"event":"listening"').group(1)
        consumers = [start(f"consumer {number}", LINKHUB, "consume") for number in (1, 2)]
        for consumer in consumers:
            consumer.logged('"event":"consuming"')
        times = directory / "published"
        publisher = start("publisher", sys.executable, "-m", "benchmarks.load.publisher", asked, times)
        clients = start(
            "clients", sys.executable, "-m", "benchmarks.load.clients", asked, url.rpartition(":")[2], directory
        )
        for child in (publisher, clients):
            assert child.next_line() == "ready"
        return _Stage(traffic, directory, environment, url, [server, *consumers, publisher, clients]).play()


@frozen
class _Stage:
    """All processes, ready to begin."""

    traffic: Traffic
    directory: Path
    environment: Mapping[str, str]
    url: str
    children: Sequence[Child]

    def play(self) -> Evidence:
        *_, publisher, clients = self.children
        began = time.monotonic()
        before, machine_before = self._cpu_seconds(), machine_cpu_seconds()
        publisher.tell("go")
        vitals = self._watch(began)
        sent = cattrs.structure(json.loads(publisher.next_line()), Sent)
        ended = time.monotonic()
        backlog = _queued(self._figures())
        while _queued(figures := self._figures()) and time.monotonic() < ended + PATIENCE_SECONDS:
            time.sleep(LOOK_SECONDS)
        drained = time.monotonic()
        self._wait_until_seen(clients)
        seen = time.monotonic()
        cpu_seconds = {name: after - before[name] for name, after in self._cpu_seconds().items()}
        machine_seconds = machine_cpu_seconds() - machine_before
        metrics = self._metrics()
        time.sleep(SETTLING_SECONDS)
        clients.asked.close()
        clients.process.wait(PATIENCE_SECONDS)
        return Evidence(
            sent=sent,
            backlog=backlog,
            drain_seconds=drained - ended,
            seconds=seen - began,
            figures=figures,
            saved=asyncio.run(self._saved()),
            published_at=array("d", (self.directory / "published").read_bytes()),
            sightings=Sightings.read(self.directory),
            vitals=vitals,
            cpu_seconds=cpu_seconds,
            others_cpu_seconds=max(0.0, machine_seconds - sum(cpu_seconds.values())),
            metrics=metrics,
        )

    def _watch(self, began: float) -> Mapping[str, Sequence[Vitals]]:
        """Look at all processes at each quarter."""
        looks: dict[str, list[Vitals]] = {child.name: [] for child in self.children}
        for quarter in QUARTERS:
            time.sleep(max(0.0, began + quarter * self.traffic.seconds - time.monotonic()))
            for child in self.children:
                looks[child.name].append(child.vitals())
        return looks

    def _cpu_seconds(self) -> Mapping[str, float]:
        return {child.name: child.vitals().cpu_seconds for child in self.children}

    def _wait_until_seen(self, clients: Child) -> None:
        """Wait until all that is due has been seen, or nothing more comes for a while."""
        products = Counter(self.traffic.sellers_of_products())
        due = sum(products[seller] for seller in self.traffic.sellers_of_clients())
        last, moved = -1, time.monotonic()
        while time.monotonic() < moved + 10:
            clients.tell("count")
            seen = int(clients.next_line())
            if seen >= due:
                return
            if seen != last:
                last, moved = seen, time.monotonic()
            time.sleep(LOOK_SECONDS)

    def _figures(self) -> Figures:
        return asyncio.run(self._take_figures())

    async def _take_figures(self) -> Figures:
        async with open_backend(load_settings(environment=self.environment).settings, SystemClock()) as backend:
            return await backend.figures()

    async def _saved(self) -> Sequence[Saved]:
        async with open_backend(load_settings(environment=self.environment).settings, SystemClock()) as backend:
            return [
                Saved(
                    seller_handle=record.key.seller_handle,
                    video_id=record.key.video_id,
                    created_at=record.created_at,
                    revision=record.revision,
                    is_announced=record.unannounced_revision is None,
                )
                async for record in backend.products.scan()
                if isinstance(record, ProductRecord)
            ]

    def _metrics(self) -> Mapping[str, float]:
        with _DIRECT.open(f"{self.url}/metrics", timeout=PATIENCE_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        samples = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return {name: float(value) for name, value in samples}


def _queued(figures: Figures) -> int:
    return sum(figures.queued.values())
