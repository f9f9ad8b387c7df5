"""Explain a video: read its rows, messages and dead letters, and make a timeline for each seller that has it.

state         condition
------------  -------------------------------------------------------------------
announced     the product is stored, and its newest revision was announced
unannounced   the product is stored, and its newest revision was not announced
waiting       one half is in staging
queued        only messages on a queue are known
rejected      only dead letters are known
unreadable    a row cannot be read: another program wrote or damaged it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from linkhub_core.application.dead_letters import Examined, ExamineDeadLetters
from linkhub_core.model import (
    NO_LISTING,
    OLDER_THAN_ANY_EVENT,
    Availability,
    Kind,
    Origin,
    ProductKey,
    ProductRecord,
    WaitingHalf,
)
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetterQuery
from linkhub_core.ports.video_lookup import QueuedMessage, VideoLookup, VideoRecord
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import listing_document, timestamp_text
from linkhub_core.wire.intake import names_in


class State(StrEnum):
    """The state of a video, by the table of the module."""

    ANNOUNCED = "announced"
    UNANNOUNCED = "unannounced"
    WAITING = "waiting"
    QUEUED = "queued"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


@frozen(kw_only=True)
class TimelineEntry:
    """One event of a timeline.

    Args:
        at: when, by linkhub's clocks; of ``stamped`` the time of the sender.
        what: a word: ``queued``, ``received``, ``rejected``, ``waits``, ``stamped``, ``listed``, ``saved`` or
            ``announced``.
        half: the half that it is about, if it is one.
        correlation_id: of its message, if known.
        facts: other values, by name.
    """

    at: datetime
    what: str
    half: Kind | None = None
    correlation_id: str | None = None
    facts: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class VideoTimeline:
    """One seller's video: its state, the reason, and its entries, oldest first. A dead letter may not name a seller."""

    seller_handle: str | None
    video_id: str
    state: State
    because: str
    entries: Sequence[TimelineEntry]


@frozen(kw_only=True)
class ExplainVideo:
    """Answers why a video is, or is not, in a shop."""

    videos: VideoLookup
    examine: ExamineDeadLetters
    clock: Clock

    async def __call__(
        self, video_id: str, seller_handle: str | None = None
    ) -> tuple[Sequence[VideoTimeline], VideoRecord]:
        """The timelines of a video, of one seller or of all, and the record that they were made of.

        Raises:
            ServiceUnavailable: a queue or a store does not answer.
        """
        dead_letters = []
        async for letter in self.examine.letters.browse(DeadLetterQuery()):
            seller, video = names_in(letter.body)
            if video == video_id:
                dead_letters.append((seller, self.examine.examine(letter)))
        sellers = {seller for seller, _ in dead_letters} | {seller_handle}
        record = await self.videos.find(
            video_id, sorted(name for name in sellers if name and _is_handle(name, video_id))
        )
        timelines = timelines_of(video_id, record, dead_letters, self.clock.now())
        return [one for one in timelines if seller_handle is None or one.seller_handle in (None, seller_handle)], record


def _is_handle(name: str, video_id: str) -> bool:
    """Whether a name is a valid handle; a rejected message may hold any name."""
    try:
        ProductKey(name, video_id)
    except ValueError:
        return False
    return True


@frozen(kw_only=True)
class _Facts:
    """The rows and messages of one seller's video."""

    waiting: WaitingHalf | None
    product: ProductRecord | None
    queued: Sequence[QueuedMessage]
    dead_letters: Sequence[Examined]
    announcements: Sequence[Announcement]
    unreadable: Sequence[Unreadable]


def timelines_of(
    video_id: str, record: VideoRecord, dead_letters: Sequence[tuple[str | None, Examined]], now: datetime
) -> Sequence[VideoTimeline]:
    """One timeline for each seller, in the order of their handles.

    Args:
        video_id: the video.
        record: its rows and messages; messages of other videos that mention its id are left out.
        dead_letters: the dead letters that name it, each with the seller that it names.
        now: the present.
    """
    queued = [(names_in(message.body), message) for message in record.queued or ()]
    sellers: set[str | None] = {row.key.seller_handle for row in record.waiting}
    sellers |= {product.key.seller_handle for product in record.products}
    sellers |= {row.seller_handle for row in record.unreadable}
    sellers |= {seller for (seller, video), _ in queued if video == video_id} | {seller for seller, _ in dead_letters}
    return [
        _timeline(
            seller,
            video_id,
            _Facts(
                waiting=next((row for row in record.waiting if row.key.seller_handle == seller), None),
                product=next((one for one in record.products if one.key.seller_handle == seller), None),
                queued=[message for names, message in queued if names == (seller, video_id)],
                dead_letters=[one for named, one in dead_letters if named == seller],
                unreadable=[row for row in record.unreadable if row.seller_handle == seller],
                announcements=[one for one in record.announcements or () if one.key.seller_handle == seller],
            ),
            now,
        )
        for seller in sorted(sellers, key=lambda one: (one is None, one or ""))
    ]


def _timeline(seller: str | None, video_id: str, facts: _Facts, now: datetime) -> VideoTimeline:
    entries = [*_of_queue(facts, now), *_of_dead_letters(facts), *_of_staging(facts), *_of_product(facts)]
    state, because = _state(facts, now)
    return VideoTimeline(
        seller_handle=seller,
        video_id=video_id,
        state=state,
        because=because,
        entries=sorted(entries, key=lambda entry: entry.at),
    )


def _state(facts: _Facts, now: datetime) -> tuple[State, str]:
    product, waiting = facts.product, facts.waiting
    if facts.unreadable:
        return State.UNREADABLE, f"a row of it cannot be read: {facts.unreadable[0].problem}"
    if product is not None:
        return _product_state(product)
    if waiting is not None:
        return State.WAITING, _waiting_for(waiting, facts, now)
    if facts.queued:
        return State.QUEUED, "a message of it is on a queue: is a consumer running?"
    letter = facts.dead_letters[-1].letter
    return State.REJECTED, f"its message was rejected, as dead letter {letter.letter_id}"


def _product_state(product: ProductRecord) -> tuple[State, str]:
    if product.revision == 0:
        return State.ANNOUNCED, "another service saved and showed it; it has no revision yet"
    listed = _listing_text(product)
    if product.unannounced_revision is None:
        return State.ANNOUNCED, f"revision {product.revision} is saved and was announced{listed}"
    return State.UNANNOUNCED, f"revision {product.revision} is saved and was not announced{listed}"


def _listing_text(product: ProductRecord) -> str:
    listing = listing_document(product.listing)
    if product.is_withdrawn:
        return "; its listing withdraws it: readers do not see it"
    replaced = [name for name in ("title", "price") if listing[name] is not None]
    texts = ["sold out"] if product.listing.availability is Availability.SOLD_OUT else []
    texts += [f"with another {' and '.join(replaced)}"] if replaced else []
    return f"; its listing shows it {' '.join(texts)}" if texts else ""


def _waiting_for(waiting: WaitingHalf, facts: _Facts, now: datetime) -> str:
    if waiting.other is not None:
        return "another service left both halves of it in one row: the next message or sweep joins them"
    missing, until = waiting.half.kind.partner, timestamp_text(waiting.expires_at)
    late = "; its time is over, and the next sweep removes it" if waiting.expired(now) else ""
    rejected = [one for one in facts.dead_letters if one.letter.kind is missing]
    blame = f"; a {missing} was rejected: dead letter {rejected[-1].letter.letter_id}" if rejected else ""
    return f"its {waiting.half.kind} waits for the {missing} until {until}{late}{blame}"


def _of_queue(facts: _Facts, now: datetime) -> Iterator[TimelineEntry]:
    for message in facts.queued:
        details: dict[str, Any] = {"message_id": message.message_id, "deliveries": message.receive_count}
        if message.visible_at > now:
            details["hidden_until"] = timestamp_text(message.visible_at)
        yield TimelineEntry(
            at=message.sent_at,
            what="queued",
            half=message.kind,
            correlation_id=Origin.of_message(message.attributes, message.message_id).correlation_id,
            facts=details,
        )


def _of_dead_letters(facts: _Facts) -> Iterator[TimelineEntry]:
    for one in facts.dead_letters:
        letter = one.letter
        correlation_id = Origin.of_message(letter.attributes, letter.message_id).correlation_id
        yield TimelineEntry(at=letter.sent_at, what="received", half=letter.kind, correlation_id=correlation_id)
        yield TimelineEntry(
            at=letter.rejected_at,
            what="rejected",
            half=letter.kind,
            correlation_id=correlation_id,
            facts={
                "letter_id": letter.letter_id,
                "faults": [str(fault) for fault in letter.faults],
                "would_pass_now": one.would_pass,
            },
        )


def _of_staging(facts: _Facts) -> Iterator[TimelineEntry]:
    for row in facts.waiting.apart if facts.waiting is not None else ():
        details: dict[str, Any] = {
            "stamped": timestamp_text(row.half.version.timestamp),
            "until": timestamp_text(row.expires_at),
        }
        if row.origin.notes:
            details["notes"] = [{"field": note.field, "rule": note.rule} for note in row.origin.notes]
        yield TimelineEntry(
            at=row.waiting_since,
            what="waits",
            half=row.half.kind,
            correlation_id=row.origin.correlation_id,
            facts=details,
        )


def _of_product(facts: _Facts) -> Iterator[TimelineEntry]:
    product = facts.product
    if product is not None:
        for kind, version in ((Kind.CAPTION, product.caption_version), (Kind.THUMBNAIL, product.thumbnails_version)):
            if version != OLDER_THAN_ANY_EVENT:
                yield TimelineEntry(at=version.timestamp, what="stamped", half=kind)
        if product.listing_version != NO_LISTING:
            yield TimelineEntry(
                at=product.listing_version.timestamp, what="listed", facts=listing_document(product.listing)
            )
        yield TimelineEntry(at=product.created_at, what="saved", facts={"revision": min(product.revision, 1)})
        if product.revision > 1:
            yield TimelineEntry(at=product.updated_at, what="saved", facts={"revision": product.revision})
    for announcement in facts.announcements:
        yield TimelineEntry(
            at=_announced_at(announcement),
            what="announced",
            correlation_id=announcement.correlation_id or None,
            facts={"revision": announcement.revision, "event": announcement.event_type},
        )


def _announced_at(announcement: Announcement) -> datetime:
    event = json_text.parse_object(announcement.event_json.decode())
    return datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
