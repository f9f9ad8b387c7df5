"""The dead letters of both queues, which may share one dead-letter queue.

SQS cannot list a queue, only lease what is in it, so every method here is a round through it: letters are leased until
no new one comes, and those that are not meant are given back. Hence its limits:

- A round hides letters from other rounds for as long as it takes, two minutes at most.
- Its cost grows with the queue, a call for ten letters, even to fetch one; SQS leases 120,000 at once (FIFO: 20,000).
- A letter that SQS holds on a server which does not answer in time may be missed; another round finds it.
- Each round counts as a receive, so a dead-letter queue should have no redrive policy of its own.
- In a FIFO queue a video's letters are leased together, ten at most: the others come when those are gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SERVICE, SqsCalls
from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterQueue, dead_letter_queues
from linkhub_adapters.aws.sqs.dead_letter_scan import DeadLetterRound
from linkhub_adapters.aws.sqs.fifo import FifoPlace, digest_of, video_group
from linkhub_adapters.aws.sqs.messages import message_bytes, sending
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.aws.sqs.xml_text import MAX_ATTRIBUTES
from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, DeadLetterQuery
from linkhub_core.wire.first_sent import FIRST_SENT_AT, carry_first_sent

__all__ = ["SqsDeadLetters"]


@frozen(kw_only=True)
class SqsDeadLetters:
    """A :class:`~linkhub_core.ports.DeadLetters` on the dead-letter queues of SQS; a letter's id is its message id.

    The queues may share one dead-letter queue; :mod:`.sqs_letter_origin` says which queue a letter came from.

    ``wait_seconds`` is how long a round waits for one more letter before it takes the queue to be at its end. It must
    not be 0 on AWS, where a receive that does not wait asks only some of the servers that hold the queue.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    wait_seconds: float = 1.0

    async def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See the port: in no order that matters."""
        for box in dead_letter_queues(self.queues):
            async with self._round(box) as letters:
                async for page in letters.pages(query.letter_ids):
                    for letter in page:
                        if query.kind in (None, letter.kind):
                            yield letter

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port. Each goes back without the reason that it had been given."""
        kinds = {letter.letter_id: letter.kind for letter in letters if letter.kind is not None}

        async def send_back(page: Sequence[DeadLetter]) -> _Outcome:
            return await self._send_back(page, kinds)

        return await self._remove([letter for letter in letters if letter.kind is not None], send_back)

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        return await self._remove(letters, _let_go)

    def _round(self, box: DeadLetterQueue) -> DeadLetterRound:
        return DeadLetterRound(box=box, sqs=self.sqs, wait_seconds=self.wait_seconds)

    async def _remove(self, letters: Sequence[DeadLetter], first: _Step) -> int:
        """Do something with letters that are still there, then delete those with which it was done."""
        removed = 0
        for box in dead_letter_queues(self.queues):
            wanted = [letter.letter_id for letter in letters if letter.held_in in ("", box.name)]
            async with self._round(box) as found:
                async for page in found.pages(wanted):
                    done, error = await first(page)
                    await found.delete(done)
                    removed += len(done)
                    if error is not None:
                        raise error
        return removed

    async def _send_back(self, letters: Sequence[DeadLetter], kinds: Mapping[str, Kind]) -> _Outcome:
        """Send each letter to the queue of its kind; ``kinds`` may name one that the letter itself does not know."""
        sent: list[DeadLetter] = []
        for kind, queue in self.queues.items():
            of_kind = [letter for letter in letters if kinds[letter.letter_id] is kind]
            done, error = await self._send_to(queue, of_kind) if of_kind else ([], None)
            sent += done
            if error is not None:
                return sent, error
        return sent, None

    async def _send_to(self, queue: SqsQueue, letters: Sequence[DeadLetter]) -> _Outcome:
        entries = [
            sending(
                number, letter.body, _attributes_again(queue, letter), _place_again(letter) if queue.is_fifo else None
            )
            for number, letter in enumerate(letters)
        ]
        outcome = await self.sqs.send(queue.url, entries)
        error = outcome.error
        for fault in outcome.refused:
            error = error or ServiceUnavailable(SERVICE, f"a letter was refused: {fault.code}: {fault.problem}")
        return [letter for number, letter in enumerate(letters) if str(number) in outcome.done], error


_Outcome = tuple[Sequence[DeadLetter], LinkhubError | None]
_Step = Callable[[Sequence[DeadLetter]], Awaitable[_Outcome]]


async def _let_go(letters: Sequence[DeadLetter]) -> _Outcome:
    return letters, None


def _attributes_again(queue: SqsQueue, letter: DeadLetter) -> Mapping[str, str]:
    """The message's own attributes, and when it was first sent; the latter is left out if the body leaves no room."""
    carried = dict(carry_first_sent(letter.attributes, letter.sent_at))
    spare = [name for name in carried if name not in _NEEDED]
    for name in spare[: max(0, len(carried) - MAX_ATTRIBUTES)]:
        del carried[name]
    fits = message_bytes(letter.body, carried) <= queue.max_message_bytes
    return carried if fits else letter.attributes


_NEEDED = frozenset({FIRST_SENT_AT, "correlationId", "traceparent"})


def _place_again(letter: DeadLetter) -> FifoPlace:
    """A place of its own: by its content it would be dropped as known for five minutes after it was first sent."""
    return FifoPlace(group_id=video_group(letter.body), deduplication_id=digest_of(letter.letter_id))
