"""Leases between their receipt and the batch that takes them."""

from collections.abc import Sequence

import pytest
from attrs import define, evolve

from linkhub_adapters.aws.lease_buffer import LeaseBuffer
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery
from tests.support.builders import a_delivery


@define
class _Seconds:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> _Seconds:
    """A steady clock that stands still."""
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
    """Its message is somebody else's by now, and does not use up the room of another."""
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
