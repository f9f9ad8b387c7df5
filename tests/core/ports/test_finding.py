"""A finding is a verdict on a subject, and what mends it."""

from __future__ import annotations

from linkhub_core.ports.finding import Finding, Verdict


def test_each_constructor_gives_its_verdict() -> None:
    """Only what is well has nothing to mend; what could not be looked at may say how to."""
    found = [
        Finding.ok("clock", "right"),
        Finding.warning("clock", "slow", "wind it"),
        Finding.fault("clock", "stopped", "wind it", "set it"),
        Finding.not_checked("clock", "not examined"),
    ]
    assert [finding.verdict for finding in found] == [
        Verdict.OK,
        Verdict.WARNING,
        Verdict.FAULT,
        Verdict.NOT_CHECKED,
    ]
    assert [finding.mend for finding in found] == [(), ("wind it",), ("wind it", "set it"), ()]
    assert found[0] == Finding(subject="clock", verdict=Verdict.OK, seen="right")
