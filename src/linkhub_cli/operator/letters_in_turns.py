"""Dead letters that are read in turns: a request of an operator may read all of them, and events go before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from attrs import frozen

from linkhub_adapters.runtime.turns import in_turns
from linkhub_core.ports import AddOutcome, DeadLetter, DeadLetterQuery, DeadLetters


@frozen
class LettersInTurns:
    """The :class:`~linkhub_core.ports.DeadLetters` of a backend; a reader that examines each holds no loop."""

    letters: DeadLetters

    def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See the port."""
        return in_turns(self.letters.browse(query))

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        return await self.letters.redrive(letters)

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        return await self.letters.add(letters, dry_run=dry_run)

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        return await self.letters.purge(letters)
