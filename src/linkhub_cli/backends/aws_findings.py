"""The checks of AWS in words for an operator: the setting at fault, and the command that corrects it."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.checks import AccountCheck, Advice, CheckResult, Subject
from linkhub_adapters.aws.client.sdk_session import SdkSession
from linkhub_adapters.aws.dynamodb.product_items import product_from_item
from linkhub_adapters.aws.dynamodb.staging_items import staging_from_item
from linkhub_adapters.aws.ports import AwsServices
from linkhub_adapters.aws.resources.difference import Call
from linkhub_cli.backends.aws_faults import mend_of
from linkhub_cli.backends.aws_ports import open_clients
from linkhub_cli.backends.aws_resources import wanted_of
from linkhub_cli.backends.aws_settings import QUEUE_VARIABLES, TOPIC_VARIABLE, AwsSettings
from linkhub_cli.backends.rows import Row, check_rows, find_in_rows
from linkhub_cli.settings import Settings
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding

_SETTINGS = {
    Subject.PRODUCTS: "DYNAMODB_PRODUCTS_TABLE",
    Subject.STAGING: "DYNAMODB_STAGING_TABLE",
    Subject.CAPTION: QUEUE_VARIABLES[Kind.CAPTION],
    Subject.THUMBNAIL: QUEUE_VARIABLES[Kind.THUMBNAIL],
    Subject.TOPIC: TOPIC_VARIABLE,
}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STEPS: Mapping[Advice, Sequence[str]] = {
    Advice.CHANGE_REGION: ["AWS_REGION={details}, or set {setting} to one in the region that is configured"],
    Advice.CHECK_ADDRESS: [
        "check AWS_REGION, AWS_ENDPOINT_URL, the network, a proxy or VPC endpoint; then: linkhub doctor",
    ],
    Advice.LOG_IN: [
        "aws sts get-caller-identity (shows the credentials that the AWS command line uses)",
        (
            "aws sso login, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and "
            "AWS_SESSION_TOKEN), or give the machine a role"
        ),
    ],
    Advice.LOOK_UP: ["look up {code} in the AWS reference; if it may pass, run `linkhub doctor` again"],
    Advice.PROVISION: ["linkhub init", "or set {setting} to the name, URL or ARN of one that exists"],
    Advice.RAISE_VISIBILITY: ["LINKHUB_VISIBILITY_TIMEOUT_SECONDS=30"],
    Advice.REPLACE: [
        "set {setting} to a name that is free, then: linkhub init (it cannot be changed in {details})",
        "to take the products along: the guide for AWS, `A table without the index` (docs/guide/aws.md)",
    ],
    Advice.REPLACE_SERVER: [
        (
            "use a server that can, such as DynamoDB Local: docker run -p 8000:8000 amazon/dynamodb-local, then "
            "AWS_ENDPOINT_URL_DYNAMODB=http://localhost:8000 and `linkhub init`"
        ),
    ],
    Advice.SEPARATE: ["give {details} a redrive policy that names a queue which no worker sends to"],
    Advice.SET_CLOCK: [
        "timedatectl set-ntp true (or: systemctl enable --now chronyd); in a container or virtual machine, on its host",
    ],
    Advice.SET_REGION: ["AWS_REGION={region}"],
    Advice.SET_TOPIC: [f"linkhub init, then set {_SETTINGS[Subject.TOPIC]} to the topic's ARN"],
    Advice.START_SERVER: ["linkhub serve (a serving node removes them within a minute), or:"],
}


def aws_findings(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """Check everything of AWS that the settings name, and the rows of both tables."""
    aws = settings.of(AwsSettings)
    check = AccountCheck(
        plan=wanted_of(settings),
        queue_urls=aws.queue_urls,
        topic_arn=aws.topic_arn,
        clock=clock,
        region=aws.region,
        endpoint_urls=aws.endpoint_urls,
    )
    session = SdkSession(region=aws.region, configured_endpoint_urls=aws.endpoint_urls)
    command = AwsCommand(region=lambda: session.region_name, endpoint_of=session.endpoint_url_of)
    findings = [finding_of(result, command) for result in asyncio.run(check())]
    return [*findings, *check_rows(findings, lambda: _check_items(aws, clock))]


async def _check_items(aws: AwsSettings, clock: Clock) -> Sequence[Finding]:
    """The rows in DynamoDB, in its own order: the order of the keys would cost a read of the whole index first."""

    async def rows(table: str, read: Callable[[Any], Row]) -> AsyncIterator[Row]:
        async for items in calls.pages("scan", TableName=table):
            for item in items:
                yield read(item)

    with open_clients(aws) as clients:
        calls = AwsServices(clients=clients, clock=clock).dynamodb
        products = rows(aws.products_table, product_from_item)
        return await find_in_rows(products, rows(aws.staging_table, staging_from_item))


@frozen(kw_only=True)
class AwsCommand:
    """Writes calls as commands of the AWS command line, quoted for a shell.

    Args:
        region: gives the region.
        endpoint_of: gives the configured address of a service, or none.
    """

    region: Callable[[], str | None] = lambda: None
    endpoint_of: Callable[[str], str | None] = lambda _: None

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any], *words: str) -> str:
        """One command: service, operation, further words, parameters, region and address."""
        options = {_dashed(name): _text(value) for name, value in parameters.items()}
        options |= {"region": self.region() or "", "endpoint-url": self.endpoint_of(service) or ""}
        written = [word for name, text in options.items() if text for word in (f"--{name}", text)]
        return shlex.join(["aws", service, operation.replace("_", "-"), *words, *written])

    def of(self, call: Call) -> str:
        """The command for a call."""
        return self(call.service, call.operation, call.parameters)


def _dashed(name: str) -> str:
    """``QueueUrl`` as ``queue-url``, ``SSESpecification`` as ``sse-specification``."""
    return _WORDS.sub("-", name).lower()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def finding_of(result: CheckResult, aws: AwsCommand) -> Finding:
    """The finding for a result: what was seen, with the setting that names it, and what corrects it."""
    setting = _SETTINGS.get(result.resource, "") if result.resource else ""
    seen = f"{result.seen} ({setting})" if result.advice is Advice.PROVISION else result.seen
    steps = [*_steps(result, setting, aws), *map(aws.of, result.calls)]
    return Finding(subject=result.subject, verdict=result.verdict, seen=seen, mend=tuple(steps))


def _steps(result: CheckResult, setting: str, aws: AwsCommand) -> Sequence[str]:
    details, failure = result.details, result.failure
    if failure is not None and failure.fault is not None:
        return mend_of(failure.fault)
    match result.advice:
        case None:
            return []
        case Advice.ALLOW:
            statement = {"Effect": "Allow", "Action": [failure.action if failure else ""], "Resource": details}
            return [f"add to the policy of the role or user that linkhub runs as: {_text(statement)}"]
        case Advice.CONFIRM:
            listing = aws("sns", "list_subscriptions_by_topic", {"TopicArn": details})
            return [f"{listing} (then confirm or remove those that are pending)"]
        case Advice.WAIT:
            return [aws("dynamodb", "wait", {"TableName": details}, "table-exists")]
    code = failure.code if failure is not None and failure.code else "the error"
    region = details or "eu-west-1"
    return [step.format(code=code, details=details, region=region, setting=setting) for step in _STEPS[result.advice]]
