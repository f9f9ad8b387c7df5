"""What consumers, servers, operators and publishers really ask of AWS is what their policies allow, call by call.

Each does its whole work on the test servers, where every call is written down with the ARNs that it is about; the
policies of the template, with these ARNs in them, are then asked about each.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from attrs import field, frozen
from botocore.client import ClientCreator

from linkhub_adapters.aws.resources import NODE_QUEUES
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import plugin_of
from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.settings import Settings, load_settings
from linkhub_cli.wiring.container import Container, open_container
from linkhub_core.model import Kind, ProductKey
from linkhub_core.ports import DeadLetterQuery, OutgoingMessage
from linkhub_core.testing.builders import an_event
from linkhub_core.wire import json_text
from linkhub_core.wire.shop_query import PageQuery
from tests.support import aws, foreign_rows
from tests.support.template import Grant, Places, grants_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

ACCOUNT = f"{aws.REGION}:000000000000"
SINGLE = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "PublishBatch": "Publish",
    "SendMessageBatch": "SendMessage",
}


@frozen
class Asked:
    """An action on a resource, as IAM is asked about it."""

    action: str
    arn: str


def _asked(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Asked]:
    """The permissions that one call needs."""
    action = f"{service}:{SINGLE.get(operation, operation)}"
    if service == "sqs":
        queue = parameters.get("QueueUrl", parameters.get("QueueName", "")).rsplit("/", 1)[-1]
        yield Asked(action, f"arn:aws:sqs:{ACCOUNT}:{queue}")
        if parameters.get("tags"):
            yield Asked("sqs:TagQueue", f"arn:aws:sqs:{ACCOUNT}:{queue}")
    elif service == "sns":
        yield Asked(action, parameters.get("TopicArn", parameters.get("SubscriptionArn", "")))
    elif operation == "BatchExecuteStatement":
        for statement in parameters["Statements"]:
            [(verb, table)] = re.findall(r'^(INSERT INTO|UPDATE|DELETE FROM) "([^"]+)"', statement["Statement"])
            yield Asked(f"dynamodb:PartiQL{verb.split()[0].title()}", _table(table))
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        for table in parameters.get("RequestItems", [parameters.get("TableName")]):
            yield Asked(action, f"{_table(table)}{index}")


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{ACCOUNT}:table/{name}"


@frozen
class Account:
    """Resources that are there, and what was asked since."""

    settings: Settings
    places: Places
    asked: set[Asked] = field(factory=set)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Container]:
        """A process, and what it does from its start to its end."""
        self.asked.clear()
        async with open_container(self.settings) as container:
            yield container

    def refused(self, policy: str) -> set[Asked]:
        """The calls that a policy does not allow."""
        return self.not_allowed(grants_of(policy, self.places))

    def not_allowed(self, grants: Sequence[Grant]) -> set[Asked]:
        """The calls that no grant allows."""
        return {one for one in self.asked if not any(_allows(grant, one) for grant in grants)}


def _allows(grant: Grant, asked: Asked) -> bool:
    return asked.action in grant.actions and any(fnmatchcase(asked.arn, pattern) for pattern in grant.resources)


@contextmanager
def _written_down(asked: set[Asked], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    create = ClientCreator.create_client

    def record(params: Any, model: Any, **_: object) -> None:
        asked.update(_asked(model.service_model.service_name, model.name, params))

    def created(*args: Any, **options: Any) -> Any:
        client = create(*args, **options)
        client.meta.events.register("provide-client-params", record)
        return client

    with monkeypatch.context() as patched:
        patched.setattr(ClientCreator, "create_client", created)
        yield


@pytest.fixture
def account(dynamodb_endpoint: str, sqs_sns_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """All resources under names of their own."""
    name = f"iam-{uuid4().hex[:12]}"
    leads = aws.environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
    for variable, value in leads.items():
        monkeypatch.setenv(variable, value)
    topic_arn = f"arn:aws:sns:{ACCOUNT}:{name}"
    settings = load_settings(
        environment={
            "LINKHUB_BACKEND": "aws",
            "LINKHUB_RECEIVE_WAIT_SECONDS": "1",
            "SQS_CAPTION_QUEUE_URL": f"{sqs_sns_endpoint}/000000000000/{name}-caption",
            "SQS_THUMBNAIL_QUEUE_URL": f"{sqs_sns_endpoint}/000000000000/{name}-thumbnail",
            "DYNAMODB_PRODUCTS_TABLE": f"{name}-products",
            "DYNAMODB_STAGING_TABLE": f"{name}-staging",
            "SNS_NEW_PRODUCT_TOPIC_ARN": topic_arn,
        }
    ).settings
    asyncio.run(_provision(settings))
    places = Places(
        products=_table(f"{name}-products"),
        staging=_table(f"{name}-staging"),
        queues=[f"arn:aws:sqs:{ACCOUNT}:{name}-{kind}" for kind in Kind],
        dead_letter_queues=[f"arn:aws:sqs:{ACCOUNT}:{name}-{kind}-dead-letters" for kind in Kind],
        topic=topic_arn,
        node_queues=f"arn:aws:sqs:{ACCOUNT}:{NODE_QUEUES}",
    )
    account = Account(settings, places)
    with _written_down(account.asked, monkeypatch):
        yield account


async def _provision(settings: Settings) -> None:
    async for provisioned in plugin_of(settings).provision(settings, SystemClock(), ()):
        assert provisioned.address, provisioned


async def _publish(account: Account, *bodies: tuple[Kind, Any]) -> None:
    async with account.at_work() as container:
        messages = [OutgoingMessage(kind=kind, body=json_text.dump(body).decode()) for kind, body in bodies]
        assert await container.backend().publisher.publish(messages) == []


async def _consume(container: Container) -> None:
    queue = container.backend().queue
    while deliveries := await queue.receive():
        await queue.extend(deliveries)
        await container.assemble()(deliveries)


async def test_a_publisher(account: Account) -> None:
    """`linkhub publish` is refused nothing."""
    await _publish(account, (Kind.CAPTION, an_event(Kind.CAPTION)))
    assert account.refused("publisher") == set()
    assert Asked("sqs:SendMessage", account.places.queues[0]) in account.asked


async def test_a_consumer(account: Account) -> None:
    """A consumer that stages, joins, replaces, rejects, sweeps and counts is refused nothing."""
    caption, thumbnails = an_event(Kind.CAPTION), an_event(Kind.THUMBNAIL)
    later = {**caption, "timestamp": "2026-01-01T00:00:00Z", "title": "another"}
    seen: set[Asked] = set()
    for batch in (
        [(Kind.CAPTION, caption), (Kind.THUMBNAIL, {"bad": 1})],
        [(Kind.CAPTION, later)],
        [(Kind.THUMBNAIL, thumbnails)],
        [(Kind.CAPTION, {**later, "timestamp": "2026-01-02T00:00:00Z"})],
    ):
        await _publish(account, *batch)
        async with account.at_work() as container:
            await _consume(container)
            await container.sweep()()
            await container.backend().figures()
            await asyncio.gather(*(probe() for probe in container.backend().probes.values()))
        assert account.refused("consumer") == set()
        seen |= account.asked
    assert {one.action for one in seen} == {
        action
        for grant in grants_of("consumer", account.places)
        if grant.name != "UseKey"  # SQS, SNS and DynamoDB use the key on behalf of the caller
        for action in grant.actions
    }


async def test_a_server(account: Account) -> None:
    """A server that answers, probes, counts and hears the topic through its own queue is refused nothing."""
    key = ProductKey("nalu-fashion", "v1")
    async with account.at_work() as container:
        backend = container.backend()
        async with backend.open_feed() as feed:
            await feed.receive()
            await asyncio.gather(*(probe() for probe in backend.probes.values()))
            await backend.figures()
            await backend.products.find([key])
            for since in (None, datetime(2026, 1, 1, tzinfo=UTC)):
                query = PageQuery(seller_handle=key.seller_handle, limit=20, since=since)
                await backend.products.page(query)
    assert account.refused("server") == set()
    actions = {one.action for one in account.asked}
    assert actions >= {"sns:Subscribe", "sns:Unsubscribe", "sqs:CreateQueue", "sqs:DeleteQueue", "dynamodb:Query"}


async def test_an_operator(account: Account, make_dynamodb_client: Callable[[], DynamoDBClient]) -> None:
    """The commands that look, mend, put back, adopt and delete are refused nothing."""
    await _publish(
        account, (Kind.CAPTION, {"bad": 1}), (Kind.THUMBNAIL, {"bad": 1}), (Kind.CAPTION, an_event(Kind.CAPTION))
    )
    async with account.at_work() as container:
        await _consume(container)
    tables = account.settings.of(AwsSettings)
    foreign_rows.put(make_dynamodb_client(), tables.products_table, *foreign_rows.foreign_products())
    foreign_rows.put(make_dynamodb_client(), tables.staging_table, *foreign_rows.foreign_staging())
    async with account.at_work() as container:
        backend = container.backend()
        letters = [letter async for letter in backend.dead_letters.browse(DeadLetterQuery())]
        assert len(letters) == 2
        assert await backend.dead_letters.redrive(letters[:1]) == 1
        assert await backend.dead_letters.purge(letters[1:]) == 1
        assert [half async for half in backend.staging.scan()]
        for seller in (None, "nalu-fashion"):
            assert len([record async for record in backend.products.scan(seller_handle=seller)]) == 4
        adoption = await container.adopt()()
        assert (adoption.products, adoption.halves, adoption.swept) == (3, 2, 1)
    # The last long poll of the consumer before may still get what was put back, and gives it back: as the consumer.
    late = {Asked("sqs:ChangeMessageVisibility", queue) for queue in account.places.queues}
    assert account.refused("operator") - late == set()


async def test_a_refusal_would_be_seen(account: Account) -> None:
    """A policy without a grant that is needed is found out."""
    await _publish(account, (Kind.CAPTION, an_event(Kind.CAPTION)))
    refused = account.not_allowed(
        [grant for grant in grants_of("publisher", account.places) if grant.name != "Publish"]
    )
    assert refused == {Asked("sqs:SendMessage", account.places.queues[0])}
