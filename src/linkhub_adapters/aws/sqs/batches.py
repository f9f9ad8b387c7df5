"""Batches for SQS and SNS: at most ten entries and a number of bytes in one call, an outcome for each entry.

A reply with status 200 may report failed entries. If the service is at fault, the entry is sent again, alone, with
jittered backoff. If the sender is at fault, the entry cannot succeed, and the caller gets the fault. A batch that
could not be sent does not stop the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Set
from random import random
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from linkhub_core.errors import LinkhubError, ServiceUnavailable
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import BatchResultErrorEntryTypeDef as SnsFailedEntry
    from types_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef as SqsFailedEntry

MAX_ENTRIES = 10
MAX_ATTEMPTS = 5
FIRST_RETRY_SECONDS = 0.05
MAX_RETRY_SECONDS = 2.0

E = TypeVar("E", bound=Mapping[str, Any])


@frozen(kw_only=True)
class EntryFault:
    """An entry of the ``Failed`` list of a reply."""

    entry_id: str
    code: str
    problem: str
    is_sender_fault: bool

    @classmethod
    def of(cls, entry: SqsFailedEntry | SnsFailedEntry) -> EntryFault:
        """Read an entry of ``Failed``."""
        return cls(
            entry_id=entry["Id"],
            code=entry["Code"],
            problem=entry.get("Message", ""),
            is_sender_fault=entry["SenderFault"],
        )


@frozen(kw_only=True)
class BatchOutcome:
    """The ids of the entries that are ``done``, the ``refused`` entries, and the ``error`` that stopped the others."""

    done: Set[str] = frozenset()
    refused: Sequence[EntryFault] = ()
    error: LinkhubError | None = field(default=None)

    def __add__(self, other: BatchOutcome) -> BatchOutcome:
        return BatchOutcome(
            done=self.done | other.done,
            refused=[*self.refused, *other.refused],
            error=self.error or other.error,
        )

    def check(self) -> None:
        """Raise the error, if there is one."""
        if self.error is not None:
            raise self.error


def in_batches(entries: Sequence[E], size_bytes: Callable[[E], int], max_bytes: int) -> Iterator[Sequence[E]]:
    """Cut ``entries`` into batches for one call each, in order; an entry above the limit is a batch of its own."""
    batch: list[E] = []
    batch_bytes = 0
    for entry in entries:
        entry_bytes = size_bytes(entry)
        if batch and (len(batch) == MAX_ENTRIES or batch_bytes + entry_bytes > max_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(entry)
        batch_bytes += entry_bytes
    if batch:
        yield batch


async def send_batches(
    batches: Iterator[Sequence[E]] | Sequence[Sequence[E]],
    call: Callable[[Sequence[E]], Awaitable[Sequence[EntryFault]]],
    *,
    service: str,
    clock: Clock,
    jitter: Callable[[], float] = random,
) -> BatchOutcome:
    """Send batches concurrently, and failed entries again, up to five times.

    Args:
        batches: entries with different ``Id``s.
        call: sends one batch and returns the entries that failed; it raises a ``LinkhubError`` if all failed.
        service: the name of the service in the error.
        clock: waits between attempts.
        jitter: returns a number from 0 to 1 for each wait.
    """
    outcomes = await asyncio.gather(*(_send(batch, call, service, clock, jitter) for batch in batches))
    return sum(outcomes, BatchOutcome())


async def _send(
    batch: Sequence[E],
    call: Callable[[Sequence[E]], Awaitable[Sequence[EntryFault]]],
    service: str,
    clock: Clock,
    jitter: Callable[[], float],
) -> BatchOutcome:
    outcome = BatchOutcome()
    for attempt in range(MAX_ATTEMPTS):
        try:
            faults = await call(batch)
        except LinkhubError as error:
            return outcome + BatchOutcome(error=error)
        failed = {fault.entry_id: fault for fault in faults}
        refused = [fault for fault in faults if fault.is_sender_fault]
        outcome += BatchOutcome(done={entry["Id"] for entry in batch} - failed.keys(), refused=refused)
        batch = [entry for entry in batch if entry["Id"] in failed and not failed[entry["Id"]].is_sender_fault]
        if not batch:
            return outcome
        if attempt < MAX_ATTEMPTS - 1:
            pause = backoff_seconds(attempt + 1, first_seconds=FIRST_RETRY_SECONDS, max_seconds=MAX_RETRY_SECONDS)
            await clock.sleep(pause * (1 + jitter()))
    last = failed[batch[0]["Id"]]
    problem = f"{len(batch)} entries of a batch failed {MAX_ATTEMPTS} times, with {last.code}: {last.problem}"
    return outcome + BatchOutcome(error=ServiceUnavailable(service, problem))
