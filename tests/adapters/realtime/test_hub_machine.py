"""A state machine over the hub: whatever clients and processes do in one breath, clients get what the model says.

Clients subscribe, leave shops, ask, switch transports, disconnect and come back, several of these in one breath.
Meanwhile products are saved, deleted by hand and saved again with another clock; announcements come late, twice, out of
order, or are lost; reads of the store take their time, or fail; readers are slow.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime import RealtimeSettings
from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.adapters.realtime.hub_model import ModelClient
from tests.support.simulated_clients import SimulatedClient, a_hub

SINCE = "2026-01-15T11:00:00Z"
SHOPS = ("first-shop", "second-shop")
KEYS = [a_key(number, shop) for shop in SHOPS for number in range(2)]
SETTINGS = RealtimeSettings(session=SessionLimits(messages_per_minute=100_000), max_unsent_bytes=1_000)
SLOW_BYTES = 600

clients = st.integers(0, 1)
shops = st.sampled_from(SHOPS)
keys = st.sampled_from(KEYS)
numbers = st.integers(0, 9)


class _Store(MemoryProductStore):
    """A store whose reads wait at a gate, before or after they look; pages fail on request."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.stages_in_two_calls = False
        self.fails = False

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        early = await super().page(query)
        await self.gate.wait()
        if self.fails:
            raise ServiceUnavailable("products", "throttled")
        return early if self.stages_in_two_calls else await super().page(query)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        early = await super().read(keys)
        await self.gate.wait()
        return early if self.stages_in_two_calls else await super().read(keys)


class _Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, lines: list[logging.LogRecord]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        self.lines.append(record)


class HubMachine(RuleBasedStateMachine):
    """The hub beside two models of clients. What a rule does happens in the next breath, without a pause between."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.tasks: list[asyncio.Task[Any]] = []
        self.runner.get_loop().set_task_factory(self._note_task)
        self.log_lines: list[logging.LogRecord] = []
        self.log_handler = _Lines(self.log_lines)
        logging.getLogger().addHandler(self.log_handler)
        self.breath: list[Callable[[], object]] = []
        self.pending: list[Announcement] = []
        self.announced: list[Announcement] = []
        self.saves = 0
        self.certain: set[ProductKey] = set()
        self.runner.run(self._begin())

    def _note_task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        self.tasks.append(asyncio.Task(coroutine, loop=loop, **options))
        return self.tasks[-1]

    async def _begin(self) -> None:
        self.store = _Store()
        self.hub = a_hub(self.store, FakeClock(), settings=SETTINGS)
        self.clients = [
            ModelClient(SimulatedClient(name, self.hub), stored=lambda: self.store.rows) for name in ("ada", "bob")
        ]
        for client in self.clients:
            client.connect()

    def teardown(self) -> None:
        """Close the loop."""
        logging.getLogger().removeHandler(self.log_handler)
        self.runner.close()

    # --- clients ---------------------------------------------------------------------------------------------------

    @rule(number=clients, shop=shops, since=st.sampled_from([SINCE, SINCE, None]))
    def subscribe(self, number: int, shop: str, since: str | None) -> None:
        """Ask for a shop, mostly with what was missed."""
        client = self.clients[number]
        self.breath.append(lambda: client.subscribe(shop, since, store_fails=self.store.fails))

    @rule(number=clients, shop=st.sampled_from([*SHOPS, None]))
    def unsubscribe(self, number: int, shop: str | None) -> None:
        """Leave a shop, or all of them."""
        client = self.clients[number]
        self.breath.append(lambda: client.unsubscribe(shop))

    @rule(number=clients)
    def ask_for_status(self, number: int) -> None:
        """Ask which shops are watched."""
        self.breath.append(self.clients[number].ask_for_status)

    @rule(number=clients)
    def switch_transport(self, number: int) -> None:
        """Leave polling, say."""
        self.breath.append(self.clients[number].viewer.switch_transport)

    @rule(number=clients)
    def become_too_slow(self, number: int) -> None:
        """Have the next write close the connection."""
        self.breath.append(lambda: setattr(self.clients[number], "is_too_slow", True))

    @rule(number=clients)
    def leave(self, number: int) -> None:
        """Cut the connection."""
        self.breath.append(self.clients[number].leave)

    @rule(number=clients)
    def connect(self, number: int) -> None:
        """Come back."""
        self.breath.append(self.clients[number].connect)

    # --- products --------------------------------------------------------------------------------------------------

    @rule(key=keys)
    def save(self, key: ProductKey) -> None:
        """Save the next revision of a product; it owes its announcement."""
        self.breath.append(lambda: self._save(key, NOON))

    @rule(key=keys, clock=st.integers(-1_000, 1_000))
    def delete_and_save_again(self, key: ProductKey, clock: int) -> None:
        """Delete a product by hand and save it again, by a process with another clock."""
        self.breath.append(lambda: self._save_again(key, clock))

    def _save(self, key: ProductKey, created_at: datetime) -> None:
        self.saves += 1
        updated_at = NOON + timedelta(seconds=self.saves)
        stored = self.store.rows.get(key)
        if stored is None:
            record = a_record(key, created_at=created_at, updated_at=updated_at)
        else:
            record = evolve(stored, revision=stored.revision + 1, updated_at=updated_at)
        self.store.rows[key] = record
        self.pending.append(announce(record, NOON))

    def _save_again(self, key: ProductKey, clock: int) -> None:
        if key not in self.certain:
            self.store.rows.pop(key, None)
            # Whole seconds of the clock, and a part of its own for each life.
            self._save(key, NOON + timedelta(seconds=clock, milliseconds=1 + self.saves % 998))

    @rule(number=numbers, count=st.integers(1, 3))
    def announce(self, number: int, count: int) -> None:
        """Announce what is owed, in any order, one announcement or several together."""
        self.breath.append(lambda: self._announce(*range(number, number + count)))

    def _announce(self, *numbers: int) -> None:
        chosen = [self.pending.pop(number % len(self.pending)) for number in numbers if self.pending]
        self.announced += chosen
        self.hub.broadcast_all(chosen)

    @rule(number=numbers)
    def announce_again(self, number: int) -> None:
        """Repeat an announcement."""
        self.breath.append(lambda: self._announce_again(number))

    def _announce_again(self, number: int) -> None:
        if self.announced:
            self.hub.broadcast(self.announced[number % len(self.announced)])

    @rule(number=numbers)
    def lose(self, number: int) -> None:
        """Lose an announcement, and learn that some were lost."""
        self.breath.append(lambda: self._lose(number))

    def _lose(self, number: int) -> None:
        lost = self.pending[number % len(self.pending)] if self.pending else None
        # A late announcement of a deleted product looks like one of a product whose announcements were lost.
        if lost is not None and not self._has_had_lives(lost.key):
            self.pending.remove(lost)
            self.certain.add(lost.key)
        for client in self.clients:
            client.lose_news(store_fails=self.store.fails)
        self.hub.catch_up(datetime.fromisoformat(SINCE))

    def _has_had_lives(self, key: ProductKey) -> bool:
        return self.store.rows[key].created_at != NOON

    # --- weather ---------------------------------------------------------------------------------------------------

    @rule(
        is_open=st.booleans(),
        stages_in_two_calls=st.booleans(),
        fails=st.sampled_from([False, False, True]),
        slow=st.sampled_from([(), (), (0,), (0, 1)]),
    )
    def change_weather(self, is_open: bool, stages_in_two_calls: bool, fails: bool, slow: tuple[int, ...]) -> None:
        """Hold up reads of the store or let them through, have pages fail, have clients read slowly."""
        self.breath.append(lambda: self._change_weather(is_open, stages_in_two_calls, fails, slow))

    def _change_weather(self, is_open: bool, stages_in_two_calls: bool, fails: bool, slow: tuple[int, ...]) -> None:
        self.store.stages_in_two_calls, self.store.fails = stages_in_two_calls, fails
        if is_open:
            self.store.gate.set()
        else:
            self.store.gate.clear()
        for number, client in enumerate(self.clients):
            client.viewer.unsent_bytes = SLOW_BYTES if number in slow else 0
            client.is_too_slow = False
            if fails:
                client.lose_store()

    # --- time ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.breath)
    @rule(turns=st.sampled_from([0, 1, 2, 3, 30, 30]))
    def breathe(self, turns: int) -> None:
        """Do all of this breath, then let tasks have some turns."""
        self.runner.run(self._breathe(turns))

    async def _breathe(self, turns: int) -> None:
        breath, self.breath = self.breath, []
        for step in breath:
            step()
        for _ in range(turns):
            await asyncio.sleep(0)

    @rule()
    def come_to_rest(self) -> None:
        """Everything heals, and all that is owed is announced: nothing is left to do, and pages are right."""
        self.runner.run(self._come_to_rest())
        for client in self.clients:
            client.hold_quiet()
        expected = {shop: sum(shop in client.shops for client in self.clients) for shop in SHOPS}
        assert self.hub.stats()["clientsPerSeller"] == {shop: count for shop, count in expected.items() if count}
        assert self.hub.stats()["totalConnections"] == sum(client.viewer.is_connected for client in self.clients)

    async def _come_to_rest(self) -> None:
        await self._breathe(0)
        self._change_weather(True, False, False, ())
        await self._until_idle()
        while self.pending:
            self._announce(0)
        await self._until_idle()

    async def _until_idle(self) -> None:
        for _ in range(1_000):
            await asyncio.sleep(0)
            if asyncio.all_tasks() == {asyncio.current_task()}:
                return
        raise AssertionError(f"tasks are left: {asyncio.all_tasks()}")

    @invariant()
    def clients_are_content(self) -> None:
        """What came is what the model says; no task failed, and nothing was logged."""
        assert [client.faults for client in self.clients] == [[], []]
        done = [task for task in self.tasks if task.done()]
        self.tasks = [task for task in self.tasks if not task.done()]
        assert [task for task in done if not task.cancelled() and task.exception() is not None] == []
        assert self.log_lines == []


HubMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestHubMachine = HubMachine.TestCase
