"""A stored row that linkhub cannot read: another program wrote it, or damaged it."""

from __future__ import annotations

from attrs import field, frozen

from linkhub_core.errors import RowUnreadable

MAX_PROBLEM_CHARACTERS = 300


def _shortened(problem: str) -> str:
    return problem if len(problem) <= MAX_PROBLEM_CHARACTERS else f"{problem[:MAX_PROBLEM_CHARACTERS]}..."


@frozen(kw_only=True)
class Unreadable:
    """A row that cannot be read. Stores return it as a value, so that it delays no other row.

    ``seller_handle`` and ``video_id`` are the row's key as it is stored, which may break the rules of a
    :class:`~linkhub_core.model.ProductKey`. ``problem`` is the reason.
    """

    seller_handle: str
    video_id: str
    problem: str = field(converter=_shortened)

    def __str__(self) -> str:
        return f"{self.seller_handle}/{self.video_id}: {self.problem}"

    def refusal(self, store: str) -> RowUnreadable:
        """The error for an event of this row; ``store`` is ``products`` or ``staging``."""
        return RowUnreadable(store, f"its row cannot be read: {self}")
