"""One round through a dead-letter queue: its letters are leased, page by page, and given back at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from attrs import define, field

from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_format import read_letter
from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterQueue
from linkhub_core.ports import DeadLetter

__all__ = ["DeadLetterRound"]

ROUND_SECONDS = 120.0


@define(kw_only=True, eq=False)
class DeadLetterRound:
    """Leaving its context gives back the letters that were not deleted; those that it cannot, come back by themselves.

    ``wait_seconds`` is how long it waits for one more letter.
    """

    box: DeadLetterQueue
    sqs: SqsCalls
    wait_seconds: float
    _receipts: dict[str, str] = field(factory=dict, init=False)
    _seen: set[str] = field(factory=set, init=False)

    async def pages(self, letter_ids: Sequence[str] | None = None) -> AsyncIterator[Sequence[DeadLetter]]:
        """The letters, ten at most a page, each once: all, or those named, until all of these are found.

        Raises:
            ServiceUnavailable: SQS did not answer.
        """
        wanted = None if letter_ids is None else set(letter_ids)
        while wanted is None or wanted - self._seen:
            letters = await self._lease()
            if not letters:
                return
            if page := [letter for letter in letters if wanted is None or letter.letter_id in wanted]:
                yield page

    async def _lease(self) -> Sequence[DeadLetter]:
        """Lease letters that were not seen before; none means that the round is complete."""
        messages = await self.sqs.fetch(
            self.box.url, wait_seconds=self.wait_seconds, visibility_timeout_seconds=ROUND_SECONDS
        )
        letters = [read_letter(self.box, message) for message in messages]
        for message in messages:
            self._receipts[message["MessageId"]] = message["ReceiptHandle"]
        new = [letter for letter in letters if letter.letter_id not in self._seen]
        self._seen.update(letter.letter_id for letter in new)
        return new

    async def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete letters of this round for good.

        Raises:
            ServiceUnavailable: some may still be there.
        """
        receipts = [self._receipts[letter.letter_id] for letter in letters]
        await self.sqs.delete(self.box.url, receipts)
        for letter in letters:
            del self._receipts[letter.letter_id]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        receipts, self._receipts = list(self._receipts.values()), {}
        await self.sqs.hide(self.box.url, receipts, 0)
