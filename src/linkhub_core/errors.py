"""The tree of errors. The branch of an error says how to handle the message.

    LinkhubError
    ├── TransientError             trying again later may succeed: release the message
    │   ├── ServiceUnavailable     a queue, store or notifier does not answer, throttles, or is locked
    │   │   └── ResourceMissing    its table, queue or topic does not exist
    │   ├── AnnouncementsLost      a bus dropped announcements: read the changes from the store
    │   └── TooMuchContention      other processes kept changing the same product
    └── PermanentError             trying again gives the same answer
        ├── MalformedEvent         the sender's fault: the body breaks rules, which are all named
        ├── InvalidQuery           the client's fault: a parameter breaks a rule
        ├── ExportRefused          a file is no export that can be imported
        │   ├── ExportTooNew       a later linkhub made it
        │   └── ExportCut          it ends too early, or lacks lines
        ├── StoreRefused           a store refuses this value
        │   ├── RowUnreadable      the row of this value is there and cannot be read
        │   └── CollectionFull     a store has no room for more products of this seller
        └── StoreLost              the file that this process opened is gone: the process has to end

An error carries data and renders it. Adapters translate a driver's error once, ``from`` the original.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, frozen
from attrs import field as attribute

__all__ = [
    "AnnouncementsLost",
    "CollectionFull",
    "ExportCut",
    "ExportRefused",
    "ExportTooNew",
    "Fault",
    "InvalidQuery",
    "LinkhubError",
    "MalformedEvent",
    "PermanentError",
    "ResourceMissing",
    "RowUnreadable",
    "ServiceUnavailable",
    "StoreLost",
    "StoreRefused",
    "TooMuchContention",
    "TransientError",
]


@frozen
class Fault:
    """One broken rule of an event: the field and the problem.

    ``field`` is a path such as ``thumbnails[2].quality_score``; it is empty if the fault is of the whole body.
    With ``of_store`` no rule is broken: a store refused the value, and only the store knows whether it would again.
    """

    field: str
    problem: str
    of_store: bool = attribute(default=False, eq=False)

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" if self.field else self.problem


class LinkhubError(Exception):
    """Everything that linkhub raises on purpose."""


class TransientError(LinkhubError):
    """Trying again later may succeed. The message in hand is given back, never acknowledged."""


class PermanentError(LinkhubError):
    """Trying again gives the same answer. The message in hand goes to the dead letters."""


@define(repr=False)
class ServiceUnavailable(TransientError):
    """A queue, a store or a notifier is unavailable."""

    service: str
    problem: str

    def __str__(self) -> str:
        return f"{self.service} is unavailable: {self.problem}"


@define(repr=False)
class ResourceMissing(ServiceUnavailable):
    """A table, queue or topic of the service does not exist.

    ``resource`` is its name, ARN or URL; empty if the failed call does not name it.
    """

    resource: str = ""

    def __str__(self) -> str:
        return f"{super().__str__()} ({self.resource})" if self.resource else super().__str__()


@define(repr=False)
class AnnouncementsLost(TransientError):
    """A bus dropped announcements: of those of the last ``seconds``, this feed may have missed some."""

    bus: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.bus} no longer has all that came in the last {self.seconds:.0f} s"


@define(repr=False)
class TooMuchContention(TransientError):
    """Other processes changed a product in each of the allowed rounds."""

    rounds: int

    def __str__(self) -> str:
        return f"others changed the same products {self.rounds} times in a row"


class MalformedEvent(PermanentError):
    """The body breaks rules of the event schema; ``faults`` names all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults))


@define(repr=False)
class InvalidQuery(PermanentError):
    """A reader's parameter breaks a rule."""

    parameter: str
    problem: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.problem}"


@define(repr=False)
class ExportRefused(PermanentError):
    """A file is no export that can be imported; ``line`` is the line that shows it, from 1."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


@define(repr=False)
class ExportTooNew(ExportRefused):
    """A later linkhub made the export, in a format that this one does not know. Nothing of it was imported."""


@define(repr=False)
class ExportCut(ExportRefused):
    """The export lacks its last line, or others. What it has was imported; importing the whole file is safe."""


@define(repr=False)
class StoreRefused(PermanentError):
    """A store answered that it will not take this value, however often it is tried."""

    store: str
    problem: str

    def __str__(self) -> str:
        return f"{self.store} refused the value: {self.problem}"


class RowUnreadable(StoreRefused):
    """The row of this value is there and cannot be read. It is recorded already."""


class CollectionFull(StoreRefused):
    """A store has no room for more products of this seller; products of other sellers are stored."""

    def __str__(self) -> str:
        return f"{self.store} has no room for more products of this seller: {self.problem}"


@define(repr=False)
class StoreLost(PermanentError):
    """The open file was moved, deleted or replaced. No port raises it for a message; the process ends."""

    store: str
    problem: str

    def __str__(self) -> str:
        return f"{self.store} is lost: {self.problem}"
