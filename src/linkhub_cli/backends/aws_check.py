"""What `linkhub doctor` finds on AWS: the account, its resources and permissions, and the rows of both tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from linkhub_adapters.aws.checks import AccountCheck, Role, Subjects
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_items import product_from_item
from linkhub_adapters.aws.dynamodb.staging_items import staging_from_item
from linkhub_cli.backends.aws import AwsSettings
from linkhub_cli.backends.aws_faults import mend_of
from linkhub_cli.backends.aws_ports import open_clients
from linkhub_cli.doctor.rows import Row, check_rows, find_in_rows
from linkhub_cli.settings import Settings
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding

__all__ = ["check"]


def check(settings: Settings, clock: Clock, role: str | None) -> Sequence[Finding]:
    """See :meth:`linkhub_cli.backends.BackendPlugin.check`."""
    aws = settings.of(AwsSettings)
    subjects = Subjects(
        queue_urls=aws.queue_urls,
        products_table=aws.products_table,
        staging_table=aws.staging_table,
        topic_arn=aws.topic_arn,
        visibility_timeout_seconds=settings.consuming.visibility_timeout_seconds,
        role=None if role is None else Role(role),
        region=aws.region,
        configured_endpoint_urls=aws.endpoint_urls,
    )
    findings = asyncio.run(AccountCheck(subjects=subjects, clock=clock, mend_of=mend_of)())
    return [*findings, *check_rows(findings, lambda: _check_items(aws, clock))]


async def _check_items(aws: AwsSettings, clock: Clock) -> Sequence[Finding]:
    """The rows in DynamoDB, in its own order: the order of the keys would cost a read of the whole index first."""

    async def rows(table: str, read: Callable[[Any], Row]) -> AsyncIterator[Row]:
        async for items in calls.pages("scan", TableName=table):
            for item in items:
                yield read(item)

    with open_clients(aws) as clients:
        aws_calls = AwsCalls(service="DynamoDB", executor=clients.executor)
        calls = DynamoDbCalls(dynamodb=clients.dynamodb, calls=aws_calls, clock=clock)
        products = rows(aws.products_table, product_from_item)
        return await find_in_rows(products, rows(aws.staging_table, staging_from_item))
