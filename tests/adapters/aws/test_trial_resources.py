"""The resources of trials: found by name and tag, whoever made them, and nothing else deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from linkhub_adapters.aws import AwsServices
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_adapters.aws.trial_resources import TRIAL_TAG, TrialResources, new_trial, trial_of, trial_plan
from linkhub_adapters.runtime import SystemClock
from linkhub_core.ports.provisioned import Status
from tests.support import aws

_TRIAL = "linkhub-trial-0123456789ab"


@pytest.mark.parametrize(
    ("name", "tag", "owner"),
    [
        (f"{_TRIAL}-products", _TRIAL, _TRIAL),
        (f"{_TRIAL}-caption-dead-letters", _TRIAL, _TRIAL),
        (f"{_TRIAL}-products", "linkhub-trial-ba9876543210", None),
        (f"{_TRIAL}-products", "", None),
        (f"{_TRIAL}", _TRIAL, None),
        (f"my-{_TRIAL}-products", _TRIAL, None),
        ("linkhub-trial-results", "linkhub-trial-results", None),
        ("linkhub-products", _TRIAL, None),
    ],
)
def test_a_resource_belongs_to_a_trial_by_name_and_tag(name: str, tag: str, owner: str | None) -> None:
    """One of them alone proves nothing."""
    assert trial_of(name, {TRIAL_TAG: tag}) == owner


def test_the_plan_is_that_of_linkhub_under_other_names() -> None:
    """Every resource has a name and a tag by which it is found."""
    plan = trial_plan(new_trial())
    named: list[Any] = [*plan.tables, *plan.queues, plan.topic]
    assert all(trial_of(each.name, each.tags) for each in named)
    assert all(trial_of(queue.dead_letter_name, queue.tags) for queue in plan.queues)
    assert len({each.name for each in named}) == 5


@contextmanager
def _open(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> Iterator[TrialResources]:
    urls = {"dynamodb": dynamodb_endpoint, "sqs": sqs_sns_endpoint, "sns": sqs_sns_endpoint}
    with AwsClients(region=aws.REGION, configured_endpoint_urls=urls) as clients:
        yield TrialResources(services=AwsServices(clients=clients, clock=SystemClock()))


@pytest.mark.aws
async def test_what_another_process_left_is_removed_and_nothing_else(
    dynamodb_endpoint: str, sqs_sns_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the queue of its serving node; a resource with such a name but without the tag stays."""
    for name, text in aws.environment().items():
        monkeypatch.setenv(name, text)
    with (
        closing(aws.sqs_client(sqs_sns_endpoint)) as sqs,
        closing(aws.sns_client(sqs_sns_endpoint)) as sns,
        closing(aws.dynamodb_client(dynamodb_endpoint)) as dynamodb,
    ):
        foreign = sqs.create_queue(QueueName=f"{_TRIAL}-caption")["QueueUrl"]
        topic = sns.create_topic(Name=f"{_TRIAL}-new-product")["TopicArn"]
        similar: Any = {**trial_plan(_TRIAL).tables[1].definition, "TableName": "linkhub-trial-results"}
        table = dynamodb.create_table(**similar)
        with _open(dynamodb_endpoint, sqs_sns_endpoint) as killed:
            made = [outcome async for outcome in killed.make(new_trial())]
            assert {outcome.status for outcome in made} == {Status.MADE}
            node = await killed.services.topic_bus(made[-1].address).nodes.open()
        with _open(dynamodb_endpoint, sqs_sns_endpoint) as cleaning:
            removed = {outcome.name async for outcome in cleaning.remove()}
            assert removed == {outcome.name for outcome in made} | {name_of(node.url)}
            assert [outcome async for outcome in cleaning.remove()] == []
        assert foreign in sqs.list_queues(QueueNamePrefix=_TRIAL)["QueueUrls"]
        assert topic in [each["TopicArn"] for each in sns.list_topics()["Topics"]]
        assert "linkhub-trial-results" in dynamodb.list_tables()["TableNames"]
        sqs.delete_queue(QueueUrl=foreign)
        sns.delete_topic(TopicArn=topic)
        dynamodb.delete_table(TableName=table["TableDescription"]["TableName"])
