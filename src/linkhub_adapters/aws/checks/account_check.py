"""Examines everything that linkhub needs of AWS, side by side, and never raises: what goes wrong is a finding, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from attrs import define, evolve, field, frozen

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.call_failures import LOG_IN
from linkhub_adapters.aws.checks.caller import (
    CREDENTIALS,
    MendOf,
    are_usable,
    ask_identity,
    caller_findings,
    region_findings,
)
from linkhub_adapters.aws.checks.clock import clock_findings
from linkhub_adapters.aws.checks.needs import Resource, Role, needed_actions
from linkhub_adapters.aws.checks.node_queues import look_at_nodes, node_findings
from linkhub_adapters.aws.checks.permissions import (
    Allowance,
    Needed,
    Permissions,
    outcome_of,
    permission_findings,
    policy_source_of,
    simulate,
    try_index,
    try_queue,
    try_table,
)
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.queues import (
    QueueSeen,
    layout_findings,
    lease_findings,
    look_at_queue,
    queue_findings,
)
from linkhub_adapters.aws.checks.services import Services, open_services
from linkhub_adapters.aws.checks.stand_in import is_stand_in, lacks_of, try_statements, without_statements
from linkhub_adapters.aws.checks.tables import TableSeen, look_at_table, table_findings
from linkhub_adapters.aws.checks.topic import SETTING, look_at_topic, topic_findings
from linkhub_adapters.aws.client.sdk_faults import sdk_fault_of
from linkhub_adapters.aws.client.sdk_session import SdkSession
from linkhub_adapters.aws.resources import NODE_QUEUES, QUEUE_SETTINGS, Table, products_table, staging_table
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding

__all__ = ["AccountCheck", "Subjects"]


@frozen(kw_only=True)
class Subjects:
    """What is to be examined: what the settings name. ``role`` is what the caller's process does, if that is known."""

    queue_urls: Mapping[Kind, str]
    products_table: str
    staging_table: str
    topic_arn: str | None
    visibility_timeout_seconds: float
    role: Role | None = None
    region: str | None = None
    endpoint_url: str | None = None
    configured_endpoint_urls: Mapping[str, str] = field(factory=dict)

    @property
    def places(self) -> Mapping[str, str | None]:
        """Whatever names a region, by the setting that holds it."""
        return {**{QUEUE_SETTINGS[kind]: url for kind, url in self.queue_urls.items()}, SETTING: self.topic_arn}

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables, by the setting that names each."""
        return {
            "DYNAMODB_PRODUCTS_TABLE": products_table(self.products_table),
            "DYNAMODB_STAGING_TABLE": staging_table(self.staging_table),
        }


@frozen(kw_only=True, eq=False)
class AccountCheck:
    """Looks at everything that is named.

    ``mend_of`` says what mends a fault of the SDK's configuration. ``adapt`` is handed the clients before the first
    call: a test puts its faults in there.
    """

    subjects: Subjects
    clock: Clock
    mend_of: MendOf = lambda _: LOG_IN
    adapt: Callable[[Services], object] = lambda _: None

    async def __call__(self) -> Sequence[Finding]:
        """Everything that is to be said, in the order in which it is best read; it takes some seconds at most."""
        region: Sequence[Finding] = ()
        session = SdkSession(
            region=self.subjects.region,
            endpoint_url=self.subjects.endpoint_url,
            configured_endpoint_urls=self.subjects.configured_endpoint_urls,
        )
        try:
            region = region_findings(session.region_name, self.subjects.places)
            if session.region_name is None:
                return region
            with open_services(session) as services:
                self.adapt(services)
                command = AwsCommand(region=session.region_name, endpoint_of=session.endpoint_url_of)
                return [*region, *await self._examine(services, command)]
        except Exception as error:
            fault = sdk_fault_of(error)
            if fault is None:
                raise
            return [*region, Finding.fault(CREDENTIALS, fault.problem, *self.mend_of(fault))]

    async def _examine(self, services: Services, command: AwsCommand) -> Sequence[Finding]:
        inquiry = Probe(clock=self.clock, executor=services.executor)
        identity = await ask_identity(inquiry, services)
        caller = caller_findings(identity, self.mend_of)
        if not are_usable(caller):
            rest = Finding.not_checked("everything else", "without credentials nothing may be asked")
            clock = clock_findings(inquiry.readings) if inquiry.readings else ()
            return [*caller, *clock, rest]
        source = None if isinstance(identity, Refusal) else policy_source_of(identity["Arn"])
        round_ = _Round(
            subjects=self.subjects,
            clock=self.clock,
            inquiry=inquiry,
            services=services,
            aws=command,
            source=source,
            needs=needed_actions(self.subjects.role),
        )
        findings = await round_.findings()
        return [*caller, *clock_findings(inquiry.readings), *findings, *round_.permissions]


@define(kw_only=True, eq=False)
class _Round:
    """One round through all subjects; what is said of permissions is gathered to stand last."""

    subjects: Subjects
    clock: Clock
    inquiry: Probe
    services: Services
    aws: AwsCommand
    source: str | None
    needs: Mapping[Resource, tuple[str, ...]]
    _permissions: dict[str, Sequence[Finding]] = field(factory=dict, init=False)
    _queues: dict[Kind, QueueSeen] = field(factory=dict, init=False)

    @property
    def permissions(self) -> Sequence[Finding]:
        """What was found of permissions, in the order of the resources' names."""
        return [finding for _, findings in sorted(self._permissions.items()) for finding in findings]

    async def findings(self) -> Sequence[Finding]:
        """Everything but permissions."""
        *found, topic = await asyncio.gather(
            *(self._table(table, setting) for setting, table in self.subjects.tables.items()),
            *(self._queue(kind, url) for kind, url in self.subjects.queue_urls.items()),
            self._topic(),
        )
        leases = lease_findings(self.subjects.visibility_timeout_seconds)
        layout = layout_findings([self._queues[kind] for kind in self.subjects.queue_urls])
        return [finding for findings in (*found, layout, leases, topic) for finding in findings]

    async def _table(self, table: Table, setting: str) -> Sequence[Finding]:
        seen: TableSeen = await look_at_table(self.inquiry, self.services, table, setting)
        resource = Resource.STAGING if table.ttl_attribute else Resource.PRODUCTS
        lacking = await self._lacking(seen)
        if seen.may_be_tried:
            told = {action: outcome_of(action, reply) for action, reply in seen.replies.items() if reply is not None}
            needed = self._needed(resource, seen.subject, seen.arn)
            if lacking:
                needed = evolve(needed, actions=without_statements(needed.actions))
            tried = await try_table(self.inquiry, self.services, table, needed.actions)
            await self._may(needed, {**told, **tried})
        if seen.may_be_tried and seen.has_index:
            tried = await try_index(self.inquiry, self.services, table)
            await self._may(self._needed(Resource.INDEX, f"{seen.subject}, its index", f"{seen.arn}/index/*"), tried)
        return [*lacking, *table_findings(seen, self.aws)]

    async def _lacking(self, seen: TableSeen) -> Sequence[Finding]:
        """What a server in place of DynamoDB cannot do, by its answers to statements."""
        endpoint_url = str(self.services.dynamodb.meta.endpoint_url)
        if not (seen.may_be_tried and is_stand_in(endpoint_url)):
            return []
        lacking = await try_statements(self.inquiry, self.services, seen.table)
        return [lacks_of(seen.subject, endpoint_url, lacking)] if lacking else []

    async def _queue(self, kind: Kind, url: str) -> Sequence[Finding]:
        seen: QueueSeen = await look_at_queue(self.inquiry, self.services, kind, url)
        self._queues[kind] = seen
        if not isinstance(seen.attributes, Refusal):
            tried = await try_queue(self.inquiry, self.services, url)
            await self._may(self._needed(Resource.QUEUE, seen.subject, seen.arn), tried)
        dead = seen.dead_letters
        if dead is not None and dead.url is not None and not isinstance(dead.attributes, Refusal):
            tried = await try_queue(self.inquiry, self.services, dead.url)
            await self._may(self._needed(Resource.DEAD_LETTER_QUEUE, f"queue {dead.name}", dead.arn), tried)
        return queue_findings(seen, self.subjects.visibility_timeout_seconds, self.aws)

    async def _topic(self) -> Sequence[Finding]:
        seen = await look_at_topic(self.inquiry, self.services, self.subjects.topic_arn)
        findings = list(topic_findings(seen, self.aws))
        if seen is None or not (seen.is_there or _is_denied(seen.attributes)):
            return findings
        nodes = await look_at_nodes(self.inquiry, self.services, seen.arn)
        is_needed = self.subjects.role is Role.SERVER
        findings += node_findings(nodes, self.clock.now(), self.aws, is_needed=is_needed)
        told = {"sns:GetTopicAttributes": outcome_of("sns:GetTopicAttributes", seen.attributes)}
        _, partition, _, region, account, name = seen.arn.split(":")
        await self._may(self._needed(Resource.TOPIC, f"topic {name}", seen.arn), told)
        pattern = f"arn:{partition}:sqs:{region}:{account}:{NODE_QUEUES}"
        await self._may(self._needed(Resource.NODE_QUEUES, "queues of nodes", pattern), {})
        told = {"sqs:ListQueues": outcome_of("sqs:ListQueues", nodes.tags)}
        await self._may(self._needed(Resource.ANY, "what has no name", "*"), told)
        return findings

    def _needed(self, resource: Resource, name: str, arn: str) -> Needed:
        is_certain = self.subjects.role is not None
        return Needed(name=name, arn=arn, actions=self.needs[resource], is_certain=is_certain)

    async def _may(self, needed: Needed, tried: Mapping[str, Allowance]) -> None:
        """Ask IAM for what could not be tried, and note what is to be said."""
        untried = tuple(action for action in needed.actions if action not in tried)
        known, why_unknown = dict(tried), "no harmless trial, and IAM is not asked without a user or role"
        if untried and self.source is not None:
            told = await simulate(self.inquiry, self.services, self.source, evolve(needed, actions=untried))
            if isinstance(told, Refusal):
                why_unknown = f"no harmless trial, and iam:SimulatePrincipalPolicy gave nothing: {told.problem}"
            else:
                known.update(told)
        self._permissions[needed.name] = permission_findings(Permissions(needed=needed, known=known), why_unknown)


def _is_denied(attributes: object) -> bool:
    return isinstance(attributes, Refusal) and attributes.why is Why.DENIED
