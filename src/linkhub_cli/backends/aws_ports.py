"""Opens the AWS backend.

Without a topic, announcements stay within the process: one process that consumes and serves shows products at once;
viewers of other processes see them when they poll.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_adapters.aws.client.sdk_faults import SdkPart, SdkUnavailable
from linkhub_adapters.aws.ports import AwsPorts, AwsServices
from linkhub_adapters.aws.sns.topic_bus import TopicBus
from linkhub_adapters.aws.sqs.depths import SqsDepths
from linkhub_adapters.aws.sqs.find_queues import NoDeadLetterQueue
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
    aws, consuming = settings.of(AwsSettings), settings.consuming
    with open_clients(aws) as clients:
        services = AwsServices(clients=clients, clock=clock)
        queues = await _find_queues(services, aws) if opening.uses_queues else {}
        bus = services.topic_bus(aws.topic_arn) if aws.topic_arn is not None else None
        local = MemoryAnnouncements()  # without a topic, announcements stay in this process
        async with services.ports(
            queues,
            products_table=aws.products_table,
            staging_table=aws.staging_table,
            notifier=local if bus is None else bus.notifier,
            open_feed=local.open_feed if bus is None else bus.open_feed,
            batch_size=consuming.batch_size,
            visibility_timeout_seconds=consuming.visibility_timeout_seconds,
            receive_wait_seconds=consuming.receive_wait_seconds,
        ) as ports:
            yield _backend(ports, services, bus)


async def _find_queues(services: AwsServices, aws: AwsSettings) -> Mapping[Kind, SqsQueue]:
    try:
        return await services.find_queues(aws.queue_urls)
    except NoDeadLetterQueue as error:
        problem = (
            "leads to a queue without a dead-letter queue (no redrive policy), and rejected messages need one: "
            "`linkhub init` gives it one, `linkhub doctor` prints the AWS command that does"
        )
        raise SettingsFaulty.of(QUEUE_VARIABLES[error.kind], problem, aws.queue_urls[error.kind]) from error


def _backend(ports: AwsPorts, services: AwsServices, bus: TopicBus | None) -> Backend:
    depths = SqsDepths(queues=ports.queue.queues, sqs=services.clients.sqs, calls=services.calls["SQS"])

    async def figures() -> Figures:
        queued, letters = await asyncio.gather(depths.queued(), depths.dead_letters())
        return Figures(
            taken_at=services.clock.now(),
            queued={kind.value: count for kind, count in queued.items()},
            dead_letters=sum(letters.values()),
        )

    async def check_calls() -> None:
        for calls in services.calls.values():
            await calls.recent.check()

    return Backend.of(
        ports,
        figures=figures,
        probes={
            "queues": depths.queued,
            "products": lambda: ports.products.find([_PROBE_KEY]),
            "staging": lambda: ports.staging.waiting([_PROBE_KEY]),
            **({} if bus is None else {"bus": bus.check}),
        },
        work_probes={"receive": ports.queue.check, "work": check_calls},
        cheap_to_scan=False,
        received=ports.stamps.received,
        usage=lambda: usage_of(services.calls.values(), services.dynamodb.consumption),
        missing_bus_setting=TOPIC_VARIABLE if bus is None else None,
    )


def usage_of(services: Collection[AwsCalls], consumption: Consumption) -> CloudUsage:
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


def _by_service(
    services: Collection[AwsCalls], counts: Callable[[AwsCalls], Counter[str]]
) -> dict[tuple[str, str], int]:
    # A copy first: threads may add a name at this moment.
    return {(calls.service, name): count for calls in services for name, count in counts(calls).copy().items()}
