"""The resources of a trial: made under names of their own with a tag, found by both, and deleted.

Rule 1. A resource is deleted only if its name has the form ``linkhub-trial-<12 hex digits>-<part>`` and its tag
``linkhub:trial`` has the first part of that name. So no resource of another owner is deleted.
Rule 2. A resource has its tag from the call that makes it: one that a killed process left behind is found.
Rule 3. A table of a server without tags (DynamoDB Local) is judged by its name alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

from attrs import Factory, evolve, frozen

from linkhub_adapters.aws.client.errors import code_of, is_missing
from linkhub_adapters.aws.ports import AwsServices
from linkhub_adapters.aws.resources.definitions import NODE_QUEUES, Resources, resources, tag_list
from linkhub_adapters.aws.resources.difference import attempt
from linkhub_adapters.aws.resources.provisioning import Provisioning
from linkhub_adapters.aws.resources.queues import QUEUE, SqsQueues
from linkhub_adapters.aws.resources.tables import MAX_POLLS, POLL_SECONDS, TABLE, DynamoDbTables
from linkhub_adapters.aws.resources.topics import TOPIC, SnsTopics
from linkhub_adapters.aws.sns.node_queues import TOPIC_TAG
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.provisioned import Provisioned, Status

TRIAL_TAG = "linkhub:trial"
_PREFIX = "linkhub-trial-"
_NAME = re.compile(rf"({_PREFIX}[0-9a-f]{{12}})-[a-z-]+")
_NODE_PREFIX = NODE_QUEUES.removesuffix("*")
_NO_TAGS = "UnknownOperationException"  # of DynamoDB Local


def new_trial() -> str:
    """The name of a new trial."""
    return f"{_PREFIX}{uuid4().hex[:12]}"


def trial_plan(trial: str) -> Resources:
    """The resources of a trial: as linkhub's own, without point-in-time recovery."""
    plan, tags = resources(), {TRIAL_TAG: trial}
    return Resources(
        tables=[
            evolve(table, name=table.name.replace("linkhub", trial), has_backups=False, tags=tags)
            for table in plan.tables
        ],
        queues=[evolve(queue, name=queue.name.replace("linkhub", trial), tags=tags) for queue in plan.queues],
        topic=evolve(plan.topic, name=plan.topic.name.replace("linkhub", trial), tags=tags),
    )


def trial_of(name: str, tags: Mapping[str, str]) -> str | None:
    """The trial to which a resource belongs by its name and its tag; none if it is of another owner."""
    found = _NAME.fullmatch(name)
    return found[1] if found and tags.get(TRIAL_TAG) == found[1] else None


@frozen(kw_only=True)
class TrialResources:
    """The resources of trials in one account and region."""

    services: AwsServices
    made: list[Provisioned] = Factory(list)

    async def make(self, trial: str) -> AsyncIterator[Provisioned]:
        """Make them; yields each resource when it is done, the failed ones, too.

        Raises:
            SdkUnavailable: the AWS SDK cannot be used.
        """
        clients, calls = self.services.clients, self.services.calls
        provisioning = Provisioning(
            tables=DynamoDbTables(dynamodb=clients.dynamodb, calls=calls["DynamoDB"], clock=self.services.clock),
            queues=SqsQueues(sqs=clients.sqs, calls=calls["SQS"]),
            topics=SnsTopics(sns=clients.sns, calls=calls["SNS"]),
        )
        async for outcome in provisioning.ensure(trial_plan(trial)):
            if outcome.resource == TOPIC and outcome.address:  # a server in place of SNS may ignore the tags of a call
                tags = tag_list({TRIAL_TAG: trial})
                await calls["SNS"](clients.sns.tag_resource, ResourceArn=outcome.address, Tags=tags)
            self.made.append(outcome)
            yield outcome

    async def remove(self, trial: str | None = None) -> AsyncIterator[Provisioned]:
        """Delete the resources of a trial, by default of every trial; yields each that was deleted, or could not be.

        Those that :meth:`make` made are known; the lists of AWS show a new resource some time later.

        Raises:
            ServiceUnavailable: a service does not list its resources.
        """
        removed = set()
        async for kind, address in self._made_and_found(trial):
            name = name_of(address)
            if name not in removed:
                removed.add(name)
                yield await attempt(kind, name, self._remove(kind, address))

    async def _made_and_found(self, trial: str | None) -> AsyncIterator[tuple[str, str]]:
        """The kind of each resource, and its name, URL or ARN; a topic before the queues that it feeds."""
        for outcome in reversed(self.made):
            if outcome.address:
                yield outcome.resource, outcome.address
        async for arn in self._topics(trial):
            yield TOPIC, arn
        async for url in self._queues(trial):
            yield QUEUE, url
        async for name in self._tables(trial):
            yield TABLE, name

    async def _remove(self, kind: str, address: str) -> Provisioned:
        clients, calls = self.services.clients, self.services.calls
        if kind == TOPIC:
            await calls["SNS"].unless_missing(clients.sns.delete_topic, TopicArn=address)  # with its subscriptions
        elif kind == TABLE:
            await self._delete_table(address)
        else:
            await calls["SQS"].unless_missing(clients.sqs.delete_queue, QueueUrl=address)
        return Provisioned(resource=kind, name=name_of(address), status=Status.REMOVED)

    async def _topics(self, trial: str | None) -> AsyncIterator[str]:
        clients, calls = self.services.clients, self.services.calls["SNS"]
        for topic in [each async for each in calls.items(clients.sns.list_topics, "Topics")]:
            arn = topic["TopicArn"]
            if _NAME.fullmatch(name_of(arn)):
                listed = (await calls(clients.sns.list_tags_for_resource, ResourceArn=arn))["Tags"]
                if _is_of(trial, trial_of(name_of(arn), {tag["Key"]: tag["Value"] for tag in listed})):
                    yield arn

    async def _queues(self, trial: str | None) -> AsyncIterator[str]:
        """The queues of trials, and those of their serving nodes, whose tag is the topic."""
        clients, calls = self.services.clients, self.services.calls["SQS"]
        for prefix in (_PREFIX, _NODE_PREFIX):
            listed = calls.items(clients.sqs.list_queues, "QueueUrls", QueueNamePrefix=prefix, MaxResults=1000)
            for url in [each async for each in listed]:
                found = await calls.unless_missing(clients.sqs.list_queue_tags, QueueUrl=url)
                if found is None:  # SQS lists a deleted queue for some time
                    continue
                tags = found.get("Tags", {})
                topic = _NAME.fullmatch(name_of(tags.get(TOPIC_TAG, "")))
                owner = trial_of(name_of(url), tags) if prefix == _PREFIX else topic and topic[1]
                if _is_of(trial, owner):
                    yield url

    async def _tables(self, trial: str | None) -> AsyncIterator[str]:
        clients, calls = self.services.clients, self.services.calls["DynamoDB"]
        names: list[str] = []
        start: dict[str, str] = {}
        while True:
            reply = await calls(clients.dynamodb.list_tables, **start)
            names += reply["TableNames"]
            if "LastEvaluatedTableName" not in reply:
                break
            start = {"ExclusiveStartTableName": reply["LastEvaluatedTableName"]}
        for name in filter(_NAME.fullmatch, names):
            if _is_of(trial, trial_of(name, await self._table_tags(name))):
                yield name

    async def _table_tags(self, name: str) -> Mapping[str, str]:
        clients, calls = self.services.clients, self.services.calls["DynamoDB"]
        try:
            arn = (await calls(clients.dynamodb.describe_table, TableName=name))["Table"]["TableArn"]
            tags = (await calls(clients.dynamodb.list_tags_of_resource, ResourceArn=arn))["Tags"]
        except LinkhubError as error:
            if code_of(error) == _NO_TAGS and (found := _NAME.fullmatch(name)):
                return {TRIAL_TAG: found[1]}
            if not is_missing(error):
                raise
            return {}
        return {tag["Key"]: tag["Value"] for tag in tags}

    async def _delete_table(self, name: str) -> None:
        """Delete a table after its creation has ended."""
        clients, calls = self.services.clients, self.services.calls["DynamoDB"]
        for attempts_left in reversed(range(MAX_POLLS)):
            try:
                await calls.unless_missing(clients.dynamodb.delete_table, TableName=name)
            except LinkhubError as error:
                if code_of(error) != "ResourceInUseException" or not attempts_left:
                    raise
                await self.services.clock.sleep(POLL_SECONDS)
            else:
                return


def _is_of(trial: str | None, owner: str | None) -> bool:
    return owner is not None and trial in (None, owner)
