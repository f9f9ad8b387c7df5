"""The AWS backend: SQS queues, DynamoDB tables, and an SNS topic that carries announcements to other processes.

Its settings and its plug-in object; the other ``aws_*`` modules need the SDK's packages or the
adapters, and are imported when they are used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from typing import ClassVar

from attrs import frozen

from linkhub_cli.backends.plugin import Backend, BackendPlugin, Explanation, Opening
from linkhub_cli.settings import SettingFault, Settings
from linkhub_cli.settings import setting_rules as rules
from linkhub_cli.settings.definition import BACKEND as BACKEND_VARIABLE
from linkhub_cli.settings.optional_packages import how_to_install
from linkhub_cli.settings.setting import setting
from linkhub_core.errors import LinkhubError, ResourceMissing
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding
from linkhub_core.ports.provisioned import Provisioned

QUEUE_VARIABLES: Mapping[Kind, str] = {
    Kind.CAPTION: "SQS_CAPTION_QUEUE_URL",
    Kind.THUMBNAIL: "SQS_THUMBNAIL_QUEUE_URL",
}
TOPIC_VARIABLE = "SNS_NEW_PRODUCT_TOPIC_ARN"
UNNAMED_ACCOUNT_URL = "https://sqs.invalid/"
_NAMED_BY = {
    "DynamoDB": "DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE",
    "SNS": TOPIC_VARIABLE,
    "SQS": " or ".join(QUEUE_VARIABLES.values()),
}
_QUEUE_URL = r"https?://\S+/\S+"


@frozen(kw_only=True)
class AwsSettings:
    """The AWS backend"""

    caption_queue_url: str | None = setting(
        "SQS_CAPTION_QUEUE_URL",
        rules.matching(_QUEUE_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/caption"),
        doc="The caption parser's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-caption",
    )
    thumbnail_queue_url: str | None = setting(
        "SQS_THUMBNAIL_QUEUE_URL",
        rules.matching(_QUEUE_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/thumbnail"),
        doc="The thumbnail generator's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-thumbnail",
    )
    products_table: str = setting(
        "DYNAMODB_PRODUCTS_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-products: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-products",
        doc="The table of the products.",
    )
    staging_table: str = setting(
        "DYNAMODB_STAGING_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-staging: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-staging",
        doc="The table in which halves wait.",
    )
    topic_arn: str | None = setting(
        "SNS_NEW_PRODUCT_TOPIC_ARN",
        rules.topic_arn,
        doc="The topic on which other nodes and services hear of products.",
        when_unset="news stays within the process that saved the product",
        example="arn:aws:sns:eu-west-1:123456789012:linkhub-new-product",
    )
    region: str | None = setting(
        "AWS_REGION",
        rules.matching(r"[a-z0-9-]{2,40}", "eu-west-1"),
        doc="The region, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration",
        example="eu-west-1",
        is_shared=True,
    )
    endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL",
        rules.address,
        doc="Another address for all services, such as a local stand-in, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration, else AWS itself",
        example="http://localhost:4566",
    )
    dynamodb_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        rules.address,
        doc="Another address for DynamoDB alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:8000",
    )
    sqs_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SQS",
        rules.address,
        doc="Another address for SQS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:9324",
    )
    sns_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SNS",
        rules.address,
        doc="Another address for SNS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:4566",
    )

    @property
    def queue_urls(self) -> Mapping[Kind, str]:
        """The URL of each queue that is named."""
        urls = {Kind.CAPTION: self.caption_queue_url, Kind.THUMBNAIL: self.thumbnail_queue_url}
        return {kind: url for kind, url in urls.items() if url is not None}

    @property
    def endpoint_urls(self) -> Mapping[str, str]:
        """The configured address of each service that has one, by the SDK's name of the service."""
        single = {"dynamodb": self.dynamodb_endpoint_url, "sqs": self.sqs_endpoint_url, "sns": self.sns_endpoint_url}
        urls = {service: url or self.endpoint_url for service, url in single.items()}
        return {service: url for service, url in urls.items() if url is not None}


class AwsBackend(BackendPlugin):
    """See the module."""

    own_settings = AwsSettings
    chosen_by = tuple(QUEUE_VARIABLES.values())
    placeholders: ClassVar[Mapping[str, str]] = {
        variable: f"{UNNAMED_ACCOUNT_URL}0/linkhub-{kind}" for kind, variable in QUEUE_VARIABLES.items()
    }
    exported_prefixes = ("AWS_",)
    consumes_by_default = False
    queue_system = "aws_sqs"
    bus_system = "aws.sns"
    has_subscriptions = True

    def faults(self, own: AwsSettings) -> Iterator[SettingFault]:
        """See the base class: both queues are needed, and they are two."""
        for kind, variable in QUEUE_VARIABLES.items():
            if kind not in own.queue_urls:
                problem = "is needed by the AWS backend: set it to the URL of the queue"
                yield SettingFault(variable, problem, beside=BACKEND_VARIABLE)
        if own.caption_queue_url is not None and own.caption_queue_url == own.thumbnail_queue_url:
            problem = "is the same as SQS_CAPTION_QUEUE_URL: each kind has its own queue"
            yield SettingFault("SQS_THUMBNAIL_QUEUE_URL", problem, beside="SQS_CAPTION_QUEUE_URL")

    def missing_package(self) -> Finding | None:
        """See the base class."""
        if find_spec("boto3") is not None:
            return None
        return Finding.fault("packages", "needs boto3, which is missing", how_to_install("aws"))

    def open(self, settings: Settings, clock: Clock, opening: Opening) -> AbstractAsyncContextManager[Backend]:
        """See the base class."""
        from linkhub_cli.backends.aws_ports import open_ports

        return open_ports(settings, clock, opening)

    def provision(self, settings: Settings, clock: Clock, subscriptions: Sequence[str]) -> AsyncIterator[Provisioned]:
        """See the base class: tables, queues with their dead-letter queues, the topic."""
        from linkhub_cli.backends.aws_resources import provision

        return provision(settings, clock, subscriptions)

    def settings_to_use(self, settings: Settings, outcomes: Iterable[Provisioned]) -> Mapping[str, str]:
        """See the base class."""
        from linkhub_cli.backends.aws_resources import settings_to_use, wanted_of

        return settings_to_use(wanted_of(settings), outcomes)

    def template(self, settings: Settings, subscriptions: Sequence[str]) -> str:
        """See the base class: a CloudFormation template."""
        from linkhub_adapters.aws.resources.template import template_json
        from linkhub_cli.backends.aws_resources import wanted_of

        return template_json(wanted_of(settings, subscriptions))

    def check(self, settings: Settings, clock: Clock) -> Sequence[Finding]:
        """See the base class: the account, its resources, and the rows of both tables."""
        from linkhub_cli.backends.aws_findings import aws_findings

        return aws_findings(settings, clock)

    def explain(self, error: LinkhubError) -> Explanation | None:
        """See the base class: faults of the SDK's own configuration, and resources that are missing."""
        from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
        from linkhub_cli.backends.aws_faults import line_of

        if isinstance(error, SdkUnavailable):
            return Explanation(line=line_of(error.fault), is_misconfiguration=not error.fault.may_pass)
        if isinstance(error, ResourceMissing) and error.service in _NAMED_BY:
            line = f"{error} (named by {_NAMED_BY[error.service]}); `linkhub doctor` says what corrects it"
            return Explanation(line=line, is_misconfiguration=False)
        return None


BACKEND = AwsBackend()
