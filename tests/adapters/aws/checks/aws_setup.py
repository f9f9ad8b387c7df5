"""Everything that linkhub needs, made on the test servers as planned, and the check of it.

STS and point-in-time recovery, which the servers do not have, are answered on the wire.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from attrs import define, evolve, field, frozen
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from linkhub_adapters.aws.checks import AccountCheck, CheckResult
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.resources import Queue, Resources, Table, products_table, resources, staging_table
from linkhub_adapters.aws.resources.definitions import attribute_texts
from linkhub_adapters.aws.resources.difference import Call
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, PUBLISH, with_tls_only
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Verdict
from tests.adapters.aws.table_fixture import create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

CALLER = "arn:aws:sts::123456789012:assumed-role/linkhub/i-0123456789"


@frozen
class ShiftedClock:
    """The machine's clock, were it off by so much."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a check does not wait")


@frozen
class _Body:
    content: bytes

    def stream(self, **_: Any) -> list[bytes]:
        return [self.content]


def _answer(request: AWSPreparedRequest, text: str) -> AWSResponse:
    return AWSResponse(request.url, 200, HTTPHeaders(), _Body(text.encode()))


@define(kw_only=True)
class WireAnswers:
    """The answers of STS and of DynamoDB's backups."""

    caller: str = CALLER
    is_backed_up: bool = True

    def put_into(self, clients: AwsClients) -> None:
        answers: tuple[tuple[Any, str, Any], ...] = (
            (clients.sts, "sts.GetCallerIdentity", self._identity),
            (clients.dynamodb, "dynamodb.DescribeContinuousBackups", self._backups),
        )
        for client, event, answer in answers:
            client.meta.events.register(f"before-send.{event}", answer)

    def _identity(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        identity = f"<Arn>{self.caller}</Arn><UserId>A</UserId><Account>123456789012</Account>"
        result = f"<GetCallerIdentityResult>{identity}</GetCallerIdentityResult>"
        return _answer(request, f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")

    def _backups(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status = "ENABLED" if self.is_backed_up else "DISABLED"
        recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}}
        return _answer(
            request,
            json.dumps({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", **recovery}}),
        )


def problems(results: Sequence[CheckResult]) -> Sequence[CheckResult]:
    """The problems; each fault and each warning says what to do."""
    found = [result for result in results if result.verdict is not Verdict.OK]
    assert all(result.advice or result.calls for result in found if result.verdict is not Verdict.NOT_CHECKED)
    return found


@frozen(kw_only=True)
class Configured:
    """The names in a configuration."""

    queue_urls: Mapping[Kind, str]
    products_table: str
    staging_table: str
    topic_arn: str | None
    kms_key_arn: str | None = None

    @property
    def plan(self) -> Resources:
        """The wanted resources under these names."""
        return resources(
            products=self.products_table,
            staging=self.staging_table,
            caption_queue=name_of(self.queue_urls[Kind.CAPTION]),
            thumbnail_queue=name_of(self.queue_urls[Kind.THUMBNAIL]),
            kms_key_arn=self.kms_key_arn,
        )


@define(kw_only=True, eq=False)
class AwsSetup:
    """A configuration without problems, under names of its own."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient
    answers: WireAnswers = field(factory=WireAnswers)
    break_it: Callable[[AwsClients], object] = lambda _: None
    clock: ShiftedClock = ShiftedClock()
    name: str = field(factory=lambda: f"d{uuid4().hex[:10]}")
    configured: Configured = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.configured = Configured(
            queue_urls={kind: self.make_queue(Queue(kind=kind, name=f"{self.name}-{kind}")) for kind in Kind},
            products_table=self.make_table(products_table(f"{self.name}-products")),
            staging_table=self.make_table(staging_table(f"{self.name}-staging")),
            topic_arn=self.make_topic(f"{self.name}-topic"),
        )

    @property
    def clients(self) -> Mapping[str, Any]:
        """The clients by the names of their services."""
        return {"dynamodb": self.dynamodb, "sqs": self.sqs, "sns": self.sns}

    @property
    def caption_url(self) -> str:
        return self.configured.queue_urls[Kind.CAPTION]

    @property
    def caption_queue(self) -> str:
        """Its name in findings."""
        return f"queue {self.name}-caption"

    def make_table(self, table: Table) -> str:
        create_table(self.dynamodb, table)
        if table.time_to_live:
            wanted: Any = table.time_to_live
            self.dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=wanted)
        return table.name

    def make_queue(self, queue: Queue) -> str:
        letters = self._make_queue(queue.dead_letter_name, queue.dead_letter_attributes)
        arn = self.sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({**queue.redrive_policy(arn), "maxReceiveCount": str(queue.max_receive_count)})
        return self._make_queue(queue.name, {**queue.attributes, "RedrivePolicy": redrive})

    def make_topic(self, name: str) -> str:
        arn = self.sns.create_topic(Name=name)["TopicArn"]
        policy = with_tls_only(None, PUBLISH, arn)
        self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        return arn

    def _make_queue(self, name: str, attributes: Mapping[str, Any]) -> str:
        texts: Any = attribute_texts({**attributes, "Policy": with_tls_only(None, ALL_OF_SQS, "*")})
        return self.sqs.create_queue(QueueName=name, Attributes=texts)["QueueUrl"]

    def set_queue(self, **attributes: str) -> None:
        """Change the caption queue."""
        texts: Any = attributes
        self.sqs.set_queue_attributes(QueueUrl=self.caption_url, Attributes=texts)

    def make(self, call: Call) -> None:
        """Make a call of a result."""
        getattr(self.clients[call.service], call.operation)(**call.parameters)

    async def examine(self, **different: Any) -> Sequence[CheckResult]:
        """Check everything, some of it under other names. ``break_it`` comes before the answers on the wire."""

        def adapt(clients: AwsClients) -> None:
            self.break_it(clients)
            self.answers.put_into(clients)

        names = evolve(self.configured, **different)
        check = AccountCheck(
            plan=names.plan, queue_urls=names.queue_urls, topic_arn=names.topic_arn, clock=self.clock, adapt=adapt
        )
        return await check()
