"""Exponential back-off: the pause between attempts of anything that is tried again."""

from __future__ import annotations

_MOST_DOUBLINGS = 30


def backoff_seconds(failures: int, *, first_seconds: float, max_seconds: float) -> float:
    """The pause after ``failures`` failures in a row, from 1: ``first_seconds``, then twice the last pause."""
    return min(max_seconds, first_seconds * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
