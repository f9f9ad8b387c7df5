"""When a message was sent for the first time, which a redrive carries along as an attribute of the message.

The timestamp of an event counts as at most this time (:class:`~linkhub_core.model.Version`). Without the attribute, a
message that is redriven would get a later limit than before, and an old event whose stamp is far ahead would win over
newer ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

FIRST_SENT_AT = "linkhubFirstSentAt"


def first_sent_at(attributes: Mapping[str, str], sent_at: datetime) -> datetime:
    """When a message was sent for the first time.

    Args:
        attributes: the message's text attributes.
        sent_at: when it was sent this time. An attribute that names a later time, or none, counts as this.
    """
    try:
        carried = datetime.fromisoformat(attributes[FIRST_SENT_AT])
    except (KeyError, ValueError):
        return sent_at
    return min(sent_at, carried) if carried.tzinfo is not None else sent_at


def carry_first_sent(attributes: Mapping[str, str], sent_at: datetime) -> Mapping[str, str]:
    """The attributes with which a message that was sent at ``sent_at`` goes back to its queue."""
    moment = first_sent_at(attributes, sent_at).astimezone(UTC)
    return {**attributes, FIRST_SENT_AT: moment.isoformat(timespec="milliseconds")}
