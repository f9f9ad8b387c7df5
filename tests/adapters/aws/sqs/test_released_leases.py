"""Leases that were given back."""

from attrs import evolve

from linkhub_adapters.aws.sqs.released_leases import ReleasedLeases
from linkhub_core.testing.builders import a_delivery


def test_what_was_released_is_left_out_and_the_memory_is_bounded() -> None:
    """The oldest receipts are forgotten first; the others are left out, in order."""
    leases = [evolve(a_delivery(), receipt=receipt) for receipt in "abcd"]
    released = ReleasedLeases(most=2)
    released.add(["a"])
    assert released.without(leases) == leases[1:]
    released.add(["b", "c"])
    assert released.without(leases) == [leases[0], leases[3]]
