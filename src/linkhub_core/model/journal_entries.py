"""The facts that the use cases record in a journal, each in the past tense.

Each carries the :class:`~linkhub_core.model.Origin` of the messages that it is about: the correlation id in it leads
from the queue to the announcement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_core.errors import Fault
from linkhub_core.model import Kind, Origin, ProductKey


@frozen(kw_only=True)
class MessageRejected:
    """A message went to the dead letters. ``receive_count`` is the number of its deliveries."""

    kind: Kind
    message_id: str
    origin: Origin
    faults: Sequence[Fault]
    receive_count: int


@frozen(kw_only=True)
class MessagesReleased:
    """Messages were released because of ``problem``. They are delivered again after ``delay_seconds``."""

    origins: Sequence[Origin]
    problem: str
    transient: bool
    delay_seconds: float


@frozen(kw_only=True)
class EventDeviated:
    """An event deviated from its schema and was accepted; ``origin.notes`` says where. Recorded once per message."""

    queue: Kind
    key: ProductKey
    kind: Kind
    origin: Origin


@frozen(kw_only=True)
class HalfStaged:
    """A half is in staging and waits for its partner."""

    key: ProductKey
    kind: Kind
    origin: Origin


@frozen(kw_only=True)
class HalfWasKnown:
    """A half was a copy, or older than the stored one. It was not written."""

    key: ProductKey
    kind: Kind
    origin: Origin


@frozen(kw_only=True)
class ProductSaved:
    """A product has a new revision; 1 is a new product. ``kinds`` are the halves that it took in."""

    key: ProductKey
    revision: int
    kinds: Sequence[Kind]
    origins: Sequence[Origin]


@frozen(kw_only=True)
class ProductAnnounced:
    """A revision was handed to the notifier.

    ``latency`` counts from the receipt of its first half, ``own_latency`` from the moment when the queue took its last
    message: the difference was spent waiting for the partner. None: not known.
    """

    key: ProductKey
    revision: int
    origin: Origin
    latency: timedelta | None
    own_latency: timedelta | None = None


@frozen(kw_only=True)
class HalfStalled:
    """A half waits for its partner for ``age``, longer than it should; the notifier was given its report."""

    key: ProductKey
    kind: Kind
    origin: Origin
    age: timedelta


@frozen(kw_only=True)
class HalfExpired:
    """A half expired without its partner; it was removed after ``age``. A sweep records a sample."""

    key: ProductKey
    kind: Kind
    origin: Origin
    age: timedelta


@frozen(kw_only=True)
class HalvesExpired:
    """The numbers of expired halves that a sweep removed, by kind, and of those that it recorded one by one."""

    counts: Mapping[Kind, int]
    sampled: Mapping[Kind, int]


@frozen(kw_only=True)
class RowSkipped:
    """A row was left as it is: it cannot be read, or its store refuses its new value.

    ``store`` is ``products`` or ``staging``. The key is that of the row, as stored.
    """

    store: str
    seller_handle: str
    video_id: str
    problem: str


@frozen(kw_only=True)
class Swept:
    """A sweep ended. The counts are of rows.

    Args:
        seen: staging rows that were read.
        folded: staging rows that were merged into products.
        expired: orphans that were removed.
        announced: products that were announced.
        skipped: rows that cannot be read, or that a store refuses.
    """

    seen: int
    folded: int
    expired: int
    announced: int
    skipped: int = 0


@frozen(kw_only=True)
class ActivityFailed:
    """A repeated activity failed; it is tried again after ``retry_seconds``."""

    activity: str
    problem: str
    transient: bool
    retry_seconds: float


Entry = (
    MessageRejected
    | MessagesReleased
    | EventDeviated
    | HalfStaged
    | HalfWasKnown
    | ProductSaved
    | ProductAnnounced
    | HalfStalled
    | HalfExpired
    | HalvesExpired
    | RowSkipped
    | Swept
    | ActivityFailed
)
