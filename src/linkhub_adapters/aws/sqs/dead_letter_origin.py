"""The queue that a dead letter came from, and with it the kind of its event.

    the letter has                             names a queue of linkhub   names another queue
    -----------------------------------------  -------------------------  -------------------
    SQS's ``DeadLetterQueueSourceArn``         that queue                 unknown kind
    linkhub's origin attribute                 that queue                 unknown kind

    has neither, and its dead-letter queue is  of one queue: that queue   of several: unknown kind

SQS names the source of a message that its redrive policy moved, linkhub that of a message that it rejected. A letter
that another program put there has neither. The kind is never guessed from the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from linkhub_adapters.aws.sqs.queue_facts import SqsQueue, name_of
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["SOURCE_ARN", "DeadLetterQueue", "LetterOrigin", "dead_letter_queues", "origin_of"]

SOURCE_ARN: Final = "DeadLetterQueueSourceArn"


@frozen(kw_only=True)
class LetterOrigin:
    """Where a letter came from. ``kind`` is None if that is no queue of linkhub's; ``queue_name`` may be empty."""

    queue_name: str
    queue: SqsQueue | None

    @property
    def kind(self) -> Kind | None:
        """The kind of the event, if it is known."""
        return None if self.queue is None else self.queue.kind


@frozen(kw_only=True)
class DeadLetterQueue:
    """A dead-letter queue. ``sources`` are the queues whose redrive policy names it, ``queues`` all of linkhub's."""

    url: str
    sources: Sequence[SqsQueue]
    queues: Sequence[SqsQueue]

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.url)


def dead_letter_queues(queues: Mapping[Kind, SqsQueue]) -> Sequence[DeadLetterQueue]:
    """The dead-letter queues, each once, however many queues share it."""
    by_url: dict[str, list[SqsQueue]] = {}
    for queue in queues.values():
        by_url.setdefault(queue.dead_letter_url, []).append(queue)
    return [DeadLetterQueue(url=url, sources=sources, queues=[*queues.values()]) for url, sources in by_url.items()]


def origin_of(box: DeadLetterQueue, message: MessageTypeDef, named_queue: str | None) -> LetterOrigin:
    """Decide where a letter came from.

    Args:
        box: the dead-letter queue that holds it.
        message: as it was received there.
        named_queue: the queue that linkhub's origin attribute names, or none without such an attribute.
    """
    arn = message.get("Attributes", {}).get(SOURCE_ARN)
    if arn:
        found = next((queue for queue in box.queues if queue.arn == arn), None)
        return LetterOrigin(queue_name=name_of(arn), queue=found)
    if named_queue:
        found = next((queue for queue in box.queues if queue.name == named_queue), None)
        return LetterOrigin(queue_name=named_queue, queue=found)
    if len(box.sources) == 1:
        return LetterOrigin(queue_name=box.sources[0].name, queue=box.sources[0])
    return LetterOrigin(queue_name="", queue=None)
