"""Leases between their receipt and the batch that takes them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import define, evolve

from linkhub_adapters.aws.sqs.lease_buffer import LeaseBuffer, ReleasedLeases
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery
from linkhub_core.testing.builders import a_delivery


@define
class _Seconds:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> _Seconds:
    """A clock that shows the same time until it is set."""
    return _Seconds()


@pytest.fixture
def buffer(seconds: _Seconds) -> LeaseBuffer:
    """An empty buffer for leases of 30 seconds."""
    return LeaseBuffer(visibility_timeout_seconds=30, seconds=seconds)


def _leases(*receipts: str, kind: Kind = Kind.CAPTION) -> Sequence[Delivery]:
    return [evolve(a_delivery(kind), receipt=receipt) for receipt in receipts]


def test_leases_are_taken_in_order_and_counted_by_kind(buffer: LeaseBuffer) -> None:
    """The oldest go first; the count follows what is there."""
    buffer.put(_leases("a", "b"))
    buffer.put(_leases("c", kind=Kind.THUMBNAIL))
    assert (len(buffer), buffer.count(Kind.CAPTION), buffer.count(Kind.THUMBNAIL)) == (3, 2, 1)
    assert [lease.receipt for lease in buffer.take(2)] == ["a", "b"]
    assert (len(buffer), buffer.count(Kind.CAPTION), buffer.count(Kind.THUMBNAIL)) == (1, 0, 1)


def test_a_lease_that_ran_out_is_not_handed_on(buffer: LeaseBuffer, seconds: _Seconds) -> None:
    """Another consumer leases its message now; it takes no place in a batch."""
    buffer.put(_leases("old"))
    seconds.now += 20
    buffer.put(_leases("young", "younger"))
    seconds.now += 10
    assert [lease.receipt for lease in buffer.take(1)] == ["young"]
    assert len(buffer) == 1


def test_a_renewed_lease_lasts(buffer: LeaseBuffer, seconds: _Seconds) -> None:
    """It counts from when the extension began; receipts that were taken meanwhile do not matter."""
    buffer.put(_leases("a", "b"))
    seconds.now += 20
    buffer.renew(["a", "gone"], began_at=seconds.now)
    seconds.now += 29
    assert [lease.receipt for lease in buffer.take(9)] == ["a"]


def _sent(receipt: str, kind: Kind, minute: int) -> Delivery:
    delivery = a_delivery(kind)
    return evolve(delivery, receipt=receipt, sent_at=delivery.sent_at + timedelta(minutes=minute))


def test_what_was_sent_first_goes_first_whichever_queue_came_ahead(buffer: LeaseBuffer) -> None:
    """A queue that ran ahead waits for the other one, so that both halves of a video meet in a batch."""
    buffer.put([_sent(f"ahead-{minute}", Kind.CAPTION, minute) for minute in range(10, 20)])
    buffer.put([_sent(f"behind-{minute}", Kind.THUMBNAIL, minute) for minute in range(10)])
    assert {lease.receipt for lease in buffer.take(8)} == {
        *("ahead-10", "ahead-11"),  # its quarter
        *(f"behind-{minute}" for minute in range(6)),
    }


@pytest.mark.parametrize("most", [1, 2, 3, 8, 10])
def test_an_old_backlog_of_one_queue_does_not_hold_up_the_other(buffer: LeaseBuffer, most: int) -> None:
    """With any backlog, a message of the other queue waits for no more batches than it found messages."""
    buffer.put([_sent(f"old-{number}", Kind.CAPTION, number) for number in range(20)])
    buffer.put([_sent("young", Kind.THUMBNAIL, 1_000)])
    taken: set[str] = set()
    batches = 0
    while "young" not in taken and batches <= 20:
        taken |= {lease.receipt for lease in buffer.take(most)}
        buffer.put([_sent(f"more-{batches}-{number}", Kind.CAPTION, 100 + batches) for number in range(most)])
        batches += 1
    assert "young" in taken


def test_released_leases_are_left_out_and_their_number_is_bounded() -> None:
    """The oldest receipts are forgotten first; the others are left out, in order."""
    leases = [evolve(a_delivery(), receipt=receipt) for receipt in "abcd"]
    released = ReleasedLeases(most=2)
    released.add(["a"])
    assert released.without(leases) == leases[1:]
    released.add(["b", "c"])
    assert released.without(leases) == [leases[0], leases[3]]
