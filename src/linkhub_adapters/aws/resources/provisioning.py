"""Makes sure that everything of :mod:`.resources` is there, one resource after the other, and tells of each.

Rule 1. Run twice, the second time changes nothing; what stopped half-way is finished by the next run.
Rule 2. What fails is told by the resource's name, and the others go on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping

from attrs import Factory, frozen

from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_adapters.aws.resources import Resources
from linkhub_adapters.aws.resources.queue_provisioning import SqsProvisioning
from linkhub_adapters.aws.resources.table_provisioning import DynamoDbProvisioning
from linkhub_adapters.aws.resources.topic_provisioning import SUBSCRIPTION, TOPIC, SnsProvisioning
from linkhub_core.errors import LinkhubError
from linkhub_core.model import Kind
from linkhub_core.ports.provisioned import Provisioned

__all__ = ["Provisioning"]


@frozen(kw_only=True)
class Provisioning:
    """Provisions all that linkhub needs.

    ``queue_accounts`` and ``topic_arn`` tell where the queues and the topic should be, as far as that is configured.
    """

    tables: DynamoDbProvisioning
    queues: SqsProvisioning
    topic: SnsProvisioning
    queue_accounts: Mapping[Kind, str] = Factory(dict)
    topic_arn: str | None = None

    async def ensure(self, needed: Resources) -> AsyncIterator[Provisioned]:
        """Make what is absent and mend what is safe to mend; each resource is told when it is done.

        Raises:
            SdkUnavailable: the AWS SDK cannot be used, so no further resource can be made.
        """
        for table in needed.tables:
            yield await _attempt("table", table.name, self.tables.ensure(table))
        for queue in needed.queues:
            async for told in self.queues.ensure(queue, self.queue_accounts.get(queue.kind)):
                yield told
        topic = await _attempt(TOPIC, needed.topic.name, self.topic.ensure(needed.topic, self.topic_arn))
        yield topic
        for subscription in needed.subscriptions:
            if topic.address:
                yield await _attempt(SUBSCRIPTION, subscription.name, self.topic.subscribe(topic.address, subscription))
            else:
                problem = f"it needs the topic {needed.topic.name} first"
                yield Provisioned.failed(SUBSCRIPTION, subscription.name, problem)


async def _attempt(resource: str, name: str, ensuring: Awaitable[Provisioned]) -> Provisioned:
    try:
        return await ensuring
    except SdkUnavailable:
        raise
    except LinkhubError as error:
        return Provisioned.failed(resource, name, str(error))
