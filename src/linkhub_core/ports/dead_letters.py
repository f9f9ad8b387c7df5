"""Messages that were rejected, kept with the reason until somebody looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.wire.first_sent import first_sent_at

__all__ = ["DeadLetter", "DeadLetterQuery", "DeadLetters"]


@frozen(kw_only=True)
class DeadLetter:
    """A rejected message.

    ``letter_id`` names it for redrive and purge; ``message_id`` is the one that it had in its queue. ``kind`` is None
    if the queue that it came from is not known or is none of linkhub's. ``source_queue`` names that queue, and
    ``held_in`` the dead-letter queue that holds the letter, where the technology has names for them.
    """

    letter_id: str
    kind: Kind | None
    body: str = field(repr=False)
    faults: Sequence[Fault]
    message_id: str
    receive_count: int
    sent_at: datetime
    rejected_at: datetime
    attributes: Mapping[str, str] = field(factory=dict)
    source_queue: str = ""
    held_in: str = ""

    @property
    def first_sent_at(self) -> datetime:
        """When the message was sent for the first time: before ``sent_at`` if it was redriven."""
        return first_sent_at(self.attributes, self.sent_at)


@frozen(kw_only=True)
class DeadLetterQuery:
    """Which dead letters: all, those known to be of one kind, or those named."""

    kind: Kind | None = None
    letter_ids: Sequence[str] | None = None


class DeadLetters(Protocol):
    """The dead letters of both queues.

    Raises:
        ServiceUnavailable: from each method, when they cannot be reached.
    """

    def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """Every dead letter that matches, oldest first where the technology has an order."""
        ...

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """Put letters back on the queue of their kind, then remove them; interrupted, a letter may be in both.

        A caller may set the kind of a letter that has none; letters without a kind stay where they are.

        Each message carries the time at which it was first sent (:mod:`linkhub_core.wire.first_sent`).

        Returns:
            How many were still there and went back.
        """
        ...

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """Delete letters for good.

        Returns:
            How many were still there.
        """
        ...
