"""Opens every port over SQS, DynamoDB and SNS: at once (:func:`open_ports`), or part by part (:class:`AwsServices`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from typing import Unpack

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.shop_directory import DynamoDbShopDirectory
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
from linkhub_adapters.aws.sqs.queue_contents import SqsQueueContents
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import AnnouncementFeed, Clock, LeaseOptions, Notifier, OpenedPorts

OpenFeed = Callable[[], AbstractAsyncContextManager[AnnouncementFeed]]


@frozen(kw_only=True, eq=False)
class AwsServices:
    """The services as one process calls them: one set of clients, and counts of all calls.

    Args:
        clients: region, endpoints and threads.
        clock: the time of retries; SQS and DynamoDB use their own.
    """

    clients: AwsClients
    clock: Clock

    @cached_property
    def calls(self) -> Mapping[str, AwsCalls]:
        """The calls of each service, counted."""
        return {name: AwsCalls(service=name, executor=self.clients.executor) for name in ("SQS", "DynamoDB", "SNS")}

    @cached_property
    def sqs(self) -> SqsCalls:
        """The calls that receive, send and delete messages."""
        return SqsCalls(sqs=self.clients.sqs, calls=self.calls["SQS"], clock=self.clock)

    @cached_property
    def dynamodb(self) -> DynamoDbCalls:
        """The calls that read and write items."""
        return DynamoDbCalls(dynamodb=self.clients.dynamodb, calls=self.calls["DynamoDB"], clock=self.clock)

    async def find_queues(self, urls: Mapping[Kind, str]) -> Mapping[Kind, SqsQueue]:
        """Find queues and their dead-letter queues.

        Raises:
            ServiceUnavailable: a queue cannot be read.
            NoDeadLetterQueue: a queue has no dead-letter queue.
        """
        return await asyncio.to_thread(FindQueues(sqs=self.clients.sqs, calls=self.calls["SQS"]), urls)

    def topic_bus(self, topic_arn: str) -> TopicBus:
        """The bus on a topic."""
        sns, calls = self.clients.sns, self.calls["SNS"]
        nodes = NodeQueues(
            sqs=self.clients.sqs,
            sqs_calls=self.calls["SQS"],
            sns=sns,
            sns_calls=calls,
            topic_arn=topic_arn,
            clock=self.clock,
        )
        notifier = SnsNotifier(sns=sns, topic_arn=topic_arn, calls=calls, clock=self.clock)
        return TopicBus(notifier=notifier, nodes=nodes, feed=SnsAnnouncementFeed(nodes=nodes, sqs=self.sqs))

    @asynccontextmanager
    async def ports(
        self,
        queues: Mapping[Kind, SqsQueue],
        *,
        products_table: str,
        staging_table: str,
        notifier: Notifier,
        open_feed: OpenFeed,
        **options: Unpack[LeaseOptions],
    ) -> AsyncIterator[AwsPorts]:
        """The ports over queues, tables and a bus; leaving the context stops the polls of the queues."""
        queue = SqsEventQueue(
            queues=queues,
            sqs=self.sqs,
            dead_letter_writer=SqsDeadLetterWriter(queues=queues, sqs=self.sqs, clock=self.clock),
            **options,
        )
        products = DynamoDbProductStore(calls=self.dynamodb, table=products_table)
        staging = DynamoDbStagingStore(calls=self.dynamodb, table=staging_table)
        try:
            yield AwsPorts(
                queue=queue,
                publisher=SqsEventPublisher(queues=queues, sqs=self.sqs),
                dead_letters=SqsDeadLetters(queues=queues, sqs=self.sqs),
                queue_contents=SqsQueueContents(queues=queues, sqs=self.sqs),
                staging=staging,
                products=products,
                notifier=notifier,
                open_feed=open_feed,
                stamps=DynamoDbShopStamps(),
                shops=DynamoDbShopDirectory(products=products),
                videos=DynamoDbVideoLookup(staging=staging, products=products),
            )
        finally:
            await queue.close()


@frozen(kw_only=True)
class AwsPorts(OpenedPorts):
    """The ports, with what only the adapters of AWS have."""

    queue: SqsEventQueue
    stamps: DynamoDbShopStamps


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
    **options: Unpack[LeaseOptions],
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
        options: see :data:`linkhub_core.ports.QUEUE_DEFAULTS`; leases are in whole seconds.

    Raises:
        ServiceUnavailable: a queue cannot be read.
        NoDeadLetterQueue: a queue has no dead-letter queue.
        SdkUnavailable: the SDK cannot use its configuration.
    """
    with clients or AwsClients() as opened:
        services = AwsServices(clients=opened, clock=clock)
        queues = await services.find_queues({Kind.CAPTION: caption_queue_url, Kind.THUMBNAIL: thumbnail_queue_url})
        bus = services.topic_bus(topic_arn)
        async with services.ports(
            queues,
            products_table=products_table,
            staging_table=staging_table,
            notifier=bus.notifier,
            open_feed=bus.open_feed,
            **options,
        ) as ports:
            yield ports
