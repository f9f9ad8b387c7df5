"""What became of one resource, when whoever provisions made sure that it is there: a value to be told.

status      what it says                                             what is left to do
----------  -------------------------------------------------------  ----------------------------------------
made        it was absent and is there now                           nothing
unchanged   it was there, and is as it has to be                     nothing, unless there are notes
changed     it was there; ``changes`` were made to it                nothing, unless there are notes
unfit       something else has its name, and was left alone          a person's decision: the notes say which
failed      it could not be made, looked at or changed               the same again, when what the notes say is mended
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

__all__ = ["Provisioned", "Status"]


class Status(StrEnum):
    """See the module's table."""

    MADE = "made"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    UNFIT = "unfit"
    FAILED = "failed"


@frozen(kw_only=True)
class Provisioned:
    """One resource. ``address`` is what settings name it by: its name, URL or ARN; empty where there is none."""

    resource: str
    name: str
    status: Status
    address: str = ""
    changes: Sequence[str] = ()
    notes: Sequence[str] = ()

    @classmethod
    def failed(cls, resource: str, name: str, problem: str) -> Provisioned:
        """It is not as it has to be, for this reason."""
        return cls(resource=resource, name=name, status=Status.FAILED, notes=[problem])
