"""The AWS resources that the settings name, before they exist and after; and how they are made.

A queue's name is the end of its URL. Before there is a queue, its setting holds a placeholder URL that ends with
linkhub's own name for it, so settings can be loaded with all their rules.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from math import ceil

from attrs import evolve

from linkhub_adapters.aws.ports import AwsServices
from linkhub_adapters.aws.resources import Resources, Subscription, resources
from linkhub_adapters.aws.resources.provisioning import Provisioning
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.aws.resources.topics import SnsTopics
from linkhub_cli.backends.aws_ports import open_clients
from linkhub_cli.backends.aws_settings import QUEUE_VARIABLES, TOPIC_VARIABLE, UNNAMED_ACCOUNT_URL, AwsSettings
from linkhub_cli.settings import Settings
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.provisioned import Provisioned, Status

_DEFAULTS = resources()
_OTHER_NAME = "choose another name, with DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE"


async def provision(settings: Settings, clock: Clock, subscriptions: Sequence[str]) -> AsyncIterator[Provisioned]:
    """See :meth:`linkhub_cli.backends.BackendPlugin.provision`."""
    wanted, aws = wanted_of(settings, subscriptions), settings.of(AwsSettings)
    with open_clients(aws) as clients:
        calls = AwsServices(clients=clients, clock=clock).calls
        provisioning = Provisioning(
            tables=DynamoDbTables(dynamodb=clients.dynamodb, calls=calls["DynamoDB"], clock=clock),
            queues=SqsQueues(sqs=clients.sqs, calls=calls["SQS"]),
            topics=SnsTopics(sns=clients.sns, calls=calls["SNS"]),
            queue_accounts={kind: account for kind, url in aws.queue_urls.items() if (account := account_of(url))},
            topic_arn=aws.topic_arn,
        )
        async for outcome in provisioning.ensure(wanted):
            is_unfit = outcome.status is Status.UNFIT
            yield evolve(outcome, notes=[*outcome.notes, _OTHER_NAME]) if is_unfit else outcome


def wanted_of(settings: Settings, subscriptions: Sequence[str] = ()) -> Resources:
    """The resources, under the names that the settings give them."""
    aws, consuming = settings.of(AwsSettings), settings.consuming
    names = {queue.kind: _last_part(aws.queue_urls.get(queue.kind), "/") or queue.name for queue in _DEFAULTS.queues}
    return resources(
        products=aws.products_table,
        staging=aws.staging_table,
        caption_queue=names[Kind.CAPTION],
        thumbnail_queue=names[Kind.THUMBNAIL],
        topic=_last_part(aws.topic_arn, ":") or _DEFAULTS.topic.name,
        visibility_timeout_seconds=ceil(consuming.visibility_timeout_seconds),
        max_receive_count=consuming.max_receive_count,
        subscriptions=[_subscription(text) for text in subscriptions],
        kms_key_arn=aws.kms_key_arn,
    )


def _subscription(text: str) -> Subscription:
    protocol, _, endpoint = text.partition(":")
    # The scheme of a URL is the protocol, and belongs to the endpoint as well.
    return Subscription(protocol=protocol, endpoint=text if endpoint.startswith("//") else endpoint)


def account_of(url: str | None) -> str | None:
    """The account that a queue's URL names; none if it is not known yet."""
    if url is None or url.startswith(UNNAMED_ACCOUNT_URL):
        return None
    account = url.rstrip("/").split("/")[-2]
    return account if account.isdecimal() else None


def settings_to_use(wanted: Resources, outcomes: Iterable[Provisioned]) -> Mapping[str, str]:
    """The texts by variable for what is there now; resources that could not be made are left out."""
    addresses = {(outcome.resource, outcome.name): outcome.address for outcome in outcomes}
    products, staging = wanted.tables
    found = {
        "DYNAMODB_PRODUCTS_TABLE": addresses.get(("table", products.name), ""),
        "DYNAMODB_STAGING_TABLE": addresses.get(("table", staging.name), ""),
        **{QUEUE_VARIABLES[queue.kind]: addresses.get(("queue", queue.name), "") for queue in wanted.queues},
        TOPIC_VARIABLE: addresses.get(("topic", wanted.topic.name), ""),
    }
    return {variable: text for variable, text in found.items() if text}


def _last_part(text: str | None, separator: str) -> str:
    return (text or "").rstrip(separator).rsplit(separator, 1)[-1]
