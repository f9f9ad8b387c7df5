"""Checks all AWS resources of linkhub at once, and never raises: a failure is a result, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from linkhub_adapters.aws.checks.call_failure import CallFailure, FailureKind, failure_of
from linkhub_adapters.aws.checks.caller import CREDENTIALS, are_usable, caller_result, region_results
from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, Subject, fault, of_differences, of_failure, ok
from linkhub_adapters.aws.checks.clock import ClockReadings, clock_result
from linkhub_adapters.aws.checks.node_queues import SUBJECT as NODE_QUEUES
from linkhub_adapters.aws.checks.node_queues import node_result, read_node_queues
from linkhub_adapters.aws.checks.stand_in import is_stand_in, lacking_result, try_statements
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_adapters.aws.resources import Queue, Resources, Table, Topic
from linkhub_adapters.aws.resources.queue_differences import FoundQueue, dead_letter_differences, queue_differences
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.resources.tables import DynamoDbTables, FoundTable, table_differences
from linkhub_adapters.aws.resources.topics import FoundTopic, SnsTopics, topic_differences
from linkhub_adapters.aws.sns.node_queues import NodeQueues
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Verdict

# A service that does not answer is reported within seconds.
BRIEF = {"connect_timeout": 2, "read_timeout": 4, "retries": {"mode": "standard", "total_max_attempts": 2}}
LEAST_VISIBILITY_SECONDS = 10  # a call of a store is given up after this time: a lease should outlive it
_TABLES = (Subject.PRODUCTS, Subject.STAGING)
_QUEUES = {Kind.CAPTION: Subject.CAPTION, Kind.THUMBNAIL: Subject.THUMBNAIL}
# SNS answers with these for the ARN of another region or account.
_NOT_OF_HERE = frozenset({"InvalidParameter", "InvalidParameterException"})


@frozen(kw_only=True, eq=False)
class AccountCheck:
    """Checks all subjects.

    Args:
        plan: the wanted resources.
        queue_urls: the configured queues.
        topic_arn: the configured topic, if there is one.
        clock: this machine's clock.
        region: the region; none leaves it to the SDK.
        endpoint_urls: the configured addresses of services.
        adapt: gets the clients before the first call; tests install faults there.
    """

    plan: Resources
    queue_urls: Mapping[Kind, str]
    topic_arn: str | None
    clock: Clock
    region: str | None = None
    endpoint_urls: Mapping[str, str] = field(factory=dict)
    adapt: Callable[[AwsClients], object] = lambda _: None

    async def __call__(self) -> Sequence[CheckResult]:
        """All results, the causes before their consequences; this takes some seconds at most."""
        region: Sequence[CheckResult] = ()
        try:
            with AwsClients(region=self.region, configured_endpoint_urls=self.endpoint_urls, config=BRIEF) as clients:
                region = region_results(clients.region_name, self._places)
                if clients.region_name is None:
                    return region
                return [*region, *await self._check(clients)]
        except SdkUnavailable as error:
            failure = failure_of(error)
            return [*region, fault(CREDENTIALS, failure.problem, Advice.LOG_IN, failure=failure)]

    @property
    def _places(self) -> Mapping[Subject, str | None]:
        return {**{_QUEUES[kind]: url for kind, url in self.queue_urls.items()}, Subject.TOPIC: self.topic_arn}

    async def _check(self, clients: AwsClients) -> Sequence[CheckResult]:
        self.adapt(clients)
        clocks = ClockReadings(clock=self.clock)
        for client in (clients.sts, clients.dynamodb, clients.sqs, clients.sns):
            clocks.watch(client)
        checks = _Checks(check=self, clients=clients)
        caller = caller_result(await checks.identity())
        if not are_usable(caller):
            seen = "no call can be made without credentials"
            rest = CheckResult(subject="everything else", verdict=Verdict.NOT_CHECKED, seen=seen)
            return [caller, *([clock_result(clocks.readings)] if clocks.readings else []), rest]
        results = await checks.results()
        return [caller, clock_result(clocks.readings), *results]


@define(kw_only=True, eq=False)
class _Checks:
    """One round of checks."""

    check: AccountCheck
    clients: AwsClients
    _queues: list[tuple[Queue, FoundQueue]] = field(factory=list, init=False)

    def _calls(self, service: str) -> AwsCalls:
        return AwsCalls(service=service, executor=self.clients.executor)

    async def identity(self) -> Mapping[str, Any] | CallFailure:
        """The caller, as STS reports it: every caller may ask."""
        try:
            return await self._calls("STS")(self.clients.sts.get_caller_identity)
        except LinkhubError as error:
            return failure_of(error)

    async def results(self) -> Sequence[CheckResult]:
        """Every result but those of the caller and the clock."""
        plan = self.check.plan
        *found, topic = await asyncio.gather(
            *(self._table(resource, table) for resource, table in zip(_TABLES, plan.tables, strict=True)),
            *(self._queue(queue, self.check.queue_urls[queue.kind]) for queue in plan.queues),
            self._topic(),
        )
        layout = layout_results(self._queues)
        lease = visibility_result(plan.queues[0].visibility_timeout_seconds)
        return [result for results in (*found, layout, [lease], topic) for result in results]

    async def _table(self, resource: Subject, table: Table) -> Sequence[CheckResult]:
        subject, dynamodb, calls = f"table {table.name}", self.clients.dynamodb, self._calls("DynamoDB")
        arn = f"arn:aws:dynamodb:*:*:table/{table.name}"
        try:
            found = await DynamoDbTables(dynamodb=dynamodb, calls=calls, clock=self.check.clock).read(table)
        except LinkhubError as error:
            failure = failure_of(error)
            is_denied = failure.kind is FailureKind.DENIED
            if is_denied and await self._is_absent(table):
                return [_missing(subject, resource)]
            lacking = await self._lacking(subject, table) if is_denied else []
            return [*lacking, of_failure(subject, failure, arn=arn, is_needed=False)]
        if found is None:
            return [_missing(subject, resource)]
        lacking = await self._lacking(subject, table) if found.has_keys_of(table) else []
        return [*lacking, *table_results(subject, resource, table, found)]

    async def _is_absent(self, table: Table) -> bool:
        """Whether a read reports it: a process that may not describe a table may read it."""
        key: Any = {name: {"S": "linkhub:doctor"} for name in (table.partition_key, table.sort_key)}
        try:
            await self._calls("DynamoDB")(
                self.clients.dynamodb.batch_get_item, RequestItems={table.name: {"Keys": [key]}}
            )
        except LinkhubError as error:
            return failure_of(error).kind is FailureKind.MISSING
        return False

    async def _lacking(self, subject: str, table: Table) -> Sequence[CheckResult]:
        endpoint_url = str(self.clients.dynamodb.meta.endpoint_url)
        if not is_stand_in(endpoint_url):
            return []
        lacking = await try_statements(self.clients.dynamodb, self._calls("DynamoDB"), table)
        return [lacking_result(subject, endpoint_url, lacking)] if lacking else []

    async def _queue(self, queue: Queue, url: str) -> Sequence[CheckResult]:
        subject, resource = f"queue {queue.name}", _QUEUES[queue.kind]
        try:
            found = await SqsQueues(sqs=self.clients.sqs, calls=self._calls("SQS")).read(url, queue)
        except LinkhubError as error:
            arn = f"arn:aws:sqs:*:*:{queue.name}"
            return [of_failure(subject, failure_of(error), arn=arn, is_needed=True)]
        if found is None:
            return [_missing(subject, resource)]
        self._queues.append((queue, found))
        return queue_results(subject, resource, queue, found)

    async def _topic(self) -> Sequence[CheckResult]:
        arn = self.check.topic_arn
        if arn is None:
            seen = "none is configured: clients of other processes get products only when they poll"
            return [CheckResult(subject="topic", verdict=Verdict.WARNING, seen=seen, advice=Advice.SET_TOPIC)]
        subject = f"topic {name_of(arn)}"
        try:
            found = await SnsTopics(sns=self.clients.sns, calls=self._calls("SNS")).read(arn)
        except LinkhubError as error:
            failure = failure_of(error)
            if failure.code in _NOT_OF_HERE:
                return [_missing(subject, Subject.TOPIC)]
            result = of_failure(subject, failure, arn=arn, is_needed=False)
            return [result, *(await self._nodes(arn) if failure.kind is FailureKind.DENIED else [])]
        if found is None:
            return [_missing(subject, Subject.TOPIC)]
        return [*topic_results(subject, self.check.plan.topic, found), *await self._nodes(arn)]

    async def _nodes(self, topic_arn: str) -> Sequence[CheckResult]:
        try:
            found = await read_node_queues(
                NodeQueues(
                    sqs=self.clients.sqs,
                    sqs_calls=self._calls("SQS"),
                    sns=self.clients.sns,
                    sns_calls=self._calls("SNS"),
                    topic_arn=topic_arn,
                    clock=self.check.clock,
                )
            )
        except LinkhubError as error:
            return [of_failure(NODE_QUEUES, failure_of(error), arn="*", is_needed=False)]
        return [node_result(found, self.check.clock.now())]


def _missing(subject: str, resource: Subject) -> CheckResult:
    return fault(subject, "it does not exist", Advice.PROVISION, resource=resource)


def table_results(subject: str, resource: Subject, table: Table, found: FoundTable) -> Sequence[CheckResult]:
    """The results for a table that is there."""
    arn = str(found.description.get("TableArn", f"arn:aws:dynamodb:*:*:table/{table.name}"))
    results = [
        *of_differences(subject, resource, table.name, table_differences(table, found)),
        *(of_failure(subject, failure_of(error), arn=arn, is_needed=False) for error in found.unread),
    ]
    index = [f"index {table.index_name}"] if table.index_name else []
    expiry = [f"expiry by {table.ttl_attribute}"] if table.ttl_attribute else []
    keys = f"keys {table.partition_key}, {table.sort_key}"
    return results or [ok(subject, ", ".join([keys, *index, *expiry, "point-in-time recovery"]))]


def queue_results(subject: str, resource: Subject, queue: Queue, found: FoundQueue) -> Sequence[CheckResult]:
    """The results for a queue that is there, and its dead-letter queue."""
    arn, dead_letters = found.dead_letter_arn(queue), found.dead_letters
    differences = [*queue_differences(queue, found)]
    if dead_letters is not None and found.redrive_policy:
        differences += dead_letter_differences(
            queue, dead_letters, source_arn=found.arn, messages_kept_seconds=found.retention_seconds
        )
    results = [*of_differences(subject, resource, found.name, differences)]
    if found.unread is not None:
        results.append(of_failure(f"queue {name_of(arn)}", failure_of(found.unread), arn=arn, is_needed=True))
    return results or [ok(subject, _facts_of(found, name_of(arn)))]


def _facts_of(found: FoundQueue, dead_letters: str) -> str:
    facts = (
        f"dead letters after {found.redrive_policy['maxReceiveCount']} receives in {dead_letters}, "
        f"kept {found.retention_seconds / 86_400:g} days, hidden {found.attributes['VisibilityTimeout']} s"
    )
    if found.attributes.get("FifoQueue") != "true":
        return facts
    is_quick = found.attributes.get("FifoThroughputLimit") == "perMessageGroupId"
    return f"{facts}, FIFO{'' if is_quick else ' of 300 calls a second'}"


def layout_results(queues: Sequence[tuple[Queue, FoundQueue]]) -> Sequence[CheckResult]:
    """Whether the queues share a dead-letter queue, and whether one is the dead-letter queue of another.

    A shared dead-letter queue is sound: each dead letter names the queue that it came from.
    """
    by_arn: dict[str, list[FoundQueue]] = {}
    for queue, found in queues:
        if found.redrive_policy:
            by_arn.setdefault(found.dead_letter_arn(queue), []).append(found)
    working = {found.arn: (queue, found) for queue, found in queues}
    results = []
    for arn, sources in by_arn.items():
        if arn not in working:
            continue
        (queue, found), names = working[arn], ", ".join(source.name for source in sources)
        seen = f"it is the dead-letter queue of {names}: consumers take dead letters for events"
        results.append(fault(f"queue {found.name}", seen, Advice.SEPARATE, resource=_QUEUES[queue.kind], details=names))
    if results or not by_arn:
        return results
    names = ", ".join(map(name_of, by_arn))
    if len(by_arn) < sum(map(len, by_arn.values())):
        return [ok("dead letters", f"both queues share {names}: each dead letter names the queue that it came from")]
    return [ok("dead letters", f"each queue has its own: {names}")]


def visibility_result(seconds: int) -> CheckResult:
    """Whether the time-out that consumers ask for, and renew when a third of it is over, outlives a slow call."""
    subject = "visibility time-out of consumers"
    seen = f"{seconds} s, renewed every {seconds / 3:.3g} s while work goes on"
    if seconds >= LEAST_VISIBILITY_SECONDS:
        return ok(subject, seen)
    seen = f"{seen}: a call to AWS may take {LEAST_VISIBILITY_SECONDS} s, and messages are delivered twice meanwhile"
    return CheckResult(subject=subject, verdict=Verdict.WARNING, seen=seen, advice=Advice.RAISE_VISIBILITY)


def topic_results(subject: str, topic: Topic, found: FoundTopic) -> Sequence[CheckResult]:
    """The results for a topic that is there."""
    results = [
        evolve(result, advice=None if result.calls else Advice.CONFIRM)
        for result in of_differences(subject, Subject.TOPIC, found.arn, topic_differences(topic, found))
    ]
    if found.unread is not None:
        results.append(of_failure(subject, failure_of(found.unread), arn="*", is_needed=False))
    return results or [ok(subject, f"subscriptions: {found.confirmed}, none waiting to be confirmed")]
