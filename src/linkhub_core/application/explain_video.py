"""Explain a video: read its rows, messages and dead letters, and make its timelines of them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_core.application.dead_letters import ExamineDeadLetters
from linkhub_core.application.timeline import VideoTimeline, timelines_of
from linkhub_core.model import ProductKey
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetterQuery
from linkhub_core.ports.video_lookup import VideoLookup, VideoRecord
from linkhub_core.wire.peek_ids import names_in


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
        examined = [one async for one in self.examine(DeadLetterQuery())]
        dead_letters = [one for one in examined if names_in(one.letter.body)[1] == video_id]
        named = {names_in(one.letter.body)[0] for one in dead_letters} | {seller_handle}
        record = await self.videos.find(video_id, sorted(name for name in named if name and _is_handle(name, video_id)))
        timelines = timelines_of(video_id, record, dead_letters, self.clock.now())
        return [one for one in timelines if seller_handle is None or one.seller_handle in (None, seller_handle)], record


def _is_handle(name: str, video_id: str) -> bool:
    """Whether a name is a valid handle; a rejected message may hold any name."""
    try:
        ProductKey(name, video_id)
    except ValueError:
        return False
    return True
