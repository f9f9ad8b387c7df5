"""What the aws backend needs: tables, queues with their dead-letter queues, the topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import evolve

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.resources import Subscription
from linkhub_adapters.aws.resources.provisioning import Provisioning
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.aws.resources.topics import SnsTopics
from linkhub_cli.provisioning.wanted import account_of, wanted_of
from linkhub_cli.settings import Aws, Settings
from linkhub_cli.settings.queue_urls import queue_urls
from linkhub_cli.wiring.aws_clients import open_clients
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.provisioned import Provisioned, Status

__all__ = ["provision"]

_OTHER_NAME = "choose another name, with DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE"


async def provision(
    settings: Settings, clock: Clock, subscriptions: Sequence[Subscription]
) -> AsyncIterator[Provisioned]:
    """See :func:`linkhub_cli.provisioning.provision`."""
    with open_clients(settings.aws) as clients:
        provisioning = _provisioning(clients, settings.aws, clock)
        async for outcome in provisioning.ensure(wanted_of(settings, subscriptions)):
            is_unfit = outcome.status is Status.UNFIT
            yield evolve(outcome, notes=[*outcome.notes, _OTHER_NAME]) if is_unfit else outcome


def _provisioning(clients: AwsClients, aws: Aws, clock: Clock) -> Provisioning:
    def calls(service: str) -> AwsCalls:
        return AwsCalls(service=service, executor=clients.executor)

    return Provisioning(
        tables=DynamoDbTables(dynamodb=clients.dynamodb, calls=calls("DynamoDB"), clock=clock),
        queues=SqsQueues(sqs=clients.sqs, calls=calls("SQS")),
        topics=SnsTopics(sns=clients.sns, calls=calls("SNS")),
        queue_accounts=_accounts(aws),
        topic_arn=aws.topic_arn,
    )


def _accounts(aws: Aws) -> Mapping[Kind, str]:
    return {kind: account for kind, url in queue_urls(aws).items() if (account := account_of(url))}
