"""The queue that a dead letter came from, and with it the kind of its event.

    the dead letter has                        names a queue of linkhub   names another queue
    -----------------------------------------  -------------------------  -------------------
    SQS's ``DeadLetterQueueSourceArn``         that queue                 unknown kind
    linkhub's origin attribute                 that queue                 unknown kind

    has neither, and its dead-letter queue is  of one queue: that queue   of several: unknown kind

SQS names the source of a message that its redrive policy moved, linkhub names that of a message that it rejected. A
message that another program sent there has neither. The kind is never guessed from the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from linkhub_adapters.aws.sqs.queue_facts import SqsQueue, name_of
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

SOURCE_ARN: Final = "DeadLetterQueueSourceArn"


@frozen(kw_only=True)
class DeadLetterOrigin:
    """``kind`` is None if the queue is not linkhub's; ``queue_name`` is empty if it is not known."""

    queue_name: str
    queue: SqsQueue | None

    @property
    def kind(self) -> Kind | None:
        """The kind of the event, if it is known."""
        return None if self.queue is None else self.queue.kind


@frozen(kw_only=True)
class DeadLetterQueue:
    """A dead-letter queue; the redrive policies of ``sources`` name it, ``queues`` are all queues of linkhub."""

    url: str
    sources: Sequence[SqsQueue]
    queues: Sequence[SqsQueue]

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.url)


def dead_letter_queues(queues: Mapping[Kind, SqsQueue]) -> Sequence[DeadLetterQueue]:
    """The dead-letter queues, each once, also if several queues share it."""
    by_url: dict[str, list[SqsQueue]] = {}
    for queue in queues.values():
        by_url.setdefault(queue.dead_letter_url, []).append(queue)
    return [DeadLetterQueue(url=url, sources=sources, queues=[*queues.values()]) for url, sources in by_url.items()]


def origin_of(held_in: DeadLetterQueue, message: MessageTypeDef, named_queue: str | None) -> DeadLetterOrigin:
    """The origin of a dead letter.

    Args:
        held_in: the dead-letter queue that holds it.
        message: the message as it was received there.
        named_queue: the queue in linkhub's origin attribute; none without this attribute.
    """
    arn = message.get("Attributes", {}).get(SOURCE_ARN)
    if arn:
        found = next((queue for queue in held_in.queues if queue.arn == arn), None)
        return DeadLetterOrigin(queue_name=name_of(arn), queue=found)
    if named_queue:
        found = next((queue for queue in held_in.queues if queue.name == named_queue), None)
        return DeadLetterOrigin(queue_name=named_queue, queue=found)
    if len(held_in.sources) == 1:
        return DeadLetterOrigin(queue_name=held_in.sources[0].name, queue=held_in.sources[0])
    return DeadLetterOrigin(queue_name="", queue=None)
