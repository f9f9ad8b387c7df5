"""What is known of a queue before a message is touched: where its dead letters go, and what it can hold."""

from __future__ import annotations

from attrs import frozen

from linkhub_core.model import Kind

__all__ = ["SqsQueue", "name_of"]


def name_of(queue: str) -> str:
    """A queue's name, from its URL or its ARN."""
    return queue.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


@frozen(kw_only=True)
class SqsQueue:
    """One worker's output queue and its dead-letter queue; :func:`~.sqs_queues.find_queue` asks SQS for all of it.

    ``max_message_bytes`` is the smaller limit of the two, for body and attributes together. ``max_receive_count`` is
    how often SQS delivers a message before it moves it to the dead letters by itself.
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
        """Whether messages of a group come in order, one batch at a time; the dead-letter queue is of the same sort."""
        return self.url.endswith(".fifo")
