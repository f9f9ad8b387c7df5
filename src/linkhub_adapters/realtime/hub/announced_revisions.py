"""Which announcements are new: a bounded memory of the last revision of each product that was announced here.

| the announcement is of             | it is                                                               |
|------------------------------------|---------------------------------------------------------------------|
| a product that is not remembered   | `NEW`                                                               |
| the same life, a later revision    | `NEW`                                                               |
| the same life, no later revision   | `REPEAT`: a copy, or one that was overtaken                         |
| another life                       | `OTHER_LIFE`: only the store knows which of the two lives is current |

A product that is deleted by hand and saved again begins a new life, with revision 1 and its own ``created_at``. That
time does not say which life is the later one: the clock of the process that saved it may be behind. The life of a
product that a replay read from the store is remembered, too.
"""

from __future__ import annotations

from enum import Enum, auto

from attrs import define, field

from linkhub_core.model import Announcement, ProductKey


class Novelty(Enum):
    """What an announcement is, by the table above."""

    NEW = auto()
    REPEAT = auto()
    OTHER_LIFE = auto()


@define(eq=False, kw_only=True)
class AnnouncedRevisions:
    """The last revisions of at most ``max_products`` products; the one announced longest ago is forgotten first."""

    max_products: int
    _lives: dict[ProductKey, int] = field(factory=dict, init=False)
    _revisions: dict[ProductKey, int] = field(factory=dict, init=False)

    def judge(self, announcement: Announcement) -> Novelty:
        """Say what an announcement is."""
        life = self._lives.get(announcement.key)
        if life is not None and life != announcement.life:
            return Novelty.OTHER_LIFE
        return Novelty.REPEAT if self.covers(announcement) else Novelty.NEW

    def covers(self, announcement: Announcement) -> bool:
        """Whether this revision or a later one of the same life was announced here."""
        key = announcement.key
        return self._lives.get(key) == announcement.life and self._revisions.get(key, 0) >= announcement.revision

    def life_of(self, key: ProductKey) -> int | None:
        """The life of a product that is remembered."""
        return self._lives.get(key)

    def remember(self, announcement: Announcement) -> None:
        """Remember an announcement as the last one of its product."""
        self._remember_life(announcement)
        self._revisions[announcement.key] = announcement.revision

    def learn_life(self, announcement: Announcement) -> None:
        """Remember the life of a product that was read from the store, unless it is remembered with a revision."""
        if self._lives.get(announcement.key) != announcement.life:
            self._remember_life(announcement)

    def _remember_life(self, announcement: Announcement) -> None:
        self._forget(announcement.key)
        if len(self._lives) >= self.max_products:
            self._forget(next(iter(self._lives)))
        self._lives[announcement.key] = announcement.life

    def _forget(self, key: ProductKey) -> None:
        self._lives.pop(key, None)
        self._revisions.pop(key, None)
