"""What an examination says of one subject: a verdict, what was seen, and what mends it.

Rule 1. A fault keeps linkhub from working as it promises; a warning does not, but somebody should know.
Rule 2. What could not be looked at is ``NOT_CHECKED``, with the reason: never taken for well.
Rule 3. Every fault and every warning says what mends it, as a command wherever there is one.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

__all__ = ["Finding", "Verdict"]


class Verdict(StrEnum):
    """How a subject stands."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    NOT_CHECKED = "not checked"


@frozen(kw_only=True)
class Finding:
    """One finding; made by the constructors below.

    Args:
        subject: what was looked at, such as ``queue linkhub-caption``.
        verdict: how it stands.
        seen: what was seen, in one line.
        mend: what mends it, a line for each step; nothing where all is well.
    """

    subject: str
    verdict: Verdict
    seen: str
    mend: tuple[str, ...] = ()

    @classmethod
    def ok(cls, subject: str, seen: str) -> Finding:
        """All is well."""
        return cls(subject=subject, verdict=Verdict.OK, seen=seen)

    @classmethod
    def warning(cls, subject: str, seen: str, *mend: str) -> Finding:
        """It works, but not as well as it could."""
        return cls(subject=subject, verdict=Verdict.WARNING, seen=seen, mend=mend)

    @classmethod
    def fault(cls, subject: str, seen: str, *mend: str) -> Finding:
        """It does not work, or loses what it should keep."""
        return cls(subject=subject, verdict=Verdict.FAULT, seen=seen, mend=mend)

    @classmethod
    def not_checked(cls, subject: str, why: str, *mend: str) -> Finding:
        """Nobody knows, for this reason."""
        return cls(subject=subject, verdict=Verdict.NOT_CHECKED, seen=why, mend=mend)
