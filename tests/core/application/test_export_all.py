"""A full export: its order, its counts, and rows that cannot be read."""

from __future__ import annotations

import orjson
from attrs import evolve

from linkhub_core.application import ExportAll
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports import Rejection
from linkhub_core.testing.builders import (
    KEY,
    NOON,
    a_half,
    a_key,
    a_record,
    a_tombstone,
    a_waiting,
    an_outgoing,
    an_unreadable,
)
from tests.core.application.transfer_harness import TransferHarness


def types_of(lines: list[bytes]) -> list[str]:
    """The type of each line."""
    return [orjson.loads(line)["type"] for line in lines]


async def test_parts_come_in_the_order_in_which_events_move() -> None:
    """Queues, staging, products, dead letters, between a header and the counts."""
    backend = TransferHarness()
    await backend.queue.publish([an_outgoing(body="bad")])
    (delivery,) = await backend.queue.receive()
    await backend.queue.reject([Rejection(delivery=delivery, faults=[Fault("", "bad")])])
    await backend.queue.publish([an_outgoing(), an_outgoing(Kind.THUMBNAIL)])
    await backend.queue.receive()
    await backend.staging.stage([a_waiting(a_half(key=a_key(1)))])
    await backend.products.create([a_record(a_key(2)), a_tombstone(a_record(a_key(3)))])
    lines = await backend.export()
    assert types_of(lines) == [
        "linkhub-export",
        *["message"] * 2,
        "half",
        *["product"] * 2,
        "dead_letter",
        "end",
    ]
    header, end = orjson.loads(lines[0]), orjson.loads(lines[-1])
    assert header == {
        "type": "linkhub-export",
        "format": 1,
        "linkhub": "1.0",
        "exported_at": "2026-01-15T12:00:00Z",
        "queues": True,
    }
    assert end == {
        "type": "end",
        "counts": {"message": 2, "half": 1, "product": 2, "dead_letter": 1},
        "unreadable": 0,
    }


async def test_rows_that_cannot_be_read_are_given_and_counted() -> None:
    """Between the lines; they delay none."""
    backend = TransferHarness()
    backend.staging.unreadable[KEY] = an_unreadable()
    backend.products.unreadable[KEY] = an_unreadable()
    await backend.products.create([a_record(a_key(2))])
    export = ExportAll(
        queue_contents=backend.contents,
        staging=backend.staging,
        products=backend.products,
        dead_letters=backend.queue,
        clock=backend.clock,
    )
    given = [one async for one in export("1.0")]
    assert [one for one in given if isinstance(one, Unreadable)] == [an_unreadable()] * 2
    assert orjson.loads(given[-1]) == {"type": "end", "counts": {"product": 1}, "unreadable": 2}  # type: ignore[arg-type]


async def test_a_row_with_both_halves_is_two_lines() -> None:
    """As another service wrote it."""
    backend = TransferHarness()
    backend.staging.rows[KEY] = evolve(a_waiting(), other=a_half(Kind.THUMBNAIL), is_foreign=True, waiting_since=NOON)
    assert types_of(await backend.export()) == ["linkhub-export", "half", "half", "end"]
