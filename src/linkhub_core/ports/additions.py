"""The outcomes of adding what was exported elsewhere: messages to the queues, and dead letters."""

from __future__ import annotations

from attrs import frozen


@frozen
class Added:
    """It was not there, and is there now."""


@frozen
class Known:
    """It is there already; nothing was changed."""


@frozen
class Refused:
    """The technology cannot hold it, however often it is tried: its ``problem``."""

    problem: str


AddOutcome = Added | Known | Refused
