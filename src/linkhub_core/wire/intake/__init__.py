"""Intake: three pure steps from the body of a message to the content of a half.

    body ──► unwrap (envelope.py) ──► normalise (spelling.py, times.py) ──► judge (judge.py) ──► content, notes
                 │                                                              │
                 └── rejected as another known format (foreign.py)              └── faults: the event is rejected

An event in the exact form of the schema skips these steps: see :mod:`linkhub_core.wire.codec`. Each deviation that
intake corrects or leaves out is a :class:`~linkhub_core.model.Note`; :data:`DEVIATIONS` lists them with examples.
"""

from linkhub_core.wire.intake.deviations import DEVIATIONS, Deviation, Step
from linkhub_core.wire.intake.envelope import Unwrapped, unwrap
from linkhub_core.wire.intake.foreign import FOREIGN
from linkhub_core.wire.intake.judge import Report, names_in, read_content, read_object

__all__ = [
    "DEVIATIONS",
    "FOREIGN",
    "Deviation",
    "Report",
    "Step",
    "Unwrapped",
    "names_in",
    "read_content",
    "read_object",
    "unwrap",
]
