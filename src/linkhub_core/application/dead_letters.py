"""Examine dead letters by the present rules, and put messages back on their queues.

Rule 1. A dead letter is removed after its message is on the work queue. A crash in between leaves it in both; the
        assembly drops copies.
Rule 2. A dead letter that would be rejected again, or that a store refused, is put back only with ``force``.
Rule 3. A dead letter of unknown kind is not put back, also with ``force``, until the operator names its kind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import frozen

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import ProductKey
from linkhub_core.ports.dead_letters import DeadLetter, DeadLetterQuery, DeadLetters
from linkhub_core.ports.event_publisher import EventPublisher, OutgoingMessage
from linkhub_core.ports.event_queue import carry_first_sent
from linkhub_core.wire.codec import decode_event
from linkhub_core.wire.intake import unwrap


@frozen(kw_only=True)
class Examined:
    """A dead letter, the ``faults`` of its body by the present rules, and its product if there are none."""

    letter: DeadLetter
    faults: Sequence[Fault]
    key: ProductKey | None

    @property
    def would_pass(self) -> bool | None:
        """Whether the message would be accepted now; None if a store refused it, which the body does not show."""
        if not self.faults and any(fault.of_store for fault in self.letter.faults):
            return None
        return not self.faults


@frozen(kw_only=True)
class RedrivePlan:
    """The dead letters that a redrive puts back on their queues, and those that stay."""

    going: Sequence[Examined]
    staying: Sequence[Examined]


def plan_redrive(examined: Sequence[Examined], *, force: bool = False) -> RedrivePlan:
    """Plan a redrive: dead letters of a known kind that would pass now, or with ``force`` all, go back."""
    return RedrivePlan(
        going=[one for one in examined if _may_go(one, force=force)],
        staying=[one for one in examined if not _may_go(one, force=force)],
    )


def _may_go(examined: Examined, *, force: bool) -> bool:
    return examined.letter.kind is not None and (force or examined.would_pass is True)


@frozen(kw_only=True)
class ExamineDeadLetters:
    """Reads dead letters by the present rules."""

    letters: DeadLetters

    async def __call__(self, query: DeadLetterQuery) -> AsyncIterator[Examined]:
        """Every dead letter that matches, examined.

        Raises:
            ServiceUnavailable: the dead letters cannot be reached.
        """
        async for letter in self.letters.browse(query):
            yield self.examine(letter)

    def examine(self, letter: DeadLetter) -> Examined:
        """Examine one dead letter."""
        if letter.kind is None:
            return Examined(letter=letter, faults=(Fault("", _unknown_origin(letter)),), key=None)
        try:
            half = decode_event(letter.kind, letter.body, letter.first_sent_at)
        except MalformedEvent as malformed:
            return Examined(letter=letter, faults=malformed.faults, key=None)
        return Examined(letter=letter, faults=(), key=half.key)


@frozen(kw_only=True)
class MendDeadLetter:
    """Puts a dead letter back with another body. The message keeps its correlation id and its trace context."""

    letters: DeadLetters
    publisher: EventPublisher

    async def __call__(self, letter: DeadLetter, body: str, *, force: bool = False) -> None:
        """Put the corrected message on its queue, then remove the dead letter.

        Args:
            letter: the dead letter.
            body: the new body; with the body of the letter this is a redrive.
            force: put it back although the present rules reject it.

        Raises:
            MalformedEvent: the body breaks rules, or the queue refuses it; nothing was changed.
            ServiceUnavailable: the dead letter is still there; the message may be on the queue, too. Repeating is safe.
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
    """The attributes of the message, and of the envelopes around its old body, which the new body may lack."""
    try:
        around = unwrap(letter.body).attributes
    except MalformedEvent:
        around = {}
    attributes = {**around, **letter.attributes} or {"correlationId": letter.message_id}
    return carry_first_sent(attributes, letter.sent_at)
