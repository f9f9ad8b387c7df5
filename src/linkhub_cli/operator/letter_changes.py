"""Put dead letters back, mend them, and delete them: for the commands and for the operator's page.

Nothing is changed unless ``really``; otherwise the result says what would be changed.
"""

from __future__ import annotations

from attrs import evolve, frozen

from linkhub_cli.views.dead_letters import Changes, Selection
from linkhub_core.application import ExamineDeadLetters, MendDeadLetter, plan_redrive


@frozen(kw_only=True)
class ChangeLetters:
    """Changes the selected dead letters.

    Each method raises ``ServiceUnavailable`` if the dead letters or the queue cannot be reached: some letters may be
    changed then, and repeating is safe.
    """

    examine: ExamineDeadLetters
    mend_letter: MendDeadLetter

    async def redrive(self, selection: Selection, *, force: bool, really: bool) -> Changes:
        """Put letters back on their queues: those that would pass now, or all by ``force``."""
        plan = plan_redrive(await selection.read(self.examine), force=force)
        letters = [one.letter for one in plan.going]
        changed = await self.examine.letters.redrive(letters) if really else None
        return Changes(going=plan.going, staying=plan.staying, changed=changed)

    async def mend(self, selection: Selection, body: str, *, force: bool, really: bool) -> Changes:
        """Put the selected letter back with another body; a letter that is not there changes nothing.

        Raises:
            MalformedEvent: the queue refuses the body.
        """
        old = next(iter(await selection.read(self.examine)), None)
        if old is None:
            return Changes(going=[], changed=0 if really else None)
        mended = self.examine.examine(evolve(old.letter, body=body, faults=()))
        plan = plan_redrive([mended], force=force)
        if really and plan.going:
            await self.mend_letter(old.letter, body, force=force)
        return Changes(going=plan.going, staying=plan.staying, changed=len(plan.going) if really else None)

    async def purge(self, selection: Selection, *, really: bool) -> Changes:
        """Delete letters."""
        examined = await selection.read(self.examine)
        letters = [one.letter for one in examined]
        return Changes(going=examined, changed=await self.examine.letters.purge(letters) if really else None)
