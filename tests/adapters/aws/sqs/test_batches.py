"""Batches of ten, and what becomes of entries that fail."""

import asyncio
from collections.abc import Sequence

import pytest

from linkhub_adapters.aws.sqs.batches import MAX_ATTEMPTS, BatchOutcome, EntryFault, in_batches, send_batches
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.testing.fakes import FakeClock

Entry = dict[str, str]


def _entries(count: int) -> list[Entry]:
    return [{"Id": str(number)} for number in range(count)]


def _fault(entry_id: str, *, is_sender_fault: bool = False) -> EntryFault:
    return EntryFault(entry_id=entry_id, code="Busy", problem="try again", is_sender_fault=is_sender_fault)


class _Service:
    """Takes batches, and fails entries as often as a test asks."""

    def __init__(self, failures: dict[str, int] | None = None, *, is_sender_fault: bool = False) -> None:
        self.failures = failures or {}
        self.is_sender_fault = is_sender_fault
        self.batches: list[list[str]] = []

    async def __call__(self, batch: Sequence[Entry]) -> Sequence[EntryFault]:
        self.batches.append([entry["Id"] for entry in batch])
        failing = [entry["Id"] for entry in batch if self.failures.get(entry["Id"], 0) > 0]
        for entry_id in failing:
            self.failures[entry_id] -= 1
        return [_fault(entry_id, is_sender_fault=self.is_sender_fault) for entry_id in failing]


def test_a_batch_has_ten_entries_at_most() -> None:
    """Entries are cut into tens, in order, and none is lost."""
    batches = list(in_batches(_entries(25), lambda _: 1, 1000))
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [entry for batch in batches for entry in batch] == _entries(25)


def test_a_batch_keeps_the_limit_of_bytes() -> None:
    """A batch ends before it would be too large; an entry that is larger than the limit is sent alone."""
    sizes = {"0": 60, "1": 40, "2": 1, "3": 200, "4": 5}
    batches = in_batches(_entries(5), lambda entry: sizes[entry["Id"]], 100)
    assert [[entry["Id"] for entry in batch] for batch in batches] == [["0", "1"], ["2"], ["3"], ["4"]]


def test_nothing_makes_no_batch() -> None:
    """No entries, no call."""
    assert list(in_batches([], lambda _: 1, 100)) == []


async def test_only_failed_entries_are_sent_again() -> None:
    """A completed entry is not repeated, and the waits between attempts grow."""
    service, clock = _Service({"1": 2, "3": 1}), FakeClock()
    began = clock.now()
    outcome = await send_batches([_entries(4)], service, service="SQS", clock=clock, jitter=lambda: 0.5)
    assert service.batches == [["0", "1", "2", "3"], ["1", "3"], ["1"]]
    assert outcome == BatchOutcome(done={"0", "1", "2", "3"}, refused=[])
    assert (clock.now() - began).total_seconds() == pytest.approx(0.075 + 0.15)


async def test_a_senders_fault_is_not_sent_again() -> None:
    """An entry that cannot succeed is reported once, and the others are done."""
    service = _Service({"1": 99}, is_sender_fault=True)
    outcome = await send_batches([_entries(3)], service, service="SQS", clock=FakeClock())
    assert outcome == BatchOutcome(done={"0", "2"}, refused=[_fault("1", is_sender_fault=True)])
    assert len(service.batches) == 1


async def test_an_entry_that_keeps_failing_ends_as_unavailable() -> None:
    """After five attempts the error names the entry's own; what was done is still known."""
    service = _Service({"1": 99})
    outcome = await send_batches([_entries(2)], service, service="SQS", clock=FakeClock())
    assert (len(service.batches), outcome.done) == (MAX_ATTEMPTS, {"0"})
    with pytest.raises(ServiceUnavailable, match="1 entries of a batch failed 5 times, with Busy: try again"):
        outcome.check()


async def test_a_batch_that_cannot_be_sent_does_not_stop_the_others() -> None:
    """Batches are sent concurrently: one fails as a whole, the others are done, and the error is reported."""
    both_there = asyncio.Barrier(2)

    async def call(batch: Sequence[Entry]) -> Sequence[EntryFault]:
        await both_there.wait()
        if batch[0]["Id"] == "0":
            raise ServiceUnavailable("SQS", "down")
        return []

    batches = list(in_batches(_entries(12), lambda _: 1, 1000))
    outcome = await send_batches(batches, call, service="SQS", clock=FakeClock())
    assert outcome.done == {"10", "11"}
    with pytest.raises(ServiceUnavailable, match="down"):
        outcome.check()
