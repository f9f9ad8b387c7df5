"""Examining dead letters: what is wrong with each today, and whose it is."""

from __future__ import annotations

from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.use_cases import Examined, ExamineDeadLetters
from tests.core.use_cases.line import Line
from tests.support.builders import KEY, an_outgoing


async def examined(line: Line, query: DeadLetterQuery | None = None) -> list[Examined]:
    """All that match, examined."""
    examine = ExamineDeadLetters(letters=line.messages, clock=line.clock)
    return [one async for one in examine(query or DeadLetterQuery())]


async def test_a_letter_that_is_still_malformed_tells_its_faults() -> None:
    """It would not pass."""
    line = Line()
    await line.post(an_outgoing(Kind.CAPTION, title=5))
    await line.turn()
    (one,) = await examined(line)
    assert (one.would_pass, one.key, [fault.field for fault in one.faults]) == (False, None, ["title"])


async def test_a_letter_that_would_pass_now_tells_whose_it_is() -> None:
    """A message that came too often was sound all along."""
    line = Line()
    line.messages.max_receive_count = 1
    await line.post(an_outgoing(Kind.CAPTION))
    for _ in range(2):
        await line.messages.receive()
        line.clock.advance(60)
    (one,) = await examined(line)
    assert (one.would_pass, one.key, one.letter.receive_count) == (True, KEY, 1)


async def test_only_letters_that_match_are_examined() -> None:
    """By kind, and by name."""
    line = Line()
    await line.post(an_outgoing(Kind.CAPTION, body="{"), an_outgoing(Kind.THUMBNAIL, body="{"))
    await line.turn()
    kinds = [one.letter.kind for one in await examined(line, DeadLetterQuery(kind=Kind.THUMBNAIL))]
    first = (await examined(line))[0].letter.letter_id
    named = await examined(line, DeadLetterQuery(letter_ids=[first]))
    assert (kinds, [one.letter.letter_id for one in named]) == ([Kind.THUMBNAIL], [first])


async def test_what_was_mended_and_redriven_is_assembled() -> None:
    """A letter goes back on its queue as a new message."""
    line = Line()
    line.messages.max_receive_count = 1
    await line.post(an_outgoing(Kind.CAPTION))
    for _ in range(2):
        await line.messages.receive()
        line.clock.advance(60)
    assert await line.messages.redrive(await line.letters()) == 1
    await line.turn()
    assert (KEY in line.rows.rows, await line.letters()) == (True, [])
