"""Announcements to the topic: batches and faults."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_caption, a_key, a_record
from linkhub_core.wire.announcements import announce
from tests.adapters.aws.queue_fixture import blame_the_sender
from tests.adapters.aws.topic_fixture import TopicFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def topic(
    make_sqs_client: Callable[[], "SQSClient"], make_sns_client: Callable[[], "SNSClient"]
) -> AsyncIterator[TopicFixture]:
    """A topic, through clients of the test's own."""
    made = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
    yield made
    await made.close()


def _announcements(count: int) -> Sequence[Announcement]:
    return [announce(a_record(a_key(number)), NOON, f"c-{number}") for number in range(count)]


async def test_many_announcements_go_in_tens(topic: TopicFixture) -> None:
    """All are heard, and ten cost one call."""
    feed = await topic.open_feed()
    await topic.notifier.notify(_announcements(23))
    heard = await topic.hear(feed, 23)
    assert {one.key for one in heard} == {a_key(number) for number in range(23)}
    assert topic.sns_calls.counts["publish_batch"] == 3


async def test_large_announcements_share_a_call_only_as_far_as_they_fit(topic: TopicFixture) -> None:
    """256 KiB is the limit of a whole call: of twelve announcements of 48 kB, five fit."""
    caption = a_caption(raw_caption="x" * 5_000, tags=["😀" * 100] * 100, sizes="é" * 200, title="é" * 500)
    large = [announce(a_record(a_key(number), caption=caption), NOON) for number in range(12)]
    assert 5 * len(large[0].event_json) < 262_144 < 6 * len(large[0].event_json)
    await topic.notifier.notify(large)
    assert topic.sns_calls.counts["publish_batch"] == 3


async def test_nothing_to_announce_costs_nothing(topic: TopicFixture) -> None:
    """No call is made."""
    await topic.notifier.notify([])
    assert topic.sns_calls.counts["publish_batch"] == 0


async def test_failed_entries_are_announced_again(topic: TopicFixture) -> None:
    """A batch that was taken in part is taken in full later; each is heard once."""
    feed = await topic.open_feed()
    with inject(topic.sns, Fault.unserved(operation="PublishBatch", parts=(0, 3), times=2)):
        await topic.notifier.notify(_announcements(5))
    heard = await topic.hear(feed, 5)
    assert sorted(one.key for one in heard) == [a_key(number) for number in range(5)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttle(operation="PublishBatch", code="Throttled"),
        Fault.server_error(operation="PublishBatch"),
        Fault.client_error(operation="PublishBatch", code="AuthorizationError", status=403),
        Fault.time_out(operation="PublishBatch"),
        Fault.lose_reply(operation="PublishBatch"),
        Fault.unserved(operation="PublishBatch", parts=(0,), times=5),
    ],
    ids=["throttled", "500", "denied", "timed-out", "reply-lost", "never-served"],
)
async def test_an_announcement_that_may_not_be_out_is_an_error(topic: TopicFixture, fault: Fault) -> None:
    """The product still counts as not announced, and announcing all again is safe."""
    with inject(topic.sns, fault), pytest.raises(ServiceUnavailable, match="SNS is unavailable"):
        await topic.notifier.notify(_announcements(2))
    feed = await topic.open_feed()
    await topic.notifier.notify(_announcements(2))
    assert len(await topic.hear(feed, 2)) == 2


async def test_a_refused_announcement_is_an_error(topic: TopicFixture) -> None:
    """It does not count as announced, and its mates are out."""
    feed = await topic.open_feed()
    with inject(topic.sns, Fault.unserved(operation="PublishBatch", parts=(0,), code="InvalidParameter")):
        topic.sns.meta.events.register("after-call.sns.PublishBatch", blame_the_sender)
        with pytest.raises(ServiceUnavailable, match="a message was refused: InvalidParameter"):
            await topic.notifier.notify(_announcements(2))
    assert [one.key for one in await topic.hear(feed, 1)] == [a_key(1)]


async def test_a_topic_that_is_gone_is_an_error(topic: TopicFixture) -> None:
    """No announcement arrives until the topic is back, and none counts as announced."""
    topic.sns.delete_topic(TopicArn=topic.topic_arn)
    with pytest.raises(ServiceUnavailable, match="NotFound"):
        await topic.notifier.notify(_announcements(1))
