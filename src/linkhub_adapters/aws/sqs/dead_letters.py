"""The dead letters of both queues, which may share one dead-letter queue.

SQS cannot list a queue, it only leases messages. So every method is a scan of the queue: messages are leased until no
new one comes, and those that are not deleted are released. The consequences:

- A scan hides messages from other scans while it runs, for two minutes at most.
- Its cost grows with the queue, one call for ten messages, also to fetch one.
- SQS leases 120,000 messages at once (FIFO: 20,000).
- A message on a server of SQS that does not answer in time may be missed; another scan finds it.
- Each scan counts as a receive, so a dead-letter queue should have no redrive policy of its own.
- In a FIFO queue the messages of a video are leased together, ten at most: the others follow when those are deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from types import TracebackType
from typing import Self
from uuid import uuid4

from attrs import define, field

from linkhub_adapters.aws.sqs.calls import SERVICE, SqsCalls
from linkhub_adapters.aws.sqs.checked_sending import Outgoing, add_messages
from linkhub_adapters.aws.sqs.dead_letter_format import imported_letter_attributes, read_dead_letter
from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterQueue, dead_letter_queues
from linkhub_adapters.aws.sqs.fifo import FifoIds, digest_of, video_group
from linkhub_adapters.aws.sqs.messages import message_bytes, send_entry, sendable_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import AddOutcome, DeadLetter, DeadLetterQuery, Known
from linkhub_core.ports.event_queue import carry_first_sent

SCAN_SECONDS = 120.0


@define(kw_only=True, eq=False)
class _Scan:
    """One scan of a dead-letter queue. At the end of its context the messages that were not deleted are released."""

    queue: DeadLetterQueue
    sqs: SqsCalls
    wait_seconds: float
    _receipts: dict[str, str] = field(factory=dict, init=False)
    _seen: set[str] = field(factory=set, init=False)

    async def pages(self, letter_ids: Sequence[str] | None = None) -> AsyncIterator[Sequence[DeadLetter]]:
        """Pages of at most ten dead letters, each once: all, or the named ones until all of them are found.

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
        """Lease messages that were not seen before; none: the scan is complete."""
        messages = await self.sqs.fetch(
            self.queue.url, wait_seconds=self.wait_seconds, visibility_timeout_seconds=SCAN_SECONDS
        )
        letters = [read_dead_letter(self.queue, message) for message in messages]
        for message in messages:
            self._receipts[message["MessageId"]] = message["ReceiptHandle"]
        new = [letter for letter in letters if letter.letter_id not in self._seen]
        self._seen.update(letter.letter_id for letter in new)
        return new

    async def delete(self, letters: Sequence[DeadLetter]) -> None:
        """Delete dead letters of this scan.

        Raises:
            ServiceUnavailable: some may still be there.
        """
        receipts = [self._receipts[letter.letter_id] for letter in letters]
        await self.sqs.delete(self.queue.url, receipts)
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
        await self.sqs.hide(self.queue.url, receipts, 0)


@define(kw_only=True, eq=False)
class SqsDeadLetters:
    """A :class:`~linkhub_core.ports.DeadLetters` on SQS; the id of a dead letter is its message id.

    The first ``add`` scans the dead-letter queues; the next ones know what was there then, and what was added since.

    A scan ends when no message comes within ``wait_seconds``. This must not be 0 on AWS, where a receive that does not
    wait asks only some of the servers that hold the queue.
    """

    queues: Mapping[Kind, SqsQueue]
    sqs: SqsCalls
    wait_seconds: float = 1.0
    _known: set[Hashable] = field(factory=set, init=False)
    _is_scanned: bool = field(default=False, init=False)

    async def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See the port; in any order."""
        for queue in dead_letter_queues(self.queues):
            async with self._scan(queue) as letters:
                async for page in letters.pages(query.letter_ids):
                    for letter in page:
                        if query.kind in (None, letter.kind):
                            yield letter

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port. The attributes with the reason are not sent again."""
        self._is_scanned = False
        kinds = {letter.letter_id: letter.kind for letter in letters if letter.kind is not None}

        async def send_back(page: Sequence[DeadLetter]) -> _Outcome:
            return await self._send_back(page, kinds)

        return await self._remove([letter for letter in letters if letter.kind is not None], send_back)

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        self._is_scanned = False
        return await self._remove(letters, _nothing)

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        if not self._is_scanned:
            self._known = {_identity(letter) async for letter in self.browse(DeadLetterQuery())}
            self._is_scanned = True
        new = {identity: letter for letter in letters if (identity := _identity(letter)) not in self._known}
        outcomes: dict[Hashable, AddOutcome] = {}
        for queue in self.queues.values():
            own = {name: letter for name, letter in new.items() if self.queues[letter.kind or Kind.CAPTION] is queue}
            added = await self._add_to(queue, list(own.values()), dry_run=dry_run)
            outcomes |= dict(zip(own, added, strict=True))
        if not dry_run:
            self._known.update(new)
        return [outcomes.pop(_identity(letter), Known()) for letter in letters]

    async def _add_to(self, queue: SqsQueue, letters: Sequence[DeadLetter], *, dry_run: bool) -> Sequence[AddOutcome]:
        return await add_messages(
            self.sqs,
            queue.dead_letter_url,
            [
                Outgoing(
                    letter.body,
                    imported_letter_attributes(letter, queue),
                    # SQS must not drop a letter that was purged a moment ago.
                    FifoIds(group_id=digest_of(letter.message_id), deduplication_id=uuid4().hex)
                    if queue.is_fifo
                    else None,
                )
                for letter in letters
            ],
            queue.max_message_bytes,
            dry_run=dry_run,
        )

    def _scan(self, queue: DeadLetterQueue) -> _Scan:
        return _Scan(queue=queue, sqs=self.sqs, wait_seconds=self.wait_seconds)

    async def _remove(self, letters: Sequence[DeadLetter], first: _Step) -> int:
        """Call ``first`` with the dead letters that are still there, then delete those for which it succeeded."""
        removed = 0
        for queue in dead_letter_queues(self.queues):
            wanted = [letter.letter_id for letter in letters if letter.held_in in ("", queue.name)]
            async with self._scan(queue) as found:
                async for page in found.pages(wanted):
                    done, error = await first(page)
                    await found.delete(done)
                    removed += len(done)
                    if error is not None:
                        raise error
        return removed

    async def _send_back(self, letters: Sequence[DeadLetter], kinds: Mapping[str, Kind]) -> _Outcome:
        """Send each dead letter to the queue of its kind in ``kinds``, which a caller may have chosen."""
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
            send_entry(
                number, letter.body, _attributes_again(queue, letter), _ids_again(letter) if queue.is_fifo else None
            )
            for number, letter in enumerate(letters)
        ]
        outcome = await self.sqs.send(queue.url, entries)
        error = outcome.error
        for fault in outcome.refused:
            error = error or ServiceUnavailable(SERVICE, f"a dead letter was refused: {fault.code}: {fault.problem}")
        return [letter for number, letter in enumerate(letters) if str(number) in outcome.done], error


def _identity(letter: DeadLetter) -> Hashable:
    """The identity of a letter, in little memory."""
    return letter.message_id, letter.sent_at, letter.rejected_at, hash(letter.body)


_Outcome = tuple[Sequence[DeadLetter], LinkhubError | None]
_Step = Callable[[Sequence[DeadLetter]], Awaitable[_Outcome]]


async def _nothing(letters: Sequence[DeadLetter]) -> _Outcome:
    return letters, None


def _attributes_again(queue: SqsQueue, letter: DeadLetter) -> Mapping[str, str]:
    """The attributes of the message and the time it was first sent, which is left out if the body leaves no room."""
    carried = sendable_attributes(carry_first_sent(letter.attributes, letter.sent_at))
    fits = message_bytes(letter.body, carried) <= queue.max_message_bytes
    return carried if fits else letter.attributes


def _ids_again(letter: DeadLetter) -> FifoIds:
    """An id of its own: with the digest of its body, SQS would drop it for five minutes after it was first sent."""
    return FifoIds(group_id=video_group(letter.body), deduplication_id=digest_of(letter.letter_id))
