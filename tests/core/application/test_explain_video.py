"""Why a video is in the shop, or is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from linkhub_adapters.memory import MemoryVideoLookup
from linkhub_core.application import Examined, ExamineDeadLetters, ExplainVideo, State, VideoTimeline, timelines_of
from linkhub_core.model import OLDER_THAN_ANY_EVENT, Kind
from linkhub_core.ports import DeadLetter, OutgoingMessage, VideoRecord
from linkhub_core.testing.builders import KEY, NOON, a_half, a_record, a_waiting, an_outgoing
from linkhub_core.wire.announcements import announce
from tests.core.application.assembly_harness import AssemblyHarness

_EXAMPLE = '[{"thumbnail_url":"https://cdn.example.com/1.jpg"}]'


async def _timelines(
    harness: AssemblyHarness, video_id: str = KEY.video_id, seller: str | None = None
) -> list[VideoTimeline]:
    why = ExplainVideo(
        videos=MemoryVideoLookup(queue=harness.messages, staging=harness.rows, products=harness.stored),
        examine=ExamineDeadLetters(letters=harness.messages),
        clock=harness.clock,
    )
    return list((await why(video_id, seller))[0])


def _steps(timeline: VideoTimeline) -> list[tuple[str, str | None]]:
    return [(one.what, one.half) for one in timeline.entries]


async def test_from_the_queue_to_the_shop() -> None:
    """A video is followed: queued, waiting, saved and announced; each time it has the state."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.CAPTION)
    (queued,) = await _timelines(harness)
    assert (queued.state, _steps(queued)) == (State.QUEUED, [("queued", "caption")])
    await harness.turn()
    (waiting,) = await _timelines(harness)
    assert (waiting.state, _steps(waiting)) == (State.WAITING, [("waits", "caption")])
    assert waiting.entries[0].correlation_id == "c-1"
    assert waiting.because.startswith("its caption waits for the thumbnail until ")
    await harness.post_event(Kind.THUMBNAIL)
    await harness.turn()
    (there,) = await _timelines(harness)
    assert there.state is State.ANNOUNCED
    assert sorted(_steps(there), key=str) == [("saved", None), ("stamped", "caption"), ("stamped", "thumbnail")]


async def test_only_the_letters_of_the_video_are_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of others cost no more than a look at the names in them."""
    harness = AssemblyHarness()
    await harness.post(*(an_outgoing(Kind.THUMBNAIL, video_id=str(number), thumbnails=[]) for number in range(5)))
    await harness.turn()
    examined: list[str] = []
    examine = ExamineDeadLetters.examine

    def counted(self: ExamineDeadLetters, letter: DeadLetter) -> Examined:
        examined.append(letter.letter_id)
        return examine(self, letter)

    monkeypatch.setattr(ExamineDeadLetters, "examine", counted)
    (timeline,) = await _timelines(harness, "3")
    assert (timeline.state, len(examined)) == (State.REJECTED, 1)


async def test_the_rejected_partner_is_to_blame() -> None:
    """A half waits because the other one was rejected: the timeline names the letter and its faults."""
    harness = AssemblyHarness()
    await harness.post(an_outgoing(Kind.CAPTION), an_outgoing(Kind.THUMBNAIL, thumbnails=[]))
    await harness.turn()
    (timeline,) = await _timelines(harness)
    (letter,) = await harness.letters()
    assert timeline.because.endswith(f"a thumbnail was rejected: dead letter {letter.letter_id}")
    (rejected,) = (one for one in timeline.entries if one.what == "rejected")
    assert rejected.facts["faults"] == ["thumbnails: is empty, at least 1 must be there; for example " + _EXAMPLE]


async def test_each_seller_has_a_story_of_its_own() -> None:
    """The same video at two sellers, and a letter that names none; --seller leaves out the others."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.CAPTION, seller_handle="a")
    await harness.post(an_outgoing(Kind.CAPTION, seller_handle="b", title=5))
    await harness.post(OutgoingMessage(kind=Kind.CAPTION, body=f'{{"video_id": "{KEY.video_id}"'))
    await harness.turn()
    states = [(timeline.seller_handle, timeline.state) for timeline in await _timelines(harness)]
    assert states == [("a", State.WAITING), ("b", State.REJECTED), (None, State.REJECTED)]
    assert [timeline.seller_handle for timeline in await _timelines(harness, seller="b")] == ["b", None]


async def test_an_unknown_video() -> None:
    """No timeline; a message that only mentions the video is none of it."""
    harness = AssemblyHarness()
    await harness.post_event(Kind.CAPTION, title="like video 404")
    assert await _timelines(harness, "404") == []


def test_announcements_of_the_log_have_their_time() -> None:
    """Each revision, beside what the product says itself."""
    record = a_record(revision=2, unannounced_revision=2)
    said = announce(a_record(), NOON + timedelta(seconds=5), "c-7")
    found = VideoRecord(products=[record], announcements=[said])
    (timeline,) = timelines_of(KEY.video_id, found, [], NOON)
    (announced,) = (one for one in timeline.entries if one.what == "announced")
    assert (announced.at, announced.correlation_id) == (NOON + timedelta(seconds=5), "c-7")
    assert (timeline.state, "revision 2" in timeline.because) == (State.UNANNOUNCED, True)
    assert [one.at for one in timeline.entries] == sorted(one.at for one in timeline.entries)


def test_a_half_past_its_time_is_marked() -> None:
    """It still joins, until a sweep removes it."""
    row = a_waiting()
    (timeline,) = timelines_of(KEY.video_id, VideoRecord(waiting=[row]), [], row.expires_at)
    assert "its time is over" in timeline.because


async def test_a_product_of_another_service_is_there() -> None:
    """It has no revision, and no stamp of an event that linkhub knows."""
    harness = AssemblyHarness()
    record = a_record(revision=0, caption_version=OLDER_THAN_ANY_EVENT, thumbnails_version=OLDER_THAN_ANY_EVENT)
    harness.stored.rows[KEY] = evolve(record, unannounced_revision=None, shown=True)
    (timeline,) = await _timelines(harness)
    assert (timeline.state, _steps(timeline)) == (State.ANNOUNCED, [("saved", None)])
    assert timeline.because == "another service saved and showed it; it has no revision yet"


async def test_both_halves_in_a_row_of_another_service_wait() -> None:
    """Each of them, for the next message or sweep."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting(other=a_half(Kind.THUMBNAIL), is_foreign=True)
    (timeline,) = await _timelines(harness)
    assert (timeline.state, _steps(timeline)) == (State.WAITING, [("waits", "caption"), ("waits", "thumbnail")])
    assert "the next message or sweep joins them" in timeline.because
