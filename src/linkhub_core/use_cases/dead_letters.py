"""Examine dead letters: what is wrong with each, and would it pass now?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from attrs import frozen

from linkhub_core.codec import decode_event
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import ProductKey
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetter, DeadLetterQuery, DeadLetters

__all__ = ["ExamineDeadLetters", "Examined"]


@frozen(kw_only=True)
class Examined:
    """A dead letter, read again: ``faults`` of today (empty: it would pass), and whose it is where that can be read."""

    letter: DeadLetter
    faults: Sequence[Fault]
    key: ProductKey | None

    @property
    def would_pass(self) -> bool:
        """Whether a redrive would get it through."""
        return not self.faults


@frozen(kw_only=True)
class ExamineDeadLetters:
    """Reads dead letters with today's rules."""

    letters: DeadLetters
    clock: Clock

    async def __call__(self, query: DeadLetterQuery) -> AsyncIterator[Examined]:
        """Every dead letter that matches, examined.

        Raises:
            ServiceUnavailable: the dead letters cannot be reached.
        """
        async for letter in self.letters.browse(query):
            yield self._examine(letter)

    def _examine(self, letter: DeadLetter) -> Examined:
        try:
            half = decode_event(letter.kind, letter.body, self.clock.now())
        except MalformedEvent as malformed:
            return Examined(letter=letter, faults=malformed.faults, key=None)
        return Examined(letter=letter, faults=(), key=half.key)
