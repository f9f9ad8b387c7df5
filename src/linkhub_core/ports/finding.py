"""The result of a check of one subject: a verdict, an observation, and how to mend it.

Rule 1. A fault breaks a guarantee of linkhub; a warning does not, but an operator should know of it.
Rule 2. A subject that could not be checked is ``NOT_CHECKED``, with the reason; it does not count as ``OK``.
Rule 3. Every fault and every warning says how to mend it, with a command if there is one.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Verdict(StrEnum):
    """The verdict on a subject."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_CHECKED = "not checked"


@frozen(kw_only=True)
class Finding:
    """One finding; make it with the constructors below.

    Args:
        subject: such as ``queue linkhub-caption``.
        verdict: the verdict.
        seen: the observation, in one line.
        mend: the steps that mend it, one a line; empty if nothing is wrong.
    """

    subject: str
    verdict: Verdict
    seen: str
    mend: tuple[str, ...] = ()

    @classmethod
    def ok(cls, subject: str, seen: str) -> Finding:
        """Nothing is wrong."""
        return cls(subject=subject, verdict=Verdict.OK, seen=seen)

    @classmethod
    def warning(cls, subject: str, seen: str, *mend: str) -> Finding:
        """It works, but not as well as it could."""
        return cls(subject=subject, verdict=Verdict.WARNING, seen=seen, mend=mend)

    @classmethod
    def fault(cls, subject: str, seen: str, *mend: str) -> Finding:
        """It does not work, or it loses data."""
        return cls(subject=subject, verdict=Verdict.FAULT, seen=seen, mend=mend)

    @classmethod
    def not_checked(cls, subject: str, why: str, *mend: str) -> Finding:
        """It could not be checked, for this reason."""
        return cls(subject=subject, verdict=Verdict.NOT_CHECKED, seen=why, mend=mend)
