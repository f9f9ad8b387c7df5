"""The production backend: SQS queues, DynamoDB tables, an SNS topic, and a Lambda handler, thin on boto3.

    client/               boto3's clients, calls on threads, errors
    sqs/                  the queues, their publisher and their dead letters
    dynamodb/             the stores
    sns/                  announcements to every node
    botocore_speedups/    hooks that make botocore cheaper
    resources/            the plan of tables, queues and topic, provisioning, the template
    checks/               the comparison of an account with the plan
    ports                 opens all of them at once
    trial_resources       the resources of a trial, made and deleted
    lambda_handler        the same assembly behind AWS Lambda

The names below are imported at their first use: boto3 (the extra ``aws``) takes 0.2 s, and only they need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linkhub_adapters.aws.client.calls import AwsCalls
    from linkhub_adapters.aws.client.clients import AwsClients
    from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
    from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
    from linkhub_adapters.aws.dynamodb.shop_directory import DynamoDbShopDirectory
    from linkhub_adapters.aws.dynamodb.shop_stamps import DynamoDbShopStamps
    from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
    from linkhub_adapters.aws.dynamodb.video_lookup import DynamoDbVideoLookup
    from linkhub_adapters.aws.lambda_handler import LambdaHandler
    from linkhub_adapters.aws.ports import AwsServices, open_ports
    from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed
    from linkhub_adapters.aws.sns.node_queues import NodeQueues
    from linkhub_adapters.aws.sns.notifier import SnsNotifier
    from linkhub_adapters.aws.sns.topic_bus import TopicBus
    from linkhub_adapters.aws.sqs.calls import SqsCalls
    from linkhub_adapters.aws.sqs.dead_letter_writer import SqsDeadLetterWriter
    from linkhub_adapters.aws.sqs.dead_letters import SqsDeadLetters
    from linkhub_adapters.aws.sqs.depths import SqsDepths
    from linkhub_adapters.aws.sqs.event_publisher import SqsEventPublisher
    from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
    from linkhub_adapters.aws.sqs.find_queues import FindQueues, NoDeadLetterQueue
    from linkhub_adapters.aws.sqs.queue_contents import SqsQueueContents
    from linkhub_adapters.aws.sqs.queue_facts import SqsQueue

_MODULES = {
    "AwsCalls": "client.calls",
    "AwsClients": "client.clients",
    "AwsServices": "ports",
    "DynamoDbCalls": "dynamodb.calls",
    "DynamoDbProductStore": "dynamodb.product_store",
    "DynamoDbShopDirectory": "dynamodb.shop_directory",
    "DynamoDbShopStamps": "dynamodb.shop_stamps",
    "DynamoDbStagingStore": "dynamodb.staging_store",
    "DynamoDbVideoLookup": "dynamodb.video_lookup",
    "FindQueues": "sqs.find_queues",
    "LambdaHandler": "lambda_handler",
    "NoDeadLetterQueue": "sqs.find_queues",
    "NodeQueues": "sns.node_queues",
    "SnsAnnouncementFeed": "sns.announcement_feed",
    "SnsNotifier": "sns.notifier",
    "SqsCalls": "sqs.calls",
    "SqsDeadLetterWriter": "sqs.dead_letter_writer",
    "SqsDeadLetters": "sqs.dead_letters",
    "SqsDepths": "sqs.depths",
    "SqsEventPublisher": "sqs.event_publisher",
    "SqsEventQueue": "sqs.event_queue",
    "SqsQueue": "sqs.queue_facts",
    "SqsQueueContents": "sqs.queue_contents",
    "TopicBus": "sns.topic_bus",
    "open_ports": "ports",
}

__all__ = [
    "AwsCalls",
    "AwsClients",
    "AwsServices",
    "DynamoDbCalls",
    "DynamoDbProductStore",
    "DynamoDbShopDirectory",
    "DynamoDbShopStamps",
    "DynamoDbStagingStore",
    "DynamoDbVideoLookup",
    "FindQueues",
    "LambdaHandler",
    "NoDeadLetterQueue",
    "NodeQueues",
    "SnsAnnouncementFeed",
    "SnsNotifier",
    "SqsCalls",
    "SqsDeadLetterWriter",
    "SqsDeadLetters",
    "SqsDepths",
    "SqsEventPublisher",
    "SqsEventQueue",
    "SqsQueue",
    "SqsQueueContents",
    "TopicBus",
    "open_ports",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
