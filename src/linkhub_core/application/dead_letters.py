"""Look after dead letters: what is wrong with each, would it pass now, and back to its queue with those that would.

Rule 1. A letter is removed only when its message is on the work queue. Whoever dies in between leaves it in both, and
        a copy is something that the assembly bears.
Rule 2. A letter that would be rejected again, or that a store refused, goes back only when that is forced.
Rule 3. A letter whose kind is not known goes nowhere, not even when that is forced, until the operator names its kind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import ProductKey
from linkhub_core.ports.dead_letters import DeadLetter, DeadLetterQuery, DeadLetters
from linkhub_core.ports.event_publisher import EventPublisher, OutgoingMessage
from linkhub_core.wire.codec import decode_event
from linkhub_core.wire.first_sent import carry_first_sent
from linkhub_core.wire.intake import unwrap

__all__ = ["ExamineDeadLetters", "Examined", "MendDeadLetter", "RedrivePlan", "plan_redrive"]


@frozen(kw_only=True)
class Examined:
    """A dead letter, read again: the ``faults`` of its body by today's rules, and its product if that can be read."""

    letter: DeadLetter
    faults: Sequence[Fault]
    key: ProductKey | None

    @property
    def would_pass(self) -> bool | None:
        """Whether a redriven letter would be accepted; None if a store refused it, which its body does not show."""
        if not self.faults and any(fault.of_store for fault in self.letter.faults):
            return None
        return not self.faults


@frozen(kw_only=True)
class RedrivePlan:
    """What a redrive would do: letters that go back to their queue, and those that stay.

    A letter stays if it would be rejected again, or if a store refused it.
    """

    going: Sequence[Examined]
    staying: Sequence[Examined]


def plan_redrive(examined: Sequence[Examined], *, force: bool = False) -> RedrivePlan:
    """Decide which letters a redrive puts back: of those whose kind is known, the ones that would pass now, or all."""
    return RedrivePlan(
        going=[one for one in examined if _may_go(one, force=force)],
        staying=[one for one in examined if not _may_go(one, force=force)],
    )


def _may_go(examined: Examined, *, force: bool) -> bool:
    return examined.letter.kind is not None and (force or examined.would_pass is True)


@frozen(kw_only=True)
class ExamineDeadLetters:
    """Reads dead letters with today's rules."""

    letters: DeadLetters

    async def __call__(self, query: DeadLetterQuery) -> AsyncIterator[Examined]:
        """Every dead letter that matches, examined.

        Raises:
            ServiceUnavailable: the dead letters cannot be reached.
        """
        async for letter in self.letters.browse(query):
            yield self.examine(letter)

    def examine(self, letter: DeadLetter) -> Examined:
        """One letter by today's rules."""
        if letter.kind is None:
            return Examined(letter=letter, faults=(Fault("", _unknown_origin(letter)),), key=None)
        try:
            half = decode_event(letter.kind, letter.body, letter.first_sent_at)
        except MalformedEvent as malformed:
            return Examined(letter=letter, faults=malformed.faults, key=None)
        return Examined(letter=letter, faults=(), key=half.key)


@frozen(kw_only=True)
class MendDeadLetter:
    """Puts a letter back with another body: the message keeps its correlation id and its trace."""

    letters: DeadLetters
    publisher: EventPublisher

    async def __call__(self, letter: DeadLetter, body: str, *, force: bool = False) -> None:
        """Put the mended message on the letter's queue, then remove the letter.

        Args:
            letter: as it is among the dead letters.
            body: what the message holds from now on; the letter's own body is a plain redrive.
            force: put it back though today's rules would reject it again.

        Raises:
            MalformedEvent: the body breaks rules, or its queue will not carry it; nothing was changed.
            ServiceUnavailable: the letter is still there; the message may be on the queue, too. Mending again is safe.
        """
        if letter.kind is None:
            raise MalformedEvent([Fault("", _unknown_origin(letter))])
        if not force:
            decode_event(letter.kind, body, letter.first_sent_at)
        if body == letter.body:
            await self.letters.redrive([letter])
            return
        message = OutgoingMessage(kind=letter.kind, body=body, attributes=_attributes_of(letter))
        for refusal in await self.publisher.publish([message]):
            raise MalformedEvent([Fault("", f"the queue refuses it: {refusal.problem}")])
        await self.letters.purge([letter])


def _unknown_origin(letter: DeadLetter) -> str:
    if letter.source_queue:
        return f"came from the queue {letter.source_queue}, which is none of linkhub's: its kind has to be named"
    return "the queue that it came from is not known: its kind has to be named"


def _attributes_of(letter: DeadLetter) -> Mapping[str, str]:
    """The letter's own, and those of the SNS notification around its body, which a mended body need not have."""
    try:
        around = unwrap(letter.body).attributes
    except MalformedEvent:
        around = {}
    attributes = {**around, **letter.attributes} or {"correlationId": letter.message_id}
    return carry_first_sent(attributes, letter.sent_at)
