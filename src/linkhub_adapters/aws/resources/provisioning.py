"""Makes or changes every resource of the plan, one after the other.

Rule 1. A second run changes nothing; an interrupted run is continued by the next one.
Rule 2. A resource that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from attrs import Factory, frozen

from linkhub_adapters.aws.resources.definitions import Resources
from linkhub_adapters.aws.resources.difference import attempt
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.resources.tables import TABLE, DynamoDbTables
from linkhub_adapters.aws.resources.topics import SUBSCRIPTION, TOPIC, SnsTopics
from linkhub_core.model import Kind
from linkhub_core.ports.provisioned import Provisioned


@frozen(kw_only=True)
class Provisioning:
    """Provisions all that linkhub needs.

    Args:
        tables: the tables of the account.
        queues: the queues of the account.
        topics: the topics of the account.
        queue_accounts: the owners of the queues, as far as they are configured.
        topic_arn: the ARN of the topic, if it is configured.
    """

    tables: DynamoDbTables
    queues: SqsQueues
    topics: SnsTopics
    queue_accounts: Mapping[Kind, str] = Factory(dict)
    topic_arn: str | None = None

    async def ensure(self, plan: Resources) -> AsyncIterator[Provisioned]:
        """Make what is absent and change what takes nothing away; yields each resource when it is done.

        Raises:
            SdkUnavailable: the AWS SDK cannot be used, so no further resource can be made.
        """
        for table in plan.tables:
            yield await attempt(TABLE, table.name, self.tables.ensure(table))
        for queue in plan.queues:
            async for outcome in self.queues.ensure(queue, self.queue_accounts.get(queue.kind)):
                yield outcome
        topic = await attempt(TOPIC, plan.topic.name, self.topics.ensure(plan.topic, self.topic_arn))
        yield topic
        for subscription in plan.subscriptions:
            if topic.address:
                subscribing = self.topics.subscribe(topic.address, subscription)
                yield await attempt(SUBSCRIPTION, subscription.name, subscribing)
            else:
                problem = f"it needs the topic {plan.topic.name} first"
                yield Provisioned.failed(SUBSCRIPTION, subscription.name, problem)
