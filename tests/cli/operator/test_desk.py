"""The operator's desk reads a bounded number of dead letters; its routes are tested in ``tests/adapters/http``."""

from __future__ import annotations

import pytest

from linkhub_adapters.http import LetterQuery
from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore
from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_outgoing
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from tests.adapters.http.memory_desk import make_desk, reject


async def test_a_list_that_stops_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were read are counted and shown."""
    clock = FakeClock()
    queue = MemoryEventQueue(clock=clock, receive_wait_seconds=0)
    desk = make_desk(queue, MemoryProductStore(), clock, MemoryJournal())
    await reject(queue, [an_outgoing(Kind.CAPTION, price="45k") for _ in range(3)])
    assert (await desk.letters(LetterQuery()))["is_complete"]
    monkeypatch.setattr("linkhub_cli.operator.desk.MOST_READ", 2)
    page = await desk.letters(LetterQuery())
    assert (page["total"], len(page["letters"]), page["is_complete"]) == (2, 2, False)


async def test_letters_of_one_moment_are_in_the_order_of_their_numbers() -> None:
    """The tenth comes before the ninth, on one page and over pages."""
    clock = FakeClock()
    queue = MemoryEventQueue(clock=clock, receive_wait_seconds=0)
    desk = make_desk(queue, MemoryProductStore(), clock, MemoryJournal())
    await reject(queue, [an_outgoing(Kind.CAPTION, price="45k") for _ in range(10)])
    await reject(queue, [an_outgoing(Kind.CAPTION, price="45k") for _ in range(2)])
    whole = [letter["letter_id"] for letter in (await desk.letters(LetterQuery()))["letters"]]
    first = await desk.letters(LetterQuery(limit=5))
    rest = await desk.letters(LetterQuery(after=first["next"]))
    assert whole == sorted(whole, key=lambda one: int(one.removeprefix("m")), reverse=True)
    assert [letter["letter_id"] for letter in (*first["letters"], *rest["letters"])] == whole
