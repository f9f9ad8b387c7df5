"""Shows the messages of the queues without leasing them, and puts exported ones back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from linkhub_core.ports.additions import AddOutcome
from linkhub_core.ports.video_lookup import QueuedMessage


class QueueContents(Protocol):
    """The messages of both queues, for exports and imports.

    Raises:
        ServiceUnavailable: from each method, if the queue cannot be reached.
    """

    @property
    def can_browse(self) -> bool:
        """Whether the technology can show messages without leasing them."""
        ...

    def browse(self) -> AsyncIterator[QueuedMessage]:
        """Every message, leased ones included, in any order; none if ``can_browse`` is false.

        Nothing is leased or counted. A message that comes or goes meanwhile may be left out.
        """
        ...

    async def add(self, messages: Sequence[QueuedMessage], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """Put messages that another queue held; they can be delivered at once.

        A message is known by ``message_id``, ``sent_at``, kind and body together, because ids are unique only within
        their own queue. It is :class:`~linkhub_core.ports.Known` if it is on the queue or among the dead letters, as
        far as the technology can see. It keeps ``message_id``, ``sent_at`` and ``receive_count`` where the technology
        can hold them; else it carries the time at which it was first sent
        (:func:`~linkhub_core.ports.event_queue.carry_first_sent`). ``visible_at`` is ignored.

        Args:
            messages: the messages.
            dry_run: write nothing; the outcomes are those of a call that writes, as far as they can be known.

        Returns:
            The outcomes in the order of ``messages``.

        Raises:
            ServiceUnavailable: some may have been added; adding all again is safe.
        """
        ...
