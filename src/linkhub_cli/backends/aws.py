"""The AWS backend: SQS queues, DynamoDB tables, and an SNS topic that carries announcements to other processes.

The other ``aws_*`` modules, except its settings, need the SDK's packages, so they are imported when they are used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib.util import find_spec
from typing import ClassVar

from linkhub_cli.backends.aws_settings import QUEUE_VARIABLES, TOPIC_VARIABLE, UNNAMED_ACCOUNT_URL, AwsSettings
from linkhub_cli.backends.plugin import Backend, BackendPlugin, Explanation, Opening, TrialPlace
from linkhub_cli.settings import SettingFault, Settings
from linkhub_cli.settings.definition import BACKEND as BACKEND_VARIABLE
from linkhub_cli.settings.packages import how_to_install
from linkhub_core.errors import LinkhubError, ResourceMissing
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding
from linkhub_core.ports.provisioned import Provisioned

_NAMED_BY = {
    "DynamoDB": "DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE",
    "SNS": TOPIC_VARIABLE,
    "SQS": " or ".join(QUEUE_VARIABLES.values()),
}


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

    def trial(self, settings: Settings, clock: Clock) -> AbstractContextManager[TrialPlace]:
        """See the base class: tables, queues and a topic in the account and region that the settings name."""
        from linkhub_cli.backends.aws_trial import open_trial

        return open_trial(settings, clock)

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
