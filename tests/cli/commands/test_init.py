"""``linkhub init``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from attrs import field, frozen
from click.testing import Result

from linkhub_cli.backends import aws as aws_backend
from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal
from tests.support import aws

NOWHERE = "http://127.0.0.1:9"


@frozen
class Cloud:
    """A terminal that is led to the test servers, with names of its own and without the settings that init prints."""

    terminal: Terminal
    leads: Mapping[str, str]
    name: str = field(factory=lambda: f"init-{uuid4().hex[:12]}")

    @property
    def names(self) -> dict[str, str]:
        """How the resources are to be called: queues by URLs that lead nowhere yet."""
        return {
            "SQS_CAPTION_QUEUE_URL": f"https://sqs.us-east-1.amazonaws.com/000000000000/{self.name}-caption",
            "SQS_THUMBNAIL_QUEUE_URL": f"https://sqs.us-east-1.amazonaws.com/000000000000/{self.name}-thumbnail",
            "DYNAMODB_PRODUCTS_TABLE": f"{self.name}-products",
            "DYNAMODB_STAGING_TABLE": f"{self.name}-staging",
            "SNS_NEW_PRODUCT_TOPIC_ARN": f"arn:aws:sns:us-east-1:000000000000:{self.name}",
        }

    def init(self, *options: str, **environment: str) -> Result:
        """Run init with these names."""
        return self.terminal.run("init", *options, **{**self.leads, **self.names, **environment})


@pytest.fixture
def cloud(terminal: Terminal, dynamodb_endpoint: str, sqs_sns_endpoint: str) -> Cloud:
    """Nothing is there yet."""
    leads = aws.environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
    return Cloud(terminal, {**leads, "LINKHUB_BACKEND": "aws"})


def _settings(result: Result) -> dict[str, str]:
    return dict(line.split("=", 1) for line in result.stdout.splitlines())


@pytest.mark.aws
def test_everything_is_made_once(cloud: Cloud) -> None:
    """The first run makes seven resources and prints each; the second changes nothing and prints the same settings."""
    first, second = cloud.init(), cloud.init()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stderr.count(": made\n") == 7
    assert second.stderr.count(": was there, unchanged\n") == 7
    assert second.stderr.endswith("nothing was changed\n")
    settings = _settings(first)
    assert settings == _settings(second)
    assert set(settings) == {*cloud.names, "LINKHUB_BACKEND"}
    assert settings["SQS_CAPTION_QUEUE_URL"].endswith(f"/{cloud.name}-caption")


@pytest.mark.aws
def test_linkhub_works_with_the_settings_that_are_printed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing but what init printed, a pair that is published becomes a product."""
    printed = _settings(cloud.init())
    for variable, value in cloud.leads.items():  # boto3 finds its way by the process's own environment
        monkeypatch.setenv(variable, value)
    hub = _On(cloud.terminal.directory, {**printed, "LINKHUB_RECEIVE_WAIT_SECONDS": "1"})
    assert hub.publish(CAPTION, THUMBNAILS).exit_code == 0
    hub.consume()
    [product] = hub.lines("export")
    assert (product["video_id"], product["title"]) == (CAPTION["video_id"], CAPTION["title"])


@frozen
class _On(Terminal):
    """A terminal on other settings than the embedded ones."""

    settings: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.settings)


@pytest.mark.aws
def test_for_programs_it_is_one_object(cloud: Cloud) -> None:
    """--json gives every resource with its status and address, and the settings; nothing is said beside it."""
    result = cloud.init("--json", "--subscribe", "sqs:arn:aws:sqs:us-east-1:000000000000:orders")
    assert result.stderr == ""
    printed: dict[str, Any] = json.loads(result.stdout)
    assert {one["status"] for one in printed["resources"]} == {"made"}
    assert printed["resources"][-1]["name"] == "sqs:arn:aws:sqs:us-east-1:000000000000:orders"
    assert printed["settings"]["SNS_NEW_PRODUCT_TOPIC_ARN"] == cloud.names["SNS_NEW_PRODUCT_TOPIC_ARN"]


@pytest.mark.aws
def test_a_fifo_queue_by_its_name(cloud: Cloud) -> None:
    """A queue whose name ends so is a FIFO queue, and so is its dead-letter queue."""
    url = cloud.names["SQS_CAPTION_QUEUE_URL"]
    result = cloud.init(SQS_CAPTION_QUEUE_URL=f"{url}.fifo")
    assert f"dead-letter queue {cloud.name}-caption-dead-letters.fifo: made" in result.stderr
    assert _settings(result)["SQS_CAPTION_QUEUE_URL"].endswith(f"/{cloud.name}-caption.fifo")


@pytest.mark.aws
def test_another_tables_name_is_unfit(cloud: Cloud) -> None:
    """A table of that name with other keys is left alone; the exit code is 1, and its setting is left out."""
    cloud.init()
    result = cloud.init(DYNAMODB_STAGING_TABLE=f"{cloud.name}-products", DYNAMODB_PRODUCTS_TABLE=f"{cloud.name}-other")
    assert result.exit_code == 1
    assert f"table {cloud.name}-products: UNFIT, left alone" in result.stderr
    assert "run `linkhub init` again" in result.stderr
    assert "DYNAMODB_STAGING_TABLE" not in _settings(result)


@pytest.mark.aws
def test_a_service_that_is_away_is_named_and_the_rest_is_made(cloud: Cloud) -> None:
    """Without DynamoDB the queues and the topic are made; the exit code is 3, and the next run makes the tables."""
    result = cloud.init(AWS_ENDPOINT_URL_DYNAMODB=NOWHERE)
    assert result.exit_code == 3
    assert f"table {cloud.name}-products: FAILED\n  DynamoDB is unavailable" in result.stderr
    assert "DYNAMODB_PRODUCTS_TABLE" not in _settings(result)
    assert "LINKHUB_BACKEND" not in _settings(result), "half of a configuration chooses no backend"
    assert "SQS_CAPTION_QUEUE_URL" in _settings(result)
    again = cloud.init()
    assert (again.exit_code, again.stderr.count(": made\n"), again.stderr.count("unchanged\n")) == (0, 2, 5)


def test_a_region_is_asked_for(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing region is reported as a fault of its setting."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    result = terminal.run("init", LINKHUB_BACKEND="aws")
    assert result.exit_code == 2
    assert "AWS_REGION" in result.stderr


def test_missing_credentials_are_reported_once(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token file that is missing fails every call alike: one line names its setting, and the exit code is 2."""
    irsa = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/linkhub"}
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    result = terminal.run("init", LINKHUB_BACKEND="aws", AWS_REGION="eu-west-1", **irsa)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("/nowhere/token") == 1
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in result.stderr
    assert "FAILED" not in result.stderr


def test_a_missing_package_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3, the error names the extra to install."""
    monkeypatch.setattr(aws_backend, "find_spec", lambda _: None)
    result = terminal.run("init", LINKHUB_BACKEND="aws")
    assert result.exit_code == 2
    assert "pip install '.[aws]'" in result.stderr


def test_other_faults_of_the_settings_are_reported(terminal: Terminal) -> None:
    """That queues are not named yet is no fault here; everything else is."""
    result = terminal.run("init", LINKHUB_BACKEND="aws", LINKHUB_PORT="http")
    assert result.exit_code == 2
    assert "LINKHUB_PORT=http" in result.stderr
    assert "SQS_CAPTION_QUEUE_URL" not in result.stderr


def test_the_embedded_file_is_made(terminal: Terminal) -> None:
    """With the embedded backend the file is made, once."""
    first, second = terminal.run("init"), terminal.run("init")
    file = terminal.directory / "data" / "linkhub.sqlite3"
    assert (first.exit_code, first.stderr) == (0, f"file {file}: made\n")
    assert second.stderr == f"file {file}: was there, unchanged\nnothing was changed\n"
    assert file.exists()


def test_memory_needs_nothing(terminal: Terminal) -> None:
    """With the memory backend there is nothing to make."""
    result = terminal.run("init", LINKHUB_BACKEND="memory")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing to make" in result.stderr


@pytest.mark.parametrize("text", ["orders", "sqs:", ":x"])
def test_what_is_no_subscription_is_a_mistake(terminal: Terminal, text: str) -> None:
    """A subscription is a protocol and an endpoint."""
    result = terminal.run("init", "--subscribe", text)
    assert result.exit_code == 2
    assert "PROTOCOL:ENDPOINT" in result.stderr


def test_the_template_bears_the_names_of_the_settings(terminal: Terminal) -> None:
    """With any backend, the template is of the AWS resources; a URL is used as the endpoint."""
    names = {"DYNAMODB_PRODUCTS_TABLE": "shop-products", "SQS_CAPTION_QUEUE_URL": "https://sqs.x.y/123/words.fifo"}
    result = terminal.run("init", "--template", "--subscribe", "https://orders.example/hook", **names)
    made = json.loads(result.stdout)["Resources"]
    assert made["ProductsTable"]["Properties"]["TableName"] == "shop-products"
    assert made["CaptionQueue"]["Properties"]["QueueName"] == "words.fifo"
    assert made["Subscription1"]["Properties"]["Endpoint"] == "https://orders.example/hook"
    assert made["Subscription1"]["Properties"]["Protocol"] == "https"
