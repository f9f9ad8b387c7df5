"""The data and the changes of the operator's page: the documents behind the routes of an operator.

A list of dead letters reads all of them, however many: so it keeps only those of its page, and stops after
``MOST_READ``.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from linkhub_adapters.http import LetterChoice, LetterQuery
from linkhub_adapters.runtime.turns import Turns
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.history import History
from linkhub_cli.operator.letter_changes import ChangeLetters
from linkhub_cli.operator.status import stalled_document
from linkhub_cli.views.dead_letters import (
    Changes,
    Selection,
    change_document,
    document_of,
    fault_documents,
    group_of,
    queue_of,
)
from linkhub_cli.views.message_body import editable_body
from linkhub_cli.views.timeline import timeline_document
from linkhub_core.application import Examined, ExplainVideo
from linkhub_core.errors import InvalidQuery, MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.ports import Clock
from linkhub_core.wire.codec import read_event, timestamp_text
from linkhub_core.wire.intake import names_in

MOST_READ = 20_000

_Place = tuple[datetime, int, str]


@frozen(kw_only=True)
class Desk:
    """The :class:`~linkhub_adapters.http.OperatorDesk` of a server."""

    gauges: BackendGauges
    hour: History
    changes: ChangeLetters
    explain: ExplainVideo
    clock: Clock

    def history(self) -> bytes:
        """See the protocol."""
        return self.hour.document()

    async def move_seen(self, at: datetime) -> Mapping[str, Any]:
        """See the protocol."""
        seen = await self.gauges.move_seen(at)
        return {"at": timestamp_text(seen.at), "is_shared": self.gauges.seen.is_shared}

    async def letters(self, query: LetterQuery) -> Mapping[str, Any]:
        """See the protocol."""
        selection = Selection(queue=query.queue, reason=query.reason, group=query.group)
        before = _place_of(query.after) if query.after else None
        groups: Counter[tuple[str, str]] = Counter()
        page: list[tuple[_Place, int, Examined]] = []
        read = 0
        async for letter in self.changes.examine.letters.browse(selection.query):
            if (read := read + 1) > MOST_READ:
                break
            one = Examined(letter=letter, faults=(), key=None)
            if not selection.holds(one):
                continue
            groups[group_of(one), queue_of(one)] += 1
            place = _place(letter.rejected_at, letter.letter_id)
            if before is None or place < before:
                (heapq.heappush if len(page) <= query.limit else heapq.heappushpop)(page, (place, read, one))
        newest = [one for _, _, one in sorted(page, reverse=True)]
        shown = newest[: query.limit]
        turns, summaries = Turns(), []
        for one in shown:
            summaries.append(_summary(self.changes.examine.examine(one.letter)))
            await turns.end_if_over()
        return {
            "total": sum(groups.values()),
            "is_complete": read <= MOST_READ,
            "groups": [
                {"reason": reason, "queue": queue, "count": count} for (reason, queue), count in groups.most_common()
            ],
            "letters": summaries,
            "next": _cursor_of(shown[-1]) if len(newest) > len(shown) else None,
        }

    async def letter(self, letter_id: str, assumed_kind: Kind | None) -> Mapping[str, Any] | None:
        """See the protocol."""
        selection = Selection(letter_ids=[letter_id], assumed_kind=assumed_kind)
        for examined in await selection.read(self.changes.examine):
            letter = examined.letter
            return {**document_of(examined), "attributes": dict(letter.attributes), "event": editable_body(letter.body)}
        return None

    def check(self, kind: Kind, body: str) -> Mapping[str, Any]:
        """See the protocol."""
        try:
            half, notes = read_event(kind, body, self.clock.now())
        except MalformedEvent as malformed:
            return {"would_pass": False, "faults": fault_documents(malformed.faults), "notes": []}
        return {
            "would_pass": True,
            "faults": [],
            "notes": [{"field": note.field, "rule": note.rule} for note in notes],
            "half": half.kind,
            "seller_handle": half.key.seller_handle,
            "video_id": half.key.video_id,
        }

    async def redrive(self, choice: LetterChoice) -> Mapping[str, Any]:
        """See the protocol."""
        selection, really = _selection(choice), not choice.dry_run
        if choice.body is None:
            changes = await self.changes.redrive(selection, force=choice.force, really=really)
        else:
            changes = await self.changes.mend(selection, choice.body, force=choice.force, really=really)
        return _outcome(choice, changes)

    async def purge(self, choice: LetterChoice) -> Mapping[str, Any]:
        """See the protocol."""
        return _outcome(choice, await self.changes.purge(_selection(choice), really=not choice.dry_run))

    async def stalled(self) -> Mapping[str, Any]:
        """See the protocol."""
        return stalled_document(await self.gauges.look_for_stalled())

    async def why(self, video_id: str, seller_handle: str | None) -> Mapping[str, Any]:
        """See the protocol."""
        timelines, record = await self.explain(video_id, seller_handle)
        return {
            "timelines": [timeline_document(timeline) for timeline in timelines],
            "all_sellers": record.all_sellers,
            "queues_read": record.queued is not None,
        }


def _selection(choice: LetterChoice) -> Selection:
    return Selection(
        letter_ids=choice.letter_ids,
        queue=choice.queue,
        reason=choice.reason,
        group=choice.group,
        assumed_kind=choice.assumed_kind,
    )


def _outcome(choice: LetterChoice, changes: Changes) -> Mapping[str, Any]:
    found = {one.letter.letter_id for one in (*changes.going, *changes.staying)}
    missing = [letter_id for letter_id in choice.letter_ids or () if letter_id not in found]
    return {**change_document(changes), "missing": missing}


def _summary(examined: Examined) -> Mapping[str, Any]:
    """A letter without its body."""
    seller, video = names_in(examined.letter.body)
    document = document_of(examined)
    del document["body"]
    return {**document, "seller_handle": seller, "video_id": video}


def _cursor_of(examined: Examined) -> str:
    return f"{examined.letter.rejected_at.isoformat()} {examined.letter.letter_id}"


def _place(rejected_at: datetime, letter_id: str) -> _Place:
    """A letter in the order of the list: by time, then by id, of which 10 comes after 9."""
    return rejected_at, len(letter_id), letter_id


def _place_of(cursor: str) -> _Place:
    at, _, letter_id = cursor.partition(" ")
    try:
        rejected_at = datetime.fromisoformat(at)
    except ValueError:
        rejected_at = None
    if rejected_at is None or rejected_at.tzinfo is None:
        raise InvalidQuery("after", "must be the `next` of a page of dead letters")
    return _place(rejected_at, letter_id)
