"""A topic of its own on the test server, and the adapters on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from attrs import define, field

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed
from linkhub_adapters.aws.sns.node_queues import NodeQueues
from linkhub_adapters.aws.sns.notifier import SnsNotifier
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.aws.queue_fixture import SAFETY_SECONDS

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient


@define
class Seconds:
    """A clock that shows the same time until it is set."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@define(kw_only=True, eq=False)
class TopicFixture:
    """A topic, and what is built on it. ``sqs`` and ``sns`` are where faults are put in."""

    sqs: SQSClient
    sns: SNSClient
    clock: FakeClock = field(factory=FakeClock)
    seconds: Seconds = field(factory=Seconds)
    prefix: str = field(factory=lambda: f"t{uuid4().hex[:8]}")
    topic_arn: str = field(init=False)
    sqs_calls: AwsCalls = field(init=False)
    sns_calls: AwsCalls = field(init=False)
    _feeds: list[SnsAnnouncementFeed] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.topic_arn = self.sns.create_topic(Name=f"{self.prefix}-topic")["TopicArn"]
        threads = ThreadPoolExecutor(4, "topic")
        self.sqs_calls = AwsCalls(service="SQS", executor=threads)
        self.sns_calls = AwsCalls(service="SNS", executor=threads)

    @property
    def notifier(self) -> SnsNotifier:
        """The notifier."""
        return SnsNotifier(sns=self.sns, topic_arn=self.topic_arn, calls=self.sns_calls, clock=self.clock)

    @property
    def nodes(self) -> NodeQueues:
        """Makes and removes the queues of nodes."""
        return NodeQueues(
            sqs=self.sqs,
            sqs_calls=self.sqs_calls,
            sns=self.sns,
            sns_calls=self.sns_calls,
            topic_arn=self.topic_arn,
            clock=self.clock,
            prefix=self.prefix,
        )

    async def open_feed(self, **settings: Any) -> SnsAnnouncementFeed:
        """A node that listens from now on, until the room is closed."""
        feed = SnsAnnouncementFeed(
            nodes=self.nodes,
            sqs=SqsCalls(sqs=self.sqs, calls=self.sqs_calls, clock=self.clock),
            seconds=self.seconds,
            **{"receive_wait_seconds": 0.5, "poll_wait_seconds": 1, **settings},
        )
        await feed.open()
        self._feeds.append(feed)
        return feed

    async def close(self) -> None:
        """Close what was opened."""
        for feed in self._feeds:
            await feed.close()

    # --- what a test looks at

    async def hear(self, feed: SnsAnnouncementFeed, count: int) -> Sequence[Announcement]:
        """Receive until ``count`` announcements came."""
        heard: list[Announcement] = []
        async with asyncio.timeout(SAFETY_SECONDS):
            while len(heard) < count:
                heard += await feed.receive()
        return heard

    def queue_urls(self) -> Sequence[str]:
        """The queues of nodes that are there."""
        return self.sqs.list_queues(QueueNamePrefix=f"{self.prefix}-node-").get("QueueUrls", [])

    def endpoints(self) -> Sequence[str]:
        """The ARNs of the queues that are subscribed."""
        found = self.sns.list_subscriptions_by_topic(TopicArn=self.topic_arn)["Subscriptions"]
        return [subscription["Endpoint"] for subscription in found]
