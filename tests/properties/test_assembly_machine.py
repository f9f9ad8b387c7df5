"""The state machine over real stores: the embedded file, and DynamoDB Local with fewer steps."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import define, evolve
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from linkhub_adapters.memory import MemoryEventQueue
from linkhub_adapters.sqlite import (
    SqliteDatabase,
    SqliteDeadLetters,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteProductStore,
    SqliteStagingStore,
)
from linkhub_core.ports import Delivery, EventQueue
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.properties.assembly_machine import machine_over
from tests.properties.protocol_harness import ProtocolHarness

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_NUMBERS = itertools.count()
_UNLIMITED = 10_000


def _embedded() -> ProtocolHarness:
    directory = tempfile.TemporaryDirectory()
    database, clock = SqliteDatabase.open(Path(directory.name) / "linkhub.sqlite3"), FakeClock()

    def close() -> None:
        database.close()
        directory.cleanup()

    return ProtocolHarness(
        clock=clock,
        queue=SqliteEventQueue(
            database=database, clock=clock, batch_size=4, receive_wait_seconds=0, max_receive_count=_UNLIMITED
        ),
        publisher=SqliteEventPublisher(database=database, clock=clock),
        letters=SqliteDeadLetters(database=database, clock=clock),
        products=SqliteProductStore(database=database),
        staging=SqliteStagingStore(database=database),
        seller_handle="shop",
        close=close,
    )


def _on_tables(tables: TableFixture) -> Callable[[], ProtocolHarness]:
    def open_harness() -> ProtocolHarness:
        clock = FakeClock()
        queue = MemoryEventQueue(clock=clock, batch_size=4, receive_wait_seconds=0, max_receive_count=_UNLIMITED)
        return ProtocolHarness(
            clock=clock,
            queue=queue,
            publisher=queue,
            letters=queue,
            products=tables.product_store,
            staging=tables.staging_store,
            seller_handle=f"shop{next(_NUMBERS)}",
            close=lambda: None,
        )

    return open_harness


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """Tables that all examples share, each under a seller of its own."""
    with open_tables(make_dynamodb_client()) as tables:
        yield tables


def test_on_the_embedded_file() -> None:
    """The guarantees hold for any steps in any order."""
    run_state_machine_as_test(machine_over(_embedded), settings=settings(max_examples=80, stateful_step_count=25))


@pytest.mark.aws
def test_on_dynamodb(tables: TableFixture) -> None:
    """The same machine, over stores that are a service."""
    machine = machine_over(_on_tables(tables))
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=15))


@define
class _HastyQueue:
    """A queue that forgets what it has handed out: as if a process acknowledged before anything is durable."""

    inner: Any

    async def receive(self) -> Sequence[Delivery]:
        """Lease, and delete at once."""
        deliveries: Sequence[Delivery] = await self.inner.receive()
        await self.inner.acknowledge(deliveries)
        return deliveries

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_the_machine_can_fail() -> None:
    """It finds out, with crashes alone, that a half was acknowledged too early."""

    def open_harness() -> ProtocolHarness:
        harness = _embedded()
        return evolve(harness, queue=cast(EventQueue, _HastyQueue(harness.queue)))

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine_over(open_harness), settings=settings(max_examples=200, phases=[Phase.generate])
        )
