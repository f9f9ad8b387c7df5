"""Two tables of their own on DynamoDB Local, and the stores on them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from attrs import define, evolve, field

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_adapters.aws.dynamodb.store_clock import StoreClock
from linkhub_adapters.aws.resources import Table, products_table, staging_table
from linkhub_core.testing.builders import NOON
from linkhub_core.testing.fakes import FakeClock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def create_table(dynamodb: DynamoDBClient, table: Table) -> None:
    """Make a table as it is defined; DynamoDB Local has it ready at once."""
    dynamodb.create_table(**dict(table.definition))


@define(kw_only=True, eq=False)
class TableFixture:
    """Both tables, and the stores on them. ``dynamodb`` takes the faults.

    ``clock`` is the clock of DynamoDB: its replies have it in their ``Date``, and each takes ``reply_seconds``. The
    stores read no other clock.
    """

    dynamodb: DynamoDBClient
    threads: ThreadPoolExecutor
    products: Table
    staging: Table
    clock: FakeClock = field(factory=lambda: FakeClock(NOON + timedelta(days=1)))
    reply_seconds: float = 0.0
    calls: DynamoDbCalls = field(init=False)

    def __attrs_post_init__(self) -> None:
        calls = AwsCalls(service="DynamoDB", executor=self.threads)
        self.calls = self.calls_of(calls)
        self.dynamodb.meta.events.register("before-parse.dynamodb", self._date)

    def another_store(self, *, seconds_ahead: float = 0.0) -> DynamoDbProductStore:
        """The store of another process, whose clock is ahead by so many seconds."""
        calls = self.calls_of(AwsCalls(service="DynamoDB", executor=self.threads), seconds_ahead)
        return DynamoDbProductStore(calls=calls, table=self.products.name)

    def calls_of(self, calls: AwsCalls, seconds_ahead: float = 0.0) -> DynamoDbCalls:
        """The calls of a process of its own."""
        return DynamoDbCalls(
            dynamodb=self.dynamodb,
            calls=calls,
            clock=self.clock,
            store_clock=StoreClock(seconds=lambda: self.clock.now().timestamp() + seconds_ahead),
            jitter=lambda: 0.5,
        )

    def _date(self, response_dict: dict[str, Any], **_: object) -> None:
        self.clock.advance(self.reply_seconds)
        response_dict["headers"]["date"] = format_datetime(self.clock.now(), usegmt=True)

    @property
    def product_store(self) -> DynamoDbProductStore:
        """A store of products."""
        return DynamoDbProductStore(calls=self.calls, table=self.products.name)

    @property
    def staging_store(self) -> DynamoDbStagingStore:
        """A store of waiting halves."""
        return DynamoDbStagingStore(calls=self.calls, table=self.staging.name)

    def spent(self, operation: str) -> int:
        """How many calls of an operation were made so far, by its name in boto3."""
        return self.calls.calls.counts[operation]


@contextmanager
def open_tables(dynamodb: DynamoDBClient, *, has_index: bool = True) -> Iterator[TableFixture]:
    """Make the tables, and remove them in the end; a products table of another service may have no index.

    The client is used as it is: only one that was taught to handle items fast does.
    """
    products, staging = products_table(f"products-{uuid4().hex}"), staging_table(f"staging-{uuid4().hex}")
    if not has_index:
        products = evolve(products, index_name=None, indexed_by=None)
    for table in (products, staging):
        create_table(dynamodb, table)
    with ThreadPoolExecutor(4, "dynamodb") as threads:
        yield TableFixture(dynamodb=dynamodb, threads=threads, products=products, staging=staging)
    for table in (products, staging):
        dynamodb.delete_table(TableName=table.name)
