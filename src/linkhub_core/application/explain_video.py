"""Why is this video (not) in the shop? Everything that is known of it, gathered; :mod:`.stories` tells it."""

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

__all__ = ["ExplainVideo"]


@frozen(kw_only=True)
class ExplainVideo:
    """Gathers what is known of a video."""

    videos: VideoLookup
    examine: ExamineDeadLetters
    clock: Clock

    async def __call__(
        self, video_id: str, seller_handle: str | None = None
    ) -> tuple[Sequence[VideoTimeline], VideoRecord]:
        """The stories of a video, of one seller or of all, and the traces that they were told from.

        Raises:
            ServiceUnavailable: a place cannot be reached.
        """
        letters = [one async for one in self.examine(DeadLetterQuery()) if names_in(one.letter.body)[1] == video_id]
        named = {names_in(one.letter.body)[0] for one in letters} | {seller_handle}
        traces = await self.videos.look(video_id, sorted(name for name in named if name and _is_handle(name, video_id)))
        stories = timelines_of(video_id, traces, letters, self.clock.now())
        return [
            story for story in stories if seller_handle is None or story.seller_handle in (None, seller_handle)
        ], traces


def _is_handle(name: str, video_id: str) -> bool:
    """Whether a seller can be called so; a rejected message may name anything."""
    try:
        ProductKey(name, video_id)
    except ValueError:
        return False
    return True
