"""A healthy configuration is found healthy, and each thing that is broken is found: it alone, with what mends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.checks import Advice, CheckResult, Subject
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.resources import Queue, products_table, staging_table
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, with_tls_only
from linkhub_adapters.aws.sns.node_queues import ALIVE_TAG, TOPIC_TAG
from linkhub_core.model import Kind
from linkhub_core.ports.finding import Verdict
from tests.adapters.aws.checks.aws_setup import AwsSetup, ShiftedClock, WireAnswers, problems
from tests.support.faults import Fault, inject
from tests.support.processes import free_port

pytestmark = pytest.mark.aws


async def one_problem(aws_setup: AwsSetup, **different: Any) -> CheckResult:
    """The only result that is not well."""
    (result,) = problems(await aws_setup.examine(**different))
    return result


async def heals(aws_setup: AwsSetup, result: CheckResult, **different: Any) -> bool:
    """Whether no problem is left once the calls of the result were made."""
    for call in result.calls:
        aws_setup.make(call)
    return not problems(await aws_setup.examine(**different))


async def test_what_is_well_is_found_well(aws_setup: AwsSetup) -> None:
    """Every subject has a result, and none is a fault or not checked."""
    results = await aws_setup.examine()
    assert problems(results) == []
    name = aws_setup.name
    assert {result.subject for result in results} >= {
        "region",
        "credentials",
        "clock",
        f"table {name}-products",
        f"table {name}-staging",
        f"queue {name}-caption",
        f"queue {name}-thumbnail",
        f"topic {name}-topic",
        "node queues",
    }


async def test_nothing_is_changed(aws_setup: AwsSetup) -> None:
    """A message on a queue is neither received nor hidden, nothing is written, and what is tried has no effect."""
    aws_setup.sqs.send_message(QueueUrl=aws_setup.caption_url, MessageBody="{}")
    await aws_setup.examine()
    received = aws_setup.sqs.receive_message(
        QueueUrl=aws_setup.caption_url, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    (message,) = received["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    for table in (aws_setup.configured.products_table, aws_setup.configured.staging_table):
        assert aws_setup.dynamodb.scan(TableName=table)["Count"] == 0


# --- tables


async def test_a_missing_table(aws_setup: AwsSetup) -> None:
    """The result has the resource, and that it is to be provisioned."""
    result = await one_problem(aws_setup, staging_table=f"{aws_setup.name}-nowhere")
    assert (result.verdict, result.subject) == (Verdict.FAULT, f"table {aws_setup.name}-nowhere")
    assert result.seen == "it does not exist"
    assert (result.advice, result.resource) == (Advice.PROVISION, Subject.STAGING)


async def test_a_table_with_other_keys(aws_setup: AwsSetup) -> None:
    """The result has its keys, and no statement is tried."""
    result = await one_problem(aws_setup, staging_table=aws_setup.configured.products_table)
    assert result.verdict is Verdict.FAULT
    assert result.seen.startswith("its keys are seller_handle (S), video_id (S); linkhub's are video_id (S)")


async def test_items_that_do_not_expire(aws_setup: AwsSetup) -> None:
    """An expiry that is off is switched on by the call of the result."""
    name = f"{aws_setup.name}-eternal"
    aws_setup.make_table(evolve(staging_table(name), ttl_attribute=None))
    result = await one_problem(aws_setup, staging_table=name)
    assert (result.verdict, result.subject) == (Verdict.FAULT, f"table {name}")
    assert "items do not expire" in result.seen
    assert await heals(aws_setup, result, staging_table=name)


async def test_a_table_without_its_index(aws_setup: AwsSetup) -> None:
    """It is a warning: linkhub works, and reads more."""
    name = f"{aws_setup.name}-plain"
    aws_setup.make_table(evolve(products_table(name), index_name=None, indexed_by=None))
    result = await one_problem(aws_setup, products_table=name)
    assert result.verdict is Verdict.WARNING
    assert result.seen.startswith("no local index by-stamp")


async def test_no_point_in_time_recovery(aws_setup: AwsSetup) -> None:
    """Both tables have a result, each with its call."""
    aws_setup.answers.is_backed_up = False
    results = problems(await aws_setup.examine())
    assert [(result.verdict, result.seen) for result in results] == [(Verdict.WARNING, "no point-in-time recovery")] * 2
    assert {call.operation for result in results for call in result.calls} == {"update_continuous_backups"}


# --- queues


async def test_a_missing_queue(aws_setup: AwsSetup) -> None:
    """The result has the resource, and that it is to be provisioned."""
    urls = {**aws_setup.configured.queue_urls, Kind.THUMBNAIL: f"{aws_setup.caption_url}-nowhere"}
    result = await one_problem(aws_setup, queue_urls=urls)
    assert (result.verdict, result.seen) == (Verdict.FAULT, "it does not exist")
    assert (result.advice, result.resource) == (Advice.PROVISION, Subject.THUMBNAIL)


async def test_a_queue_without_redrive_policy(aws_setup: AwsSetup) -> None:
    """The commands make the dead-letter queue, and lead to it."""
    secure = with_tls_only(None, ALL_OF_SQS, "*")
    url = aws_setup.sqs.create_queue(QueueName=f"{aws_setup.name}-bare", Attributes={"Policy": secure})["QueueUrl"]
    urls = {**aws_setup.configured.queue_urls, Kind.CAPTION: url}
    result = await one_problem(aws_setup, queue_urls=urls)
    assert result.verdict is Verdict.FAULT
    assert result.seen.startswith("it has no redrive policy")
    assert await heals(aws_setup, result, queue_urls=urls)


async def test_a_redrive_policy_that_leads_nowhere(aws_setup: AwsSetup) -> None:
    """The dead-letter queue that it names is made again."""
    letters = aws_setup.sqs.get_queue_url(QueueName=f"{aws_setup.name}-caption-dead-letters")["QueueUrl"]
    aws_setup.sqs.delete_queue(QueueUrl=letters)
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.FAULT, aws_setup.caption_queue)
    assert result.seen == f"its dead-letter queue {aws_setup.name}-caption-dead-letters does not exist"
    assert await heals(aws_setup, result)


async def test_resources_of_another_program_are_accepted(aws_setup: AwsSetup) -> None:
    """Without linkhub's policies they have warnings, and each has a call that adds linkhub's statement."""
    aws_setup.set_queue(Policy="")
    letters = aws_setup.sqs.get_queue_url(QueueName=f"{aws_setup.name}-caption-dead-letters")["QueueUrl"]
    aws_setup.sqs.set_queue_attributes(QueueUrl=letters, Attributes={"Policy": ""})
    topic = aws_setup.sns.create_topic(Name=f"{aws_setup.name}-theirs")["TopicArn"]
    results = problems(await aws_setup.examine(topic_arn=topic))
    assert [(result.verdict, result.seen) for result in results] == [
        (Verdict.WARNING, f"{aws_setup.name}-caption allows requests without TLS"),
        (Verdict.WARNING, f"{aws_setup.name}-caption-dead-letters allows requests without TLS"),
        (Verdict.WARNING, "it accepts messages without TLS"),
    ]
    for call in (call for result in results for call in result.calls):
        aws_setup.make(call)
    assert problems(await aws_setup.examine(topic_arn=topic)) == []


async def test_a_key_that_is_configured_is_compared(aws_setup: AwsSetup) -> None:
    """Without one any encryption is fine; with one, each resource that does not use it has a warning."""
    results = problems(await aws_setup.examine(kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/1234abcd"))
    assert {result.verdict for result in results} == {Verdict.WARNING}
    assert all("does not use the key that is configured" in result.seen for result in results)
    assert [call.operation for result in results for call in result.calls] == [
        *["update_table"] * 2,
        *["set_queue_attributes"] * 4,
        "set_topic_attributes",
    ]


def _receives(aws_setup: AwsSetup, count: int) -> str:
    attributes = aws_setup.sqs.get_queue_attributes(QueueUrl=aws_setup.caption_url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(attributes["Attributes"]["RedrivePolicy"])
    return json.dumps({**policy, "maxReceiveCount": str(count)})


@pytest.mark.parametrize(
    ("attributes", "verdict", "seen"),
    [
        (
            lambda _: {"VisibilityTimeout": "5"},
            Verdict.WARNING,
            "its visibility time-out is 5 s, consumers ask for 30 s",
        ),
        (lambda _: {"MessageRetentionPeriod": "3600"}, Verdict.WARNING, "its messages are kept 3,600 s"),
        (lambda _: {"DelaySeconds": "60"}, Verdict.WARNING, "it delays each message by 60 s"),
        (lambda _: {"SqsManagedSseEnabled": "false"}, Verdict.WARNING, ""),
        (lambda room: {"RedrivePolicy": _receives(room, 1)}, Verdict.FAULT, "its maxReceiveCount is 1,"),
        (lambda room: {"RedrivePolicy": _receives(room, 5)}, Verdict.WARNING, "its maxReceiveCount is 5,"),
    ],
)
async def test_a_queue_that_is_set_otherwise(
    aws_setup: AwsSetup, attributes: Callable[[AwsSetup], dict[str, str]], verdict: Verdict, seen: str
) -> None:
    """The result has the attribute, and its call corrects it."""
    aws_setup.set_queue(**attributes(aws_setup))
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (verdict, aws_setup.caption_queue)
    assert result.seen.startswith(seen)
    assert await heals(aws_setup, result)


async def test_dead_letters_that_are_kept_shorter(aws_setup: AwsSetup) -> None:
    """Letters must be kept at least as long as messages, for SQS counts from the sending."""
    letters = aws_setup.sqs.get_queue_url(QueueName=f"{aws_setup.name}-caption-dead-letters")["QueueUrl"]
    aws_setup.sqs.set_queue_attributes(QueueUrl=letters, Attributes={"MessageRetentionPeriod": "86400"})
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.FAULT, aws_setup.caption_queue)
    assert result.seen.startswith("its dead letters are kept 86,400 s")
    assert await heals(aws_setup, result)


async def test_fifo_queues_are_well(aws_setup: AwsSetup) -> None:
    """A FIFO queue with a FIFO dead-letter queue is as good."""
    url = aws_setup.make_queue(Queue(kind=Kind.CAPTION, name=f"{aws_setup.name}-caption.fifo"))
    results = await aws_setup.examine(queue_urls={**aws_setup.configured.queue_urls, Kind.CAPTION: url})
    assert problems(results) == []
    (result,) = (result for result in results if result.subject == f"queue {aws_setup.name}-caption.fifo")
    assert "FIFO" in result.seen


# --- topic


async def test_no_topic(aws_setup: AwsSetup) -> None:
    """It is a warning: clients of other processes only poll."""
    result = await one_problem(aws_setup, topic_arn=None)
    assert (result.verdict, result.subject) == (Verdict.WARNING, "topic")
    assert result.seen == "none is configured: clients of other processes get products only when they poll"


async def test_a_missing_topic(aws_setup: AwsSetup) -> None:
    """It is to be provisioned."""
    result = await one_problem(aws_setup, topic_arn=f"{aws_setup.configured.topic_arn}-nowhere")
    assert (result.verdict, result.seen) == (Verdict.FAULT, "it does not exist")
    assert (result.advice, result.resource) == (Advice.PROVISION, Subject.TOPIC)


async def test_a_subscription_without_removals(aws_setup: AwsSetup) -> None:
    """It is named, with the call that widens its filter."""
    endpoint = f"arn:aws:sqs:us-east-1:000000000000:{aws_setup.name}-orders"
    aws_setup.sns.subscribe(
        TopicArn=str(aws_setup.configured.topic_arn),
        Protocol="sqs",
        Endpoint=endpoint,
        Attributes={"FilterPolicy": '{"eventType": ["product_updated"]}'},
    )
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.WARNING, f"topic {aws_setup.name}-topic")
    assert result.seen.startswith(f"its subscription sqs:{endpoint} does not get product_removed")
    for call in result.calls:
        aws_setup.make(call)
    assert problems(await aws_setup.examine()) == []


async def test_queues_of_dead_nodes(aws_setup: AwsSetup) -> None:
    """The queue of a dead node has a call that deletes it; queues of other topics do not count."""
    now = int(aws_setup.clock.now().timestamp())
    for silent_seconds, topic in (
        (2_000, aws_setup.configured.topic_arn),
        (10, aws_setup.configured.topic_arn),
        (9_000, "x"),
    ):
        tags = {ALIVE_TAG: str(now - silent_seconds), TOPIC_TAG: str(topic)}
        aws_setup.sqs.create_queue(QueueName=f"linkhub-node-{aws_setup.name}-{silent_seconds}", tags=tags)
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.WARNING, "node queues")
    assert result.seen == f"left over by dead nodes: 1 (linkhub-node-{aws_setup.name}-2000); nodes that listen: 1"
    assert result.advice is Advice.START_SERVER
    for call in result.calls:
        aws_setup.make(call)
    assert problems(await aws_setup.examine()) == []


# --- who asks, when, and what is allowed


@pytest.mark.parametrize(
    ("code", "seen"),
    [("ExpiredToken", "they have expired: "), ("InvalidClientTokenId", "AWS knows none: ")],
)
async def test_credentials_that_are_refused(aws_setup: AwsSetup, code: str, seen: str) -> None:
    """One fault says so, and nothing else is asked: every answer would be the same."""
    aws_setup.break_it = lambda clients: inject(
        clients.sts, Fault.client_error(operation="GetCallerIdentity", code=code, status=403, times=9)
    )
    result, rest = problems(await aws_setup.examine())
    assert (result.verdict, result.subject) == (Verdict.FAULT, "credentials")
    assert result.seen.startswith(seen)
    assert (rest.verdict, rest.subject) == (Verdict.NOT_CHECKED, "everything else")


async def test_no_credentials(aws_setup: AwsSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing credentials are a fault, and no traceback."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    result, _ = problems(await aws_setup.examine())
    assert (result.verdict, result.subject) == (Verdict.FAULT, "credentials")
    assert "Unable to locate credentials" in result.seen


async def test_a_profile_that_does_not_exist(aws_setup: AwsSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK refuses to begin; that is a result, too."""
    monkeypatch.setenv("AWS_PROFILE", "absent")
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.FAULT, "credentials")
    assert "absent" in result.seen


async def test_no_region(aws_setup: AwsSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region nothing can be asked; the one that a setting names is offered."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.FAULT, "region")
    assert (result.advice, result.details) == (Advice.SET_REGION, "us-east-1")


@pytest.mark.parametrize("seconds", [-10, 10])
async def test_a_clock_that_is_off(aws_setup: AwsSetup, seconds: int) -> None:
    """More than two seconds to either side are a fault."""
    aws_setup.clock = ShiftedClock(timedelta(seconds=seconds))
    result = await one_problem(aws_setup)
    assert (result.verdict, result.subject) == (Verdict.FAULT, "clock")
    assert ("ahead of" if seconds > 0 else "behind") in result.seen


def _allow_a_consumer_alone(clients: AwsClients) -> None:
    """Calls that a consumer's policy does not allow are denied."""
    code = "AccessDeniedException"
    for operation in ("DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "Query"):
        inject(clients.dynamodb, Fault.client_error(operation=operation, code=code, times=9))
    inject(clients.sqs, Fault.client_error(operation="ListQueues", code=code, times=9))
    inject(clients.sns, Fault.client_error(operation="GetTopicAttributes", code="AuthorizationError", times=9))


async def test_a_consumer_needs_no_more_than_its_policy(aws_setup: AwsSetup) -> None:
    """Permissions that only other processes or this check need are not checked, and no fault."""
    aws_setup.break_it = _allow_a_consumer_alone
    results = problems(await aws_setup.examine())
    assert {result.verdict for result in results} == {Verdict.NOT_CHECKED}
    assert {result.failure.action for result in results if result.failure} == {
        "dynamodb:DescribeTable",
        "sns:GetTopicAttributes",
        "sqs:ListQueues",
    }


async def test_a_table_is_missed_by_who_may_not_describe_it(aws_setup: AwsSetup) -> None:
    """A read shows that it does not exist."""
    aws_setup.break_it = _allow_a_consumer_alone
    results = await aws_setup.examine(staging_table=f"{aws_setup.name}-nowhere")
    (result,) = (result for result in results if result.verdict is Verdict.FAULT)
    assert (result.seen, result.resource) == ("it does not exist", Subject.STAGING)


async def test_a_queue_that_may_not_be_asked_about(aws_setup: AwsSetup) -> None:
    """Consumers ask when they start: it is a fault."""
    aws_setup.break_it = lambda clients: inject(
        clients.sqs, Fault.client_error(operation="GetQueueAttributes", code="AccessDenied", times=2, status=403)
    )
    results = problems(await aws_setup.examine())
    assert [(result.verdict, result.seen) for result in results] == [
        (Verdict.FAULT, f"sqs:GetQueueAttributes on arn:aws:sqs:*:*:{aws_setup.name}-{kind} is denied") for kind in Kind
    ]


async def test_a_service_that_is_away(aws_setup: AwsSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its subjects has a fault, the others are checked all the same, and nothing is raised."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{free_port()}")
    results = problems(await aws_setup.examine())
    assert [(result.verdict, result.subject) for result in results] == [
        (Verdict.FAULT, f"table {aws_setup.name}-{table}") for table in ("products", "staging")
    ]
    assert all(result.seen.startswith("does not answer: ") for result in results)


async def test_a_server_in_place_of_aws(aws_setup: AwsSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without STS the credentials are not checked, and everything else is."""
    monkeypatch.setattr(WireAnswers, "put_into", lambda *_: None)
    results = await aws_setup.examine()
    assert {result.verdict for result in problems(results)} == {Verdict.NOT_CHECKED}
    assert f"queue {aws_setup.name}-caption" in {result.subject for result in results}
