"""A case: what one batch learns of one product."""

from __future__ import annotations

from datetime import timedelta

from linkhub_core.application import Assembly
from linkhub_core.model import Kind, Origin
from linkhub_core.model.merge import Halves
from linkhub_core.testing.builders import KEY, NOON, a_half, a_record, a_waiting


def test_the_case_of_a_row_has_to_see_it_go() -> None:
    """It knows the half, its message, and since when it waits."""
    waiting = a_waiting()
    case = Assembly.of_row(waiting)
    assert (case.key, case.halves, case.row) == (KEY, Halves.of(waiting.half), waiting.half)
    assert (case.origins, case.waiting_since) == ((waiting.origin,), waiting.waiting_since)


def test_the_case_of_a_record_knows_no_halves() -> None:
    """It is there for its announcement."""
    case = Assembly.of_record(a_record())
    assert (case.halves, case.record, case.row, case.origins) == (Halves(), a_record(), None, ())


def test_taking_in_a_row_puts_its_message_first_and_keeps_the_earlier_moment() -> None:
    """The newest message stays last: the announcement carries its correlation id."""
    ours = Origin(correlation_id="ours")
    case = Assembly(key=KEY, halves=Halves.of(a_half()), origins=(ours,), waiting_since=NOON)
    partner = a_waiting(a_half(Kind.THUMBNAIL), since=NOON - timedelta(hours=1))
    case.add_waiting(partner)
    assert (case.origins, case.waiting_since) == ((partner.origin, ours), NOON - timedelta(hours=1))
    assert (len(case.halves.known), case.row) == (2, partner.half)


def test_a_write_of_ours_is_ours_to_announce_until_somebody_elses_is_found() -> None:
    """That it was saved stays true."""
    case = Assembly.of_row(a_waiting())
    case.saved_by_us(a_record())
    assert (case.saved, case.owes_announcement) == (True, True)
    case.stored_elsewhere(a_record(revision=2))
    assert (case.saved, case.owes_announcement, case.record) == (True, False, a_record(revision=2))
