"""The attributes of a queue that are needed to process its messages."""

from __future__ import annotations

from attrs import frozen

from linkhub_core.model import Kind


def name_of(queue: str) -> str:
    """A queue's name, from its URL or its ARN."""
    return queue.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


@frozen(kw_only=True)
class SqsQueue:
    """The output queue of one worker, with its dead-letter queue; :class:`~.find_queues.FindQueues` reads it.

    ``max_message_bytes`` is the smaller limit of both, for body and attributes. After ``max_receive_count`` deliveries
    SQS moves a message to the dead letters.
    """

    kind: Kind
    url: str
    arn: str
    dead_letter_url: str
    max_message_bytes: int = 262_144
    max_receive_count: int = 20

    @property
    def name(self) -> str:
        """The queue's name."""
        return name_of(self.url)

    @property
    def is_fifo(self) -> bool:
        """Whether it and its dead-letter queue are FIFO queues."""
        return self.url.endswith(".fifo")
