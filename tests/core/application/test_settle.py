"""Settling halves: what waits, and for how long."""

from __future__ import annotations

from datetime import timedelta

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.settle import Settlement
from linkhub_core.model import Kind
from linkhub_core.testing.builders import KEY, NOON, a_half, a_key, a_waiting
from tests.core.application.assembly_harness import AssemblyHarness

DAY = timedelta(days=1)


async def test_a_half_waits_as_long_as_usual_or_as_it_says() -> None:
    """An assembly may name the expiry of its half."""
    harness = AssemblyHarness()
    usual, named = (Assembly.of_row(a_waiting(a_half(key=a_key(number)))) for number in range(2))
    named.expires_at = NOON + timedelta(days=5)
    await Settlement(harness.completion, DAY).settle([usual, named])
    assert harness.rows.rows[a_key(0)].expires_at == harness.clock.now() + DAY
    assert harness.rows.rows[a_key(1)].expires_at == named.expires_at


async def test_both_halves_become_a_product_and_one_waits() -> None:
    """A pair is saved and announced; a half alone is staged."""
    harness = AssemblyHarness()
    pair, alone = Assembly.of_row(a_waiting()), Assembly.of_row(a_waiting(a_half(key=a_key(1))))
    pair.add_waiting(a_waiting(a_half(Kind.THUMBNAIL)))
    await Settlement(harness.completion, DAY).settle([pair, alone])
    assert (list(harness.stored.rows), list(harness.rows.rows)) == ([KEY], [a_key(1)])
    assert [one.key for one in harness.heard.taken] == [KEY]
