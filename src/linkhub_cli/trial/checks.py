"""The checks: one sentence and one coroutine each, in the order in which they run.

Each uses a seller of its own, and leaves the queues empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from attrs import evolve, frozen

from linkhub_cli.trial.sample_events import sample_body
from linkhub_core.errors import Fault
from linkhub_core.model import Half, Kind, Origin, ProductRecord, WaitingHalf
from linkhub_core.model.decision_table import Joined, decide
from linkhub_core.model.merge import Halves
from linkhub_core.ports import (
    Clock,
    Conflict,
    Created,
    DeadLetterQuery,
    Delivery,
    Dropped,
    Equal,
    Exists,
    Newer,
    OpenedPorts,
    OutgoingMessage,
    PageQuery,
    Partner,
    Rejection,
    Revised,
    Revision,
    Staged,
)
from linkhub_core.ports.product_store import Changes
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.codec import decode_event
from linkhub_core.wire.cursor import parse_cursor

RECEIVES = 60
"""How often a check receives before a message counts as lost; each waits up to LINKHUB_RECEIVE_WAIT_SECONDS."""


class Deviation(Exception):
    """A port did not do what its contract says."""


@frozen(kw_only=True)
class Tried:
    """The ports and values of a check."""

    ports: OpenedPorts
    clock: Clock

    def half(self, seller: str, kind: Kind, *, video: int = 1, minute: int = 0) -> Half:
        """A half of a seller's video; a later ``minute`` is a newer version."""
        now = self.clock.now()
        body = sample_body(kind, seller, video, now - timedelta(hours=1) + timedelta(minutes=minute))
        return decode_event(kind, body, now)

    def waiting(self, half: Half) -> WaitingHalf:
        """A half in staging from now on."""
        now = self.clock.now()
        return WaitingHalf(
            half=half, origin=Origin(correlation_id="trial"), waiting_since=now, expires_at=now + timedelta(days=1)
        )

    def record(self, seller: str, *, video: int = 1) -> ProductRecord:
        """The first revision of a product."""
        caption, thumbnails = (self.half(seller, kind, video=video) for kind in (Kind.CAPTION, Kind.THUMBNAIL))
        decision = decide(Halves(caption=caption, thumbnails=thumbnails), None, self.clock.now())
        assert isinstance(decision, Joined)  # noqa: S101  both halves are known
        return decision.record

    async def received(self, message_ids: set[str] | None = None) -> Sequence[Delivery]:
        """The next messages; with ``message_ids`` only these."""
        for _ in range(RECEIVES):
            if deliveries := await self.ports.queue.receive():
                _expect(message_ids is None or {each.message_id for each in deliveries} <= message_ids, "it is another")
                return deliveries
        raise Deviation(f"no message came in {RECEIVES} receives")


def _expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise Deviation(otherwise)


async def _stages_once(tried: Tried) -> None:
    row = tried.waiting(tried.half("trial-staging", Kind.CAPTION))
    key, staging = row.half.key, tried.ports.staging
    _expect(await staging.stage([row]) == [Staged()], "the first half was not staged")
    _expect(await staging.stage([row]) == [Equal()], "its copy was not equal")
    newer = tried.waiting(tried.half("trial-staging", Kind.CAPTION, minute=1))
    _expect(await staging.stage([newer]) == [Staged()], "a newer half did not replace it")
    found = (await staging.waiting([key])).get(key)
    _expect(isinstance(found, WaitingHalf) and found.half == newer.half, "the read after the write does not see it")


async def _finds_partners(tried: Tried) -> None:
    caption, thumbnails = (tried.waiting(tried.half("trial-partners", kind)) for kind in (Kind.CAPTION, Kind.THUMBNAIL))
    staging = tried.ports.staging
    await staging.stage([caption])
    (outcome,) = await staging.stage([thumbnails])
    _expect(isinstance(outcome, Partner) and outcome.waiting.half == caption.half, "the waiting half was not given")
    (outcome,) = await staging.stage([thumbnails])
    _expect(isinstance(outcome, Partner), "the waiting half was overwritten")


async def _drops_what_was_read(tried: Tried) -> None:
    older, newer = (tried.waiting(tried.half("trial-drops", Kind.CAPTION, minute=minute)) for minute in (0, 1))
    staging = tried.ports.staging
    await staging.stage([older])
    await staging.stage([newer])
    (kept,) = await staging.drop([older.half])
    _expect(isinstance(kept, Newer) and kept.waiting.half == newer.half, "a newer half was deleted")
    _expect(await staging.drop([newer.half]) == [Dropped()], "the half was not deleted")
    _expect(not await staging.waiting([newer.half.key]), "it is still read after it was deleted")


async def _creates_once(tried: Tried) -> None:
    record, products = tried.record("trial-creates"), tried.ports.products
    other = evolve(record, updated_at=record.updated_at + timedelta(seconds=1), revision=7)
    outcomes = await asyncio.gather(*(products.create([each]) for each in (record, other)))
    created = [isinstance(outcome, Created) for (outcome,) in outcomes]
    _expect(sum(created) == 1, f"of two concurrent creates {sum(created)} succeeded")
    stored = (await products.find([record.key])).get(record.key)
    winner = record if created[0] else other
    _expect(isinstance(stored, ProductRecord) and stored.revision == winner.revision, "the winner is not what is read")
    (again,) = await products.create([evolve(record, revision=9)])
    _expect(isinstance(again, Exists), "a stored product was replaced")


async def _compares_and_sets(tried: Tried) -> None:
    record, products = tried.record("trial-revises"), tried.ports.products
    await products.create([record])
    changes = [
        Revision(before=record, after=evolve(record, revision=2, updated_at=record.updated_at + timedelta(seconds=n)))
        for n in (1, 2)
    ]
    outcomes = [outcome for (outcome,) in await asyncio.gather(*(products.revise([change]) for change in changes))]
    revised = sum(isinstance(outcome, Revised) for outcome in outcomes)
    conflicts = sum(isinstance(outcome, Conflict) for outcome in outcomes)
    _expect((revised, conflicts) == (1, 1), f"of two concurrent revisions {revised} succeeded")


async def _lists_shops(tried: Tried) -> None:
    records = [tried.record("trial-pages", video=video) for video in range(1, 6)]
    products = tried.ports.products
    await products.create(records)
    page = await products.page(PageQuery(seller_handle="trial-pages", limit=3))
    newest = [record.key.video_id for record in reversed(records)]
    _expect([product.video_id for product in page.products] == newest[:3], "the first page is not the newest three")
    rest = await products.page(PageQuery(seller_handle="trial-pages", limit=3, before=newest[2]))
    _expect([product.video_id for product in rest.products] == newest[3:], "the second page is not the other two")
    more = tried.record("trial-pages", video=9)
    await products.create([more])
    cursor = parse_cursor(page.cursor, "trial-pages")
    answer = await products.changes("trial-pages", cursor, 50) if cursor is not None else None
    _expect(
        isinstance(answer, Changes) and more.key.video_id in {product.video_id for product in answer.products},
        "the cursor misses a later product",
    )


async def _delivers_until_acknowledged(tried: Tried) -> None:
    queue = tried.ports.queue
    body = sample_body(Kind.CAPTION, "trial-queue", 1, tried.clock.now())
    refused = await tried.ports.publisher.publish(
        [OutgoingMessage(kind=Kind.CAPTION, body=body, attributes={"correlationId": "trial-1"})]
    )
    _expect(not refused, f"the queue refuses a message: {refused}")
    (first,) = await tried.received()
    _expect(first.kind is Kind.CAPTION and first.body == body, "it came with another body or kind")
    _expect(first.attributes.get("correlationId") == "trial-1", "it came without its correlation id")
    await queue.release([first], 0)
    (again,) = await tried.received({first.message_id})
    _expect(again.receive_count > 1, "a second delivery counts as the first")
    await queue.acknowledge([again])


async def _keeps_dead_letters(tried: Tried) -> None:
    letters = tried.ports.dead_letters
    await tried.ports.publisher.publish([OutgoingMessage(kind=Kind.THUMBNAIL, body="{}")])
    (delivery,) = await tried.received()
    await tried.ports.queue.reject([Rejection(delivery=delivery, faults=[Fault("video_id", "is missing")])])
    for _ in range(RECEIVES):
        found = [letter async for letter in letters.browse(DeadLetterQuery(kind=Kind.THUMBNAIL))]
        if found:
            break
        await tried.clock.sleep(1)
    _expect([letter.message_id for letter in found] == [delivery.message_id], "the rejected message is no dead letter")
    _expect([fault.field for fault in found[0].faults] == ["video_id"], "the dead letter has lost its faults")
    _expect(await letters.purge(found) == 1, "the dead letter cannot be deleted")


async def _announces(tried: Tried) -> None:
    announcement = announce(tried.record("trial-announces"), tried.clock.now())
    async with tried.ports.open_feed() as feed:
        await tried.ports.notifier.notify([announcement])
        for _ in range(RECEIVES):
            if heard := await feed.receive():
                _expect([each.key for each in heard] == [announcement.key], "another announcement was heard")
                return
    raise Deviation("it was not heard")


CHECKS: Mapping[str, Callable[[Tried], Awaitable[None]]] = {
    "a half waits once in staging, the newest of its kind": _stages_once,
    "a half is given its partner, which stays as it is": _finds_partners,
    "a staging row is deleted only as it was read": _drops_what_was_read,
    "of two writers one creates a product": _creates_once,
    "of two writers one revises a product": _compares_and_sets,
    "pages list the newest products first, a cursor misses nothing": _lists_shops,
    "a message is delivered until it is acknowledged": _delivers_until_acknowledged,
    "a rejected message is a dead letter with its faults": _keeps_dead_letters,
    "an announcement reaches a serving process": _announces,
}
