"""Rejected messages, stored with the reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports.additions import AddOutcome
from linkhub_core.ports.event_queue import first_sent_at


@frozen(kw_only=True)
class DeadLetter:
    """A rejected message.

    ``letter_id`` identifies it for redrive and purge; ``message_id`` is its id on the work queue. ``kind`` is None if
    the work queue is unknown or not linkhub's. ``source_queue`` is the name of the work queue and ``held_in`` that of
    the dead-letter queue, if the technology has names for them.
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
    """Selects dead letters: all, those of one kind, or those with the given ids."""

    kind: Kind | None = None
    letter_ids: Sequence[str] | None = None


class DeadLetters(Protocol):
    """The dead letters of both queues.

    Raises:
        ServiceUnavailable: from each method, if the dead letters cannot be reached.
    """

    def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """The selected dead letters, oldest first if the technology has an order."""
        ...

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """Put dead letters back on the queue of their kind, then remove them; a crash in between leaves them in both.

        A caller may set the kind of a letter that has none; letters without a kind stay. Each message carries the time
        at which it was first sent (:data:`~linkhub_core.ports.event_queue.FIRST_SENT_AT`).

        Returns:
            The number of letters that were still there and were put back.
        """
        ...

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """Store dead letters that another technology held.

        A letter is known by ``message_id``, ``sent_at``, ``rejected_at`` and body together. ``letter_id`` and
        ``held_in`` are given by the technology; it keeps the other fields as far as it can hold them.

        Args:
            letters: the letters.
            dry_run: write nothing; the outcomes are those of a call that writes, as far as they can be known.

        Returns:
            The outcomes in the order of ``letters``.

        Raises:
            ServiceUnavailable: some may have been added; adding all again is safe.
        """
        ...

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """Delete dead letters.

        Returns:
            The number of letters that were still there.
        """
        ...
