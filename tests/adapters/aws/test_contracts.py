"""The adapters of SQS and SNS keep the contracts of their ports, on standard and on FIFO queues."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, ClassVar

import pytest
from attrs import define, field

from linkhub_adapters.aws.sns.notifier import SnsNotifier
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_adapters.aws.sqs.queue_contents import SqsQueueContents
from linkhub_core.ports import AnnouncementFeed, Delivery
from linkhub_core.testing.event_queue import EventQueueContract, Queues
from linkhub_core.testing.notifier import NotifierContract, OpenFeed
from linkhub_core.testing.queue_contents import QueueContentsContract
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.adapters.aws.topic_fixture import TopicFixture
from tests.support.aws import sqs_client
from tests.support.sqs_on_a_clock import ServerClock
from tests.support.sqs_sns import run_sqs_sns

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.aws

_POLLS = 2


@define(kw_only=True, eq=False)
class _CountedCalls(SqsCalls):
    """Calls that count the polls of each queue that were answered."""

    answers: Counter[str] = field(factory=Counter)

    def receive(self, url: str, *, wait_seconds: float, visibility_timeout_seconds: float) -> Sequence[MessageTypeDef]:
        """One poll."""
        messages = super().receive(
            url, wait_seconds=wait_seconds, visibility_timeout_seconds=visibility_timeout_seconds
        )
        self.answers[url] += 1
        return messages


@define(kw_only=True, eq=False)
class _PatientQueue(SqsEventQueue):
    """A queue that answers with nothing only when SQS did: to a poll of each queue that began after the question."""

    sqs: _CountedCalls

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        # As many polls may have been under way at the question, and the last answer may not have landed yet.
        enough = {queue.url: self.sqs.answers[queue.url] + _POLLS + 2 for queue in self.queues.values()}
        while not (batch := await super().receive()):
            if all(self.sqs.answers[url] >= answers for url, answers in enough.items()):
                return await super().receive()
        return batch


@pytest.fixture(scope="module")
def clock_endpoint() -> Iterator[str]:
    """The endpoint URL of a server of SQS whose clock the tests move."""
    with run_sqs_sns("tests.support.sqs_on_a_clock:app") as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="module")
def clocked_client(clock_endpoint: str) -> Iterator[SQSClient]:
    """One client for the module: no test here changes it."""
    with closing(sqs_client(clock_endpoint)) as client:
        yield client


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
class TestSqsEventQueue(EventQueueContract, QueueContentsContract):
    """The queues, their publisher and their dead letters on SQS, whose leases end by the test's clock."""

    @pytest.fixture
    async def queues(self, clock_endpoint: str, clocked_client: SQSClient, is_fifo: bool) -> AsyncIterator[Queues]:
        """Empty queues."""
        clock = ServerClock(endpoint_url=clock_endpoint)
        fixture = QueueFixture.create(clocked_client, is_fifo=is_fifo, max_receive_count=3, clock=clock)
        queue = _PatientQueue(
            queues=fixture.queues,
            sqs=_CountedCalls(sqs=fixture.sqs, calls=fixture.calls.calls, clock=clock),
            dead_letter_writer=fixture.dead_letter_writer,
            receive_wait_seconds=0.02,
            poll_wait_seconds=0,
            polls_per_queue=_POLLS,
        )
        yield Queues(
            queue=queue,
            publisher=fixture.publisher,
            letters=fixture.dead_letters,
            clock=clock,
            letters_are_ordered=False,
        )
        await queue.close()

    @pytest.fixture
    def contents(self, queues: Queues) -> SqsQueueContents:
        """What imports add to these queues."""
        assert isinstance(queues.queue, SqsEventQueue)
        return SqsQueueContents(queues=queues.queue.queues, sqs=queues.queue.sqs)


class TestSnsAnnouncements(NotifierContract):
    """A topic, and the feeds of nodes on it; a standard topic promises no order."""

    is_ordered: ClassVar[bool] = False

    @pytest.fixture
    async def fixture(
        self, make_sqs_client: Callable[[], SQSClient], make_sns_client: Callable[[], SNSClient]
    ) -> AsyncIterator[TopicFixture]:
        """A topic of the test's own."""
        made = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
        yield made
        await made.close()

    @pytest.fixture
    def notifier(self, fixture: TopicFixture) -> SnsNotifier:
        """The notifier of it."""
        return fixture.notifier

    @pytest.fixture
    def open_feed(self, fixture: TopicFixture) -> OpenFeed:
        """Opens a node's feed."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[AnnouncementFeed]:
            yield await fixture.open_feed()

        return opened
