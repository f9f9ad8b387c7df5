"""Exports and imports between AWS and the other backends: the identity, for any content."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from hypothesis import given, settings

from linkhub_adapters import memory, sqlite
from linkhub_adapters.aws import SqsQueueContents
from linkhub_core.ports import OpenedPorts
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.adapters.aws.table_fixture import open_tables
from tests.properties.test_transfer import CONTENTS, Content, Open, filled
from tests.support.transfers import export_of, import_into, items_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


def _in_memory(clock: FakeClock) -> AbstractAsyncContextManager[OpenedPorts]:
    return memory.open_ports(clock=clock, receive_wait_seconds=0.0)


@asynccontextmanager
async def _in_a_file(clock: FakeClock) -> AsyncIterator[OpenedPorts]:
    with tempfile.TemporaryDirectory() as directory:
        async with sqlite.open_ports(Path(directory) / "linkhub.sqlite3", clock=clock) as ports:
            yield ports


@pytest.fixture(scope="module")
def on_aws(make_dynamodb_client: Callable[[], DynamoDBClient], make_sqs_client: Callable[[], SQSClient]) -> Open:
    """Opens tables and queues of their own."""
    dynamodb, sqs = make_dynamodb_client(), make_sqs_client()

    @asynccontextmanager
    async def opened(clock: FakeClock) -> AsyncIterator[OpenedPorts]:
        queues = QueueFixture.create(sqs, clock=clock)
        with open_tables(dynamodb) as tables:
            async with _in_memory(clock) as unused:
                yield evolve(
                    unused,
                    publisher=queues.publisher,
                    dead_letters=queues.dead_letters,
                    queue_contents=SqsQueueContents(queues=queues.queues, sqs=queues.calls),
                    staging=tables.staging_store,
                    products=tables.product_store,
                )

    return opened


@pytest.mark.parametrize(("source", "target"), [(_in_memory, _in_a_file), (_in_a_file, _in_memory)])
@settings(max_examples=4)
@given(content=CONTENTS)
def test_to_aws_and_back_is_the_identity(on_aws: Open, source: Open, target: Open, content: Content) -> None:
    """Into another backend, and into the one from which all of it came; imports that are repeated change nothing.

    Messages go to SQS, and are not in its export.
    """

    async def run() -> None:
        clock = FakeClock()
        async with filled(clock, (source, content), (on_aws, None), (target, None)) as (there, cloud, here):
            exported = await export_of(there, clock)
            for _ in range(2):
                await import_into(cloud, exported, clock, quiet=True)
                copied = await export_of(cloud, clock)
                assert items_of(copied) == _without_messages(exported)
            await import_into(here, copied, clock, quiet=True)
            assert items_of(await export_of(here, clock)) == items_of(copied)
            await import_into(there, copied, clock, quiet=False)
            assert items_of(await export_of(there, clock)) == items_of(exported)

    asyncio.run(run())


@settings(max_examples=4)
@given(content=CONTENTS)
def test_from_one_account_to_another_is_the_identity(on_aws: Open, content: Content) -> None:
    """With everything that DynamoDB and the dead-letter queues hold."""

    async def run() -> None:
        clock = FakeClock()
        async with filled(clock, (on_aws, content), (on_aws, None)) as (there, here):
            exported = await export_of(there, clock)
            for _ in range(2):
                await import_into(here, exported, clock, quiet=True)
                assert items_of(await export_of(here, clock)) == items_of(exported)

    asyncio.run(run())


def _without_messages(lines: Sequence[bytes]) -> list[bytes]:
    return [line for line in items_of(lines) if not line.startswith(b'{"type":"message"')]
