"""A server and two consumers that are killed again and again, and clients that watch the shops meanwhile."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve, field, frozen

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import Backend, open_backend
from linkhub_cli.processes.http_server import bind
from linkhub_cli.settings import Settings, load_settings
from linkhub_core.testing.readable import scanned
from linkhub_core.wire.codec import encode_product
from tests.e2e.cursor_client import CursorClient
from tests.e2e.deployment import Deployment
from tests.e2e.event_script import SELLERS, EventScript
from tests.e2e.killable_process import KillableProcess
from tests.e2e.listing_operator import ADMIN_TOKEN, ListingOperator
from tests.e2e.reconnecting_client import ReconnectingClient

_WORK = re.compile(rb'"event":"(half_staged|half_was_known|product_saved)"')
_SAFETY_SECONDS = 120


@frozen
class KillScenario:
    """The processes, and two clients of each shop.

    Attributes:
        clients: clients that stay, and come back with ``since`` when they lose the server.
        cursor_clients: clients that come and go, and keep only the last cursor.
        operator: changes listings meanwhile.
    """

    deployment: Deployment
    url: str
    server: KillableProcess
    consumers: Sequence[KillableProcess]
    seed: int
    listings: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]
    viewers: Sequence[ReconnectingClient] = field(init=False)
    cursor_clients: Sequence[CursorClient] = field(init=False)
    operator: ListingOperator = field(init=False)

    @operator.default
    def _operator(self) -> ListingOperator:
        return ListingOperator(self.url, self.listings)

    @viewers.default
    def _viewers(self) -> Sequence[ReconnectingClient]:
        return [ReconnectingClient(self.url, seller) for seller in SELLERS]

    @cursor_clients.default
    def _cursor_clients(self) -> Sequence[CursorClient]:
        return [
            CursorClient(self.url, seller, random.Random(f"cursor client of {seller}, {self.seed}"))
            for seller in SELLERS
        ]

    @property
    def processes(self) -> Sequence[KillableProcess]:
        """The processes that may be killed."""
        return [self.server, *self.consumers]

    async def survive(self, script: EventScript, *, kills: int) -> None:
        """Publish the script in parts; after each part, and some random work, kill a process and start another one.

        Afterwards every client shows the content of the store.
        """
        rng = random.Random(self.seed)
        async with asyncio.TaskGroup() as group, open_backend(self._settings(), SystemClock()) as backend:
            watching = [group.create_task(viewer.watch()) for viewer in self.viewers]
            watching += [group.create_task(client.run()) for client in self.cursor_clients]
            operating = group.create_task(self.operator.run())
            for part in script.in_parts(kills):
                begun = self._worked()  # before the publication: consumers may be quick
                await backend.publisher.publish(part)
                victim = rng.choice(self.processes)
                await self._until_at_work(victim, begun + rng.randint(1, 8))
                victim.kill()
                victim.start()
            await _until(lambda: self._is_settled(backend), "leave the queues empty")
            async with asyncio.timeout(_SAFETY_SECONDS):
                await operating
            expected = {seller: await _products(backend, seller) for seller in SELLERS}
            await _until(lambda: self._all_shown(expected), "show every client all products")
            for task in watching:
                task.cancel()

    def _settings(self) -> Settings:
        return load_settings(environment=self.deployment.environment).settings

    async def _until_at_work(self, victim: KillableProcess, steps: int) -> None:
        """Wait until the process is up, and the consumers have done this many steps altogether."""
        is_up = r'"event":"(listening|consuming)"'

        async def at_work() -> bool:
            return victim.count(is_up) > 0 and (victim is self.server or self._worked() >= steps)

        await _until(at_work, f"start to work, {victim.arguments} first of all: {victim.output()[-2000:]}")

    def _worked(self) -> int:
        return sum(len(_WORK.findall(consumer.log.read_bytes())) for consumer in self.consumers)

    async def _is_settled(self, backend: Backend) -> bool:
        return sum((await backend.figures()).queued.values()) == 0

    async def _all_shown(self, expected: Mapping[str, Mapping[str, Any]]) -> bool:
        with_cursor = all(client.shown == expected[client.seller_handle] for client in self.cursor_clients)
        return with_cursor and all(
            viewer.shown_of(expected[viewer.seller_handle]) == expected[viewer.seller_handle] for viewer in self.viewers
        )


async def _products(backend: Backend, seller_handle: str) -> Mapping[str, Any]:
    """The products that a page of a shop should show, by video."""
    return {
        record.key.video_id: orjson.loads(encode_product(record))
        for record in await scanned(backend.products.scan(seller_handle=seller_handle))
        if not record.is_withdrawn
    }


async def _until(condition: Callable[[], Awaitable[bool]], description: str) -> None:
    """Poll until the condition holds."""
    try:
        async with asyncio.timeout(_SAFETY_SECONDS):
            while not await condition():  # noqa: ASYNC110  what is waited for happens in other processes
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"they did not {description}")


@contextmanager
def open_kill_scenario(
    deployment: Deployment, directory: Path, script: EventScript, seed: int
) -> Iterator[KillScenario]:
    """Start the processes of a deployment, each with its log in ``directory``; afterwards all end cleanly."""
    with closing(bind("127.0.0.1", 0, variable="LINKHUB_PORT")) as taken:
        port = taken.getsockname()[1]  # free again in a moment, and then the server's in each of its lives
    environment = deployment.environment | {"LINKHUB_PORT": str(port), "LINKHUB_ADMIN_TOKEN": ADMIN_TOKEN}
    scenario = KillScenario(
        deployment=evolve(deployment, elsewhere={**deployment.elsewhere, "LINKHUB_PORT": str(port)}),
        url=f"http://127.0.0.1:{port}",
        server=KillableProcess(("serve", "--no-consume"), environment, directory / "server.log"),
        consumers=[KillableProcess(("consume",), environment, directory / f"consumer-{name}.log") for name in "ab"],
        seed=seed,
        listings=script.listings,
    )
    for process in scenario.processes:
        process.log.touch()
        process.start()
    yield scenario
    for process in scenario.processes:
        process.end()
