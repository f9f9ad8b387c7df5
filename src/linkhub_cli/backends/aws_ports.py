"""The ports over SQS, DynamoDB and SNS.

Without a topic, announcements stay within the process: one process that consumes and serves shows products at once;
viewers of other processes see them when they poll.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

from attrs import field, frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_adapters.aws.client.sdk_faults import SdkPart, SdkUnavailable
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
from linkhub_adapters.aws.sqs.depths import SqsDepths
from linkhub_adapters.aws.sqs.event_publisher import SqsEventPublisher
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_adapters.aws.sqs.find_queues import FindQueues, NoDeadLetterQueue
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.memory import MemoryAnnouncements
from linkhub_adapters.observability import CloudUsage, Figures
from linkhub_cli.backends.aws_settings import QUEUE_VARIABLES, TOPIC_VARIABLE, AwsSettings
from linkhub_cli.backends.plugin import Backend, Opening
from linkhub_cli.settings import Settings, SettingsFaulty
from linkhub_core.model import Kind, ProductKey
from linkhub_core.ports import Clock

_PROBE_KEY = ProductKey("linkhub", "readiness")

# Codes of calls, and of the statements of a batch, that DynamoDB throttled.
THROTTLED = (
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
)


@contextmanager
def open_clients(aws: AwsSettings) -> Iterator[AwsClients]:
    """The clients of AWS; leaving the context closes them.

    Raises:
        SettingsFaulty: no region is configured, which the first client finds out.
        SdkUnavailable: the SDK cannot use its configuration.
    """
    try:
        with AwsClients(region=aws.region, configured_endpoint_urls=aws.endpoint_urls) as clients:
            yield clients
    except SdkUnavailable as error:
        if error.fault.part is SdkPart.REGION:
            raise SettingsFaulty.of("AWS_REGION", "is needed: set it to the region of AWS") from error
        raise


@asynccontextmanager
async def open_ports(settings: Settings, clock: Clock, opening: Opening) -> AsyncIterator[Backend]:
    """See :meth:`linkhub_cli.backends.BackendPlugin.open`."""
    own = settings.of(AwsSettings)
    with open_clients(own) as clients:
        sqs_calls = AwsCalls(service="SQS", executor=clients.executor)
        find = FindQueues(sqs=clients.sqs, calls=sqs_calls)
        queues = await asyncio.to_thread(_find_queues, find, own) if opening.uses_queues else {}
        aws = _Aws(settings=settings, clock=clock, clients=clients, sqs_calls=sqs_calls, queues=queues)
        try:
            yield aws.backend()
        finally:
            await aws.queue.close()


def _find_queues(find: FindQueues, aws: AwsSettings) -> Mapping[Kind, SqsQueue]:
    try:
        return find(aws.queue_urls)
    except NoDeadLetterQueue as error:
        problem = (
            "leads to a queue without a dead-letter queue (no redrive policy), and rejected messages need one: "
            "`linkhub init` gives it one, `linkhub doctor` prints the AWS command that does"
        )
        raise SettingsFaulty.of(QUEUE_VARIABLES[error.kind], problem, aws.queue_urls[error.kind]) from error


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
            dead_letter_writer=SqsDeadLetterWriter(queues=self.queues, sqs=self.sqs, clock=self.clock),
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
        products = DynamoDbProductStore(calls=dynamodb, table=self.settings.of(AwsSettings).products_table)
        staging = DynamoDbStagingStore(calls=dynamodb, table=self.settings.of(AwsSettings).staging_table)
        stamps = DynamoDbShopStamps()
        bus = self._bus()
        local = MemoryAnnouncements()  # without a topic, announcements stay in this process
        return Backend(
            queue=self.queue,
            publisher=SqsEventPublisher(queues=self.queues, sqs=self.sqs),
            dead_letters=SqsDeadLetters(queues=self.queues, sqs=self.sqs),
            staging=staging,
            products=products,
            videos=DynamoDbVideoLookup(staging=staging, products=products),
            notifier=local if bus is None else bus.notifier,
            open_feed=local.open_feed if bus is None else bus.open_feed,
            probes={
                "queues": self.depths.queued,
                "products": lambda: products.find([_PROBE_KEY]),
                "staging": lambda: staging.waiting([_PROBE_KEY]),
                **({} if bus is None else {"bus": bus.check}),
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
            missing_bus_setting=None if self.settings.of(AwsSettings).topic_arn else TOPIC_VARIABLE,
        )

    def _bus(self) -> TopicBus | None:
        topic_arn = self.settings.of(AwsSettings).topic_arn
        if topic_arn is None:
            return None
        nodes = NodeQueues(
            sqs=self.clients.sqs,
            sqs_calls=self.sqs_calls,
            sns=self.clients.sns,
            sns_calls=self.sns_calls,
            topic_arn=topic_arn,
            clock=self.clock,
        )
        notifier = SnsNotifier(sns=self.clients.sns, topic_arn=topic_arn, calls=self.sns_calls, clock=self.clock)
        return TopicBus(notifier=notifier, nodes=nodes, feed=SnsAnnouncementFeed(nodes=nodes, sqs=self.sqs))

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


def usage_of(services: Sequence[AwsCalls], consumption: Consumption) -> CloudUsage:
    """The calls that this process made, by service, and the units that DynamoDB charged."""
    throttled = {("DynamoDB", code): 0 for code in THROTTLED}  # so that the first one is an increase, too
    return CloudUsage(
        calls=_by_service(services, lambda calls: calls.counts),
        retries=_by_service(services, lambda calls: calls.retries),
        failures=throttled | _by_service(services, lambda calls: calls.failures),
        units={
            (table, direction): units
            for direction, counted in (("read", consumption.read_units), ("write", consumption.write_units))
            for table, units in counted.items()
        },
    )


def _by_service(services: Sequence[AwsCalls], counts: Callable[[AwsCalls], Counter[str]]) -> dict[tuple[str, str], int]:
    # A copy first: threads may add a name at this moment.
    return {(calls.service, name): count for calls in services for name, count in counts(calls).copy().items()}
