"""The intake: from the body of a message to the content of a half, in three pure steps.

    body ──► unwrap (envelope.py) ──► normalise (spelling.py, times.py) ──► judge (judge.py) ──► content, notes
                 │                                                              │
                 └── something else, by its name (foreign.py)                   └── faults: the event is rejected

An event that is exactly as the schema has it takes a short way, in :mod:`linkhub_core.wire.codec`. Every deviation that
was put right or left out is a :class:`~linkhub_core.model.Note`; :data:`DEVIATIONS` lists all of them, each with an
example. No I/O, no clock.
"""

from linkhub_core.wire.intake.deviations import DEVIATIONS, Deviation, Step
from linkhub_core.wire.intake.envelope import Unwrapped, unwrap
from linkhub_core.wire.intake.foreign import FOREIGN
from linkhub_core.wire.intake.judge import Report, read_content, read_object

__all__ = [
    "DEVIATIONS",
    "FOREIGN",
    "Deviation",
    "Report",
    "Step",
    "Unwrapped",
    "read_content",
    "read_object",
    "unwrap",
]
