"""A state machine that publishes, works, crashes, waits and sweeps in any order, and holds the guarantees meanwhile.

It knows what has to be without linkhub's own merging: of each product the newest half of each kind that was published.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkhub_core.model import Half, Kind, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.ports import DeadLetterQuery, Delivery, OutgoingMessage
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.testing.readable import readable_rows
from linkhub_core.wire.codec import decode_event
from tests.properties.protocol_harness import CrashPoint, ProtocolHarness

T = TypeVar("T")

CRASH_POINTS = st.builds(CrashPoint, st.none() | st.integers(0, 14), st.booleans())
_PATIENCE = 400


class AssemblyMachine(RuleBasedStateMachine):
    """The machine over the harness that ``open_harness`` opens."""

    def __init__(self, open_harness: Callable[[], ProtocolHarness]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.harness = open_harness()
        self.sent: list[OutgoingMessage] = []
        self.poison: list[str] = []
        self.revisions: dict[ProductKey, ProductRecord] = {}

    # --- what happens

    @rule(
        kind=st.sampled_from(Kind),
        video=st.integers(0, 2),
        minute=st.integers(0, 3),
        title=st.sampled_from("ab"),
        copies=st.integers(1, 2),
    )
    def publish(self, kind: Kind, video: int, minute: int, title: str, copies: int) -> None:
        """A worker sends an event, perhaps twice."""
        content = {"title": title} if kind is Kind.CAPTION else {}
        event = an_event(
            kind,
            seller_handle=self.harness.seller_handle,
            video_id=f"v{video}",
            timestamp=f"2026-01-15T11:0{minute}:00Z",
            **content,
        )
        message = OutgoingMessage(kind=kind, body=orjson.dumps(event).decode())
        self.sent.append(message)
        self._run(self.harness.publisher.publish([message] * copies))

    @rule(kind=st.sampled_from(Kind))
    def publish_nonsense(self, kind: Kind) -> None:
        """A worker sends what no rule lets through."""
        body = f"{self.harness.seller_handle}, nonsense {len(self.poison)}"
        self.poison.append(body)
        self._run(self.harness.publisher.publish([OutgoingMessage(kind=kind, body=body)]))

    @rule(crash_point=CRASH_POINTS)
    def work(self, crash_point: CrashPoint) -> None:
        """A process takes a batch, and may die of any call."""
        self._run(self.harness.worker(crash_point).work())

    @precondition(lambda self: self.sent)
    @rule(fuses=st.lists(CRASH_POINTS, min_size=2, max_size=3))
    def work_side_by_side(self, fuses: list[CrashPoint]) -> None:
        """Several take batches at once."""

        async def together() -> None:
            await asyncio.gather(*(self.harness.worker(crash_point).work() for crash_point in fuses))

        self._run(together())

    @rule(crash_point=CRASH_POINTS)
    def sweep(self, crash_point: CrashPoint) -> None:
        """A sweep goes through, or dies on its way."""
        self._run(self.harness.worker(crash_point).sweep_once())

    @rule(seconds=st.sampled_from([1, 31, 301]))
    def wait(self, seconds: int) -> None:
        """Time passes; leases run out."""
        self.harness.clock.advance(seconds)

    # --- what holds at any time

    @invariant()
    def what_was_acknowledged_is_kept(self) -> None:
        """Each half that left the queue, or a newer one of its kind, is in its product or in staging."""
        products, staging = self._products(), self._staging()
        for delivery in self.harness.effects.acknowledged:
            half = _half_of(delivery)
            assert half is not None, f"{delivery.body} was acknowledged"
            assert _is_in(half, products.get(half.key), staging.get(half.key)), f"{half} has vanished"

    @invariant()
    def revisions_only_grow(self) -> None:
        """A product's content changes with its revision alone, and neither of its halves goes back."""
        for key, record in self._products().items():
            before = self.revisions.get(key, record)
            same = (record.caption, record.thumbnails) == (before.caption, before.thumbnails)
            assert record.revision >= before.revision
            assert same or record.revision > before.revision
            assert record.caption_version >= before.caption_version
            assert record.thumbnails_version >= before.thumbnails_version
            self.revisions[key] = record

    # --- what holds in the end

    def teardown(self) -> None:
        """Without further crashes: check the end result, and that a copy of every message changes nothing."""
        try:
            self._drain()
            self._hold_everything()
            before, announced = self._products(), len(self.harness.effects.announced)
            self._run(self.harness.publisher.publish(self.sent))
            self._drain()
            assert self._products() == before
            assert len(self.harness.effects.announced) == announced
        finally:
            self.harness.close()
            self.runner.close()

    def _drain(self) -> None:
        idle = 0
        for _ in range(_PATIENCE):
            idle = 0 if self._run(self.harness.worker().work()) else idle + 1
            if idle == 2:  # every lease has run out since, and still nothing came
                self._run(self.harness.worker().sweep_once())
                return
            self.harness.clock.advance(301)
        raise AssertionError("the queues do not drain")

    def _hold_everything(self) -> None:
        newest = self._newest()
        products, staging = self._products(), self._staging()
        whole = {key: kinds for key, kinds in newest.items() if len(kinds) == 2}
        assert {key: _halves_in(record) for key, record in products.items()} == {
            key: (kinds[Kind.CAPTION].content, kinds[Kind.THUMBNAIL].content) for key, kinds in whole.items()
        }
        assert {row.half for row in staging.values()} == {
            half for kinds in newest.values() if len(kinds) == 1 for half in kinds.values()
        }
        announced = {(one.key, one.revision) for one in self.harness.effects.announced}
        for key, record in products.items():
            assert record.unannounced_revision is None
            assert (key, record.revision) in announced
        assert sorted(set(self._run(self._letters()))) == sorted(self.poison)

    def _newest(self) -> Mapping[ProductKey, Mapping[Kind, Half]]:
        newest: dict[ProductKey, dict[Kind, Half]] = {}
        for message in self.sent:
            half = decode_event(message.kind, message.body, NOON)
            kinds = newest.setdefault(half.key, {})
            if half.kind not in kinds or half.version > kinds[half.kind].version:
                kinds[half.kind] = half
        return newest

    # --- looking

    def _keys(self) -> list[ProductKey]:
        return sorted({decode_event(message.kind, message.body, NOON).key for message in self.sent}, key=str)

    def _products(self) -> Mapping[ProductKey, ProductRecord]:
        return readable_rows(self._run(self.harness.products.find(self._keys())))

    def _staging(self) -> Mapping[ProductKey, WaitingHalf]:
        return readable_rows(self._run(self.harness.staging.waiting(self._keys())))

    async def _letters(self) -> list[str]:
        bodies = [letter.body async for letter in self.harness.letters.browse(DeadLetterQuery())]
        return [body for body in bodies if body.startswith(f"{self.harness.seller_handle}, ")]

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


def machine_over(open_harness: Callable[[], ProtocolHarness]) -> type[AssemblyMachine]:
    """The machine over the laboratories that ``furnish`` opens, one a run."""

    class Machine(AssemblyMachine):
        def __init__(self) -> None:
            super().__init__(open_harness)

    return Machine


def _half_of(delivery: Delivery) -> Half | None:
    return decode_event(delivery.kind, delivery.body, NOON) if delivery.body.startswith("{") else None


def _is_in(half: Half, record: ProductRecord | None, row: WaitingHalf | None) -> bool:
    if row is not None and row.half.kind is half.kind and row.half.version >= half.version:
        return True
    if record is None:
        return False
    version = record.caption_version if half.kind is Kind.CAPTION else record.thumbnails_version
    return version >= half.version


def _halves_in(record: ProductRecord) -> tuple[object, object]:
    return record.caption, record.thumbnails
