"""Opens every port over SQS, DynamoDB and SNS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.shop_stamps import DynamoDbShopStamps
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_adapters.aws.dynamodb.video_lookup import DynamoDbVideoLookup
from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed
from linkhub_adapters.aws.sns.node_queues import NodeQueues
from linkhub_adapters.aws.sns.notifier import SnsNotifier
from linkhub_adapters.aws.sns.topic_bus import TopicBus
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_writer import SqsDeadLetterWriter
from linkhub_adapters.aws.sqs.dead_letters import SqsDeadLetters
from linkhub_adapters.aws.sqs.event_publisher import SqsEventPublisher
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_adapters.aws.sqs.find_queues import FindQueues
from linkhub_core.model import Kind
from linkhub_core.ports import Clock, OpenedPorts

__all__ = ["open_ports"]


@asynccontextmanager
async def open_ports(
    *,
    clock: Clock,
    caption_queue_url: str,
    thumbnail_queue_url: str,
    products_table: str,
    staging_table: str,
    topic_arn: str,
    clients: AwsClients | None = None,
    batch_size: int = 100,
    visibility_timeout_seconds: float = 30.0,
    receive_wait_seconds: float = 1.0,
) -> AsyncIterator[OpenedPorts]:
    """Open queues, tables and topic, which have to exist. Leaving the context closes the clients.

    SQS decides after how many deliveries a message goes to the dead letters (``maxReceiveCount``).

    Args:
        clock: the time of retries; SQS and DynamoDB use their own.
        caption_queue_url: the queue of captions.
        thumbnail_queue_url: the queue of thumbnails.
        products_table: the name of the table of products.
        staging_table: the name of the table of waiting halves.
        topic_arn: the topic of announcements.
        clients: region, endpoints and threads; by default those of the AWS SDK's configuration.
        batch_size: the most messages that one ``receive`` returns.
        visibility_timeout_seconds: the length of a lease, in whole seconds.
        receive_wait_seconds: how long ``receive`` waits for the first message.

    Raises:
        ServiceUnavailable: a queue cannot be read.
        NoDeadLetterQueue: a queue has no dead-letter queue.
        SdkUnavailable: the SDK cannot use its configuration.
    """
    with clients or AwsClients() as opened:
        sqs_calls, sns_calls, dynamodb_calls = (
            AwsCalls(service=service, executor=opened.executor) for service in ("SQS", "SNS", "DynamoDB")
        )
        sqs = SqsCalls(sqs=opened.sqs, calls=sqs_calls, clock=clock)
        dynamodb = DynamoDbCalls(dynamodb=opened.dynamodb, calls=dynamodb_calls, clock=clock)
        urls = {Kind.CAPTION: caption_queue_url, Kind.THUMBNAIL: thumbnail_queue_url}
        queues = await asyncio.to_thread(FindQueues(sqs=opened.sqs, calls=sqs_calls), urls)
        nodes = NodeQueues(
            sqs=opened.sqs,
            sqs_calls=sqs_calls,
            sns=opened.sns,
            sns_calls=sns_calls,
            topic_arn=topic_arn,
            clock=clock,
        )
        bus = TopicBus(
            notifier=SnsNotifier(sns=opened.sns, topic_arn=topic_arn, calls=sns_calls, clock=clock),
            nodes=nodes,
            feed=SnsAnnouncementFeed(nodes=nodes, sqs=sqs),
        )
        queue = SqsEventQueue(
            queues=queues,
            sqs=sqs,
            dead_letter_writer=SqsDeadLetterWriter(queues=queues, sqs=sqs, clock=clock),
            batch_size=batch_size,
            visibility_timeout_seconds=visibility_timeout_seconds,
            receive_wait_seconds=receive_wait_seconds,
        )
        products = DynamoDbProductStore(calls=dynamodb, table=products_table)
        staging = DynamoDbStagingStore(calls=dynamodb, table=staging_table)
        try:
            yield OpenedPorts(
                queue=queue,
                publisher=SqsEventPublisher(queues=queues, sqs=sqs),
                dead_letters=SqsDeadLetters(queues=queues, sqs=sqs),
                staging=staging,
                products=products,
                notifier=bus.notifier,
                open_feed=bus.open_feed,
                stamps=DynamoDbShopStamps(),
                videos=DynamoDbVideoLookup(staging=staging, products=products),
            )
        finally:
            await queue.close()
