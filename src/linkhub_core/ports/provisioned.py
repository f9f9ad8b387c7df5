"""The result of provisioning one resource.

status      meaning                                                  next step
----------  -------------------------------------------------------  ----------------------------------------
made        it was absent and is there now                           nothing
unchanged   it was there and is correct                                  nothing, unless there are notes
changed     it was there; ``changes`` were made to it                nothing, unless there are notes
unfit       another resource has its name; it was not changed        decide: the notes say what
failed      it could not be made, read, changed or removed           mend the cause in the notes, then repeat
removed     it is not there any more                                 nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen


class Status(StrEnum):
    """See the module's table."""

    MADE = "made"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    UNFIT = "unfit"
    FAILED = "failed"
    REMOVED = "removed"


@frozen(kw_only=True)
class Provisioned:
    """One resource. ``address`` is its value in the settings: a name, URL or ARN; empty if it has none."""

    resource: str
    name: str
    status: Status
    address: str = ""
    changes: Sequence[str] = ()
    notes: Sequence[str] = ()

    @classmethod
    def failed(cls, resource: str, name: str, problem: str) -> Provisioned:
        """Provisioning failed, for this reason."""
        return cls(resource=resource, name=name, status=Status.FAILED, notes=[problem])
