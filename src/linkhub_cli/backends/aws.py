"""The AWS backend: SQS queues, DynamoDB tables, and an SNS topic on which nodes hear of products.

Without a topic, news stays within the process: a consumer and a server in one process still show products at once,
viewers of other processes find them when they poll, and :mod:`~linkhub_cli.processes.realtime_scope` says so at
start-up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import field, frozen

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
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_writer import SqsLetterBox
from linkhub_adapters.aws.sqs.dead_letters import SqsDeadLetters
from linkhub_adapters.aws.sqs.depths import SqsDepths
from linkhub_adapters.aws.sqs.event_publisher import SqsEventPublisher
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_adapters.aws.sqs.find_queues import FindQueues, NoDeadLetterQueue
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.memory import MemoryAnnouncements
from linkhub_adapters.observability import Figures
from linkhub_cli.backends.aws_usage import usage_of
from linkhub_cli.backends.backend import OPEN_ALL, Backend, Opening
from linkhub_cli.settings import Aws, Settings
from linkhub_cli.settings.queue_urls import QUEUE_SETTINGS, queue_urls
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_cli.wiring.aws_clients import open_clients
from linkhub_core.errors import LinkhubError
from linkhub_core.model import Kind, ProductKey
from linkhub_core.ports import AnnouncementFeed, Clock, Notifier

__all__ = ["open_backend"]

BEAT_SECONDS = 30.0
_NOBODY = ProductKey("linkhub", "readiness")


@asynccontextmanager
async def open_backend(settings: Settings, clock: Clock, opening: Opening = OPEN_ALL) -> AsyncIterator[Backend]:
    """See :class:`~linkhub_cli.backends.OpenBackend`."""
    with open_clients(settings.aws) as clients:
        sqs_calls = AwsCalls(service="SQS", executor=clients.executor)
        find = FindQueues(sqs=clients.sqs, calls=sqs_calls)
        queues = await asyncio.to_thread(_find_queues, find, settings.aws) if opening.uses_queues else {}
        aws = _Aws(settings=settings, clock=clock, clients=clients, sqs_calls=sqs_calls, queues=queues)
        try:
            yield aws.backend()
        finally:
            await aws.queue.close()


def _find_queues(find: FindQueues, aws: Aws) -> Mapping[Kind, SqsQueue]:
    try:
        return find(queue_urls(aws))
    except NoDeadLetterQueue as error:
        problem = (
            "leads to a queue without a dead-letter queue (no redrive policy), and rejected messages need one: "
            "`linkhub init` gives it one, `linkhub doctor` prints the AWS command that does"
        )
        fault = SettingFault(QUEUE_SETTINGS[error.kind], problem, queue_urls(aws)[error.kind])
        raise SettingsFaulty([fault]) from error


@frozen(kw_only=True, eq=False)
class _Aws:
    """The ports over one set of clients."""

    settings: Settings
    clock: Clock
    clients: AwsClients
    sqs_calls: AwsCalls
    queues: Mapping[Kind, SqsQueue]
    sns_calls: AwsCalls = field(init=False)
    sqs: SqsCalls = field(init=False)
    queue: SqsEventQueue = field(init=False)
    depths: SqsDepths = field(init=False)

    @sns_calls.default
    def _sns_calls(self) -> AwsCalls:
        return AwsCalls(service="SNS", executor=self.clients.executor)

    @sqs.default
    def _sqs(self) -> SqsCalls:
        return SqsCalls(sqs=self.clients.sqs, calls=self.sqs_calls, clock=self.clock)

    @queue.default
    def _queue(self) -> SqsEventQueue:
        consuming = self.settings.consuming
        return SqsEventQueue(
            queues=self.queues,
            sqs=self.sqs,
            letter_box=SqsLetterBox(queues=self.queues, sqs=self.sqs, clock=self.clock),
            batch_size=consuming.batch_size,
            visibility_timeout_seconds=consuming.visibility_timeout_seconds,
            receive_wait_seconds=consuming.receive_wait_seconds,
        )

    @depths.default
    def _depths(self) -> SqsDepths:
        return SqsDepths(queues=self.queues, sqs=self.clients.sqs, calls=self.sqs_calls)

    def backend(self) -> Backend:
        dynamodb = DynamoDbCalls(
            dynamodb=self.clients.dynamodb,
            calls=AwsCalls(service="DynamoDB", executor=self.clients.executor),
            clock=self.clock,
        )
        products = DynamoDbProductStore(calls=dynamodb, table=self.settings.aws.products_table)
        staging = DynamoDbStagingStore(calls=dynamodb, table=self.settings.aws.staging_table)
        bus, stamps = self._bus(), DynamoDbShopStamps()
        return Backend(
            name="aws",
            queue=self.queue,
            publisher=SqsEventPublisher(queues=self.queues, sqs=self.sqs),
            dead_letters=SqsDeadLetters(queues=self.queues, sqs=self.sqs),
            staging=staging,
            products=products,
            videos=DynamoDbVideoLookup(staging=staging, products=products),
            notifier=bus.notifier,
            open_feed=bus.open_feed,
            probes={
                "queues": self.depths.queued,
                "products": lambda: products.find([_NOBODY]),
                "staging": lambda: staging.waiting([_NOBODY]),
                **bus.probes,
            },
            work_probes={
                "receive": self.queue.check,
                "work": lambda: _check_all([self.sqs_calls, dynamodb.calls, self.sns_calls]),
            },
            figures=self._figures,
            cheap_to_scan=False,
            stamps=stamps,
            received=stamps.received,
            usage=lambda: usage_of([self.sqs_calls, dynamodb.calls, self.sns_calls], dynamodb.consumption),
        )

    def _bus(self) -> _TopicBus | _ProcessBus:
        topic_arn = self.settings.aws.topic_arn
        if topic_arn is None:
            return _ProcessBus()
        nodes = NodeQueues(
            sqs=self.clients.sqs,
            sqs_calls=self.sqs_calls,
            sns=self.clients.sns,
            sns_calls=self.sns_calls,
            topic_arn=topic_arn,
            clock=self.clock,
        )
        notifier = SnsNotifier(sns=self.clients.sns, topic_arn=topic_arn, calls=self.sns_calls, clock=self.clock)
        return _TopicBus(notifier=notifier, nodes=nodes, feed=SnsAnnouncementFeed(nodes=nodes, sqs=self.sqs))

    async def _figures(self) -> Figures:
        queued, letters = await asyncio.gather(self.depths.queued(), self.depths.dead_letters())
        return Figures(
            taken_at=self.clock.now(),
            queued={kind.value: count for kind, count in queued.items()},
            dead_letters=sum(letters.values()),
        )


async def _check_all(services: Sequence[AwsCalls]) -> None:
    for calls in services:
        await calls.recent.check()


@frozen
class _ProcessBus:
    """News within this process."""

    notifier: MemoryAnnouncements = field(factory=MemoryAnnouncements)

    @property
    def probes(self) -> Mapping[str, Any]:
        return {}

    @asynccontextmanager
    async def open_feed(self) -> AsyncIterator[AnnouncementFeed]:
        feed = self.notifier.open_feed()
        yield feed
        self.notifier.feeds.remove(feed)


@frozen(kw_only=True, eq=False)
class _TopicBus:
    """News by the topic; a serving node hears it through a queue of its own."""

    notifier: Notifier
    nodes: NodeQueues
    feed: SnsAnnouncementFeed
    _open: list[bool] = field(factory=list, init=False)

    @property
    def probes(self) -> Mapping[str, Any]:
        return {"bus": self._check}

    async def _check(self) -> None:
        if self._open:  # a consumer alone listens to nothing
            await self.feed.check()

    @asynccontextmanager
    async def open_feed(self) -> AsyncIterator[AnnouncementFeed]:
        await self.feed.open()
        self._open.append(True)
        beating = asyncio.create_task(self._beat())
        try:
            yield self.feed
        finally:
            self._open.clear()
            beating.cancel()
            await asyncio.wait([beating])
            await self.feed.close()

    async def _beat(self) -> None:
        """Say that this node lives, and take away what dead ones left; a beat that fails shows in readiness."""
        while True:
            with contextlib.suppress(LinkhubError):
                await self.feed.beat()
                await self.nodes.remove_dead()
            await asyncio.sleep(BEAT_SECONDS)
