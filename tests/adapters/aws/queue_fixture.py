"""Two queues of their own with dead-letter queues on the test server, and the adapters on them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from attrs import define, field

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_writer import SqsDeadLetterWriter
from linkhub_adapters.aws.sqs.dead_letters import SqsDeadLetters
from linkhub_adapters.aws.sqs.event_publisher import SqsEventPublisher
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_adapters.aws.sqs.find_queues import FindQueues
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, DeadLetterQuery, Delivery
from linkhub_core.testing.fakes import FakeClock

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

SAFETY_SECONDS = 30.0  # for what happens within milliseconds, unless something is broken

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """Look again and again until there is something to see."""
    async with asyncio.timeout(SAFETY_SECONDS):
        while not (seen := await look()):  # noqa: ASYNC110  the server in another process sets no event
            await asyncio.sleep(0.01)
    return seen


def blame_the_sender(parsed: dict[str, Any], **_: Any) -> None:
    """A hook after a batch operation: what failed, failed by the sender's fault."""
    for entry in parsed["Failed"]:
        entry["SenderFault"] = True


@define(kw_only=True, eq=False)
class QueueFixture:
    """Both queues, and everything that is built on them. ``sqs`` is where faults are put in."""

    sqs: SQSClient
    queues: Mapping[Kind, SqsQueue]
    clock: FakeClock = field(factory=FakeClock)
    calls: SqsCalls = field(init=False)
    _opened: list[SqsEventQueue] = field(factory=list, init=False)

    @classmethod
    def create(
        cls,
        sqs: SQSClient,
        *,
        is_fifo: bool = False,
        max_receive_count: int = 20,
        clock: FakeClock | None = None,
        shares_dead_letters: bool = False,
    ) -> QueueFixture:
        """Make the queues, each with a dead-letter queue of its own or both with one."""
        suffix, kind_of_queue = (".fifo", {"FifoQueue": "true"}) if is_fifo else ("", {})
        urls = {}
        shared = f"both-{uuid4().hex[:12]}"
        for kind in Kind:
            name = f"{kind}-{uuid4().hex[:12]}"
            owner = shared if shares_dead_letters else name
            dead = sqs.create_queue(QueueName=f"{owner}-dead{suffix}", Attributes=_typed(kind_of_queue))["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
            policy = json.dumps({"deadLetterTargetArn": found["QueueArn"], "maxReceiveCount": str(max_receive_count)})
            attributes = _typed({**kind_of_queue, "RedrivePolicy": policy})
            urls[kind] = sqs.create_queue(QueueName=f"{name}{suffix}", Attributes=attributes)["QueueUrl"]
        queues = FindQueues(sqs=sqs, calls=AwsCalls(service="SQS"))(urls)
        return cls(sqs=sqs, queues=queues, clock=clock or FakeClock())

    def __attrs_post_init__(self) -> None:
        threads = ThreadPoolExecutor(8, "sqs")
        self.calls = SqsCalls(sqs=self.sqs, calls=AwsCalls(service="SQS", executor=threads), clock=self.clock)

    @property
    def dead_letter_writer(self) -> SqsDeadLetterWriter:
        """Writes dead letters."""
        return SqsDeadLetterWriter(queues=self.queues, sqs=self.calls, clock=self.clock)

    @property
    def publisher(self) -> SqsEventPublisher:
        """The publisher."""
        return SqsEventPublisher(queues=self.queues, sqs=self.calls)

    @property
    def dead_letters(self) -> SqsDeadLetters:
        """Reads the dead letters, without waiting for more."""
        return SqsDeadLetters(queues=self.queues, sqs=self.calls, wait_seconds=0)

    def queue(self, **settings: Any) -> SqsEventQueue:
        """A queue on these queues, that is closed with the room."""
        opened = SqsEventQueue(
            queues=self.queues,
            sqs=self.calls,
            dead_letter_writer=self.dead_letter_writer,
            **{"receive_wait_seconds": 0.5, "poll_wait_seconds": 1, **settings},
        )
        self._opened.append(opened)
        return opened

    async def close(self) -> None:
        """Close what was opened."""
        for queue in self._opened:
            await queue.close()

    # --- what a test looks at

    async def receive(self, queue: SqsEventQueue, count: int) -> Sequence[Delivery]:
        """Receive until ``count`` messages came."""
        deliveries: list[Delivery] = []
        async with asyncio.timeout(SAFETY_SECONDS):
            while len(deliveries) < count:
                deliveries += await queue.receive()
        return deliveries

    async def letters(self, query: DeadLetterQuery | None = None) -> list[DeadLetter]:
        """All dead letters that match."""
        return [letter async for letter in self.dead_letters.browse(query or DeadLetterQuery())]

    def depth(self, url: str) -> tuple[int, int]:
        """How many messages of a queue are visible, and how many are leased."""
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])

    async def settles_at(self, url: str, depth: tuple[int, int]) -> bool:
        """Whether the depth becomes this: a poll that a closed queue left behind may hold a message for a moment."""

        async def is_there() -> bool:
            return self.depth(url) == depth

        return await eventually(is_there)

    def lease(self, url: str) -> list[MessageTypeDef]:
        """Lease messages behind the adapters' back."""
        return self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])


def _typed(attributes: Mapping[str, str]) -> Any:
    """Attributes of a queue, whose names the generated types know as literals only."""
    return dict(attributes)
