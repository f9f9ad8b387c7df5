"""Sends messages of which SQS may refuse some.

Each is checked before: SQS refuses a whole batch for some of these faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from linkhub_adapters.aws.sqs.calls import SqsCalls
from linkhub_adapters.aws.sqs.fifo import FifoIds
from linkhub_adapters.aws.sqs.messages import message_bytes, send_entry
from linkhub_adapters.aws.sqs.xml_text import attributes_fault, fault_of
from linkhub_core.ports import Added, AddOutcome, Refused


@frozen
class Outgoing:
    """A message for one queue; ``ids`` is for FIFO queues."""

    body: str
    attributes: Mapping[str, str]
    ids: FifoIds | None

    def fault(self, max_message_bytes: int) -> str | None:
        """Why it cannot be sent; none if it can."""
        if (fault := fault_of(self.body) or attributes_fault(self.attributes)) is not None:
            return fault
        size = message_bytes(self.body, self.attributes)
        return f"it has {size:,} bytes, the queue takes {max_message_bytes:,}" if size > max_message_bytes else None


async def send_checked(
    sqs: SqsCalls, url: str, messages: Sequence[Outgoing], max_message_bytes: int, *, dry_run: bool = False
) -> Mapping[int, str]:
    """Send all messages that can be sent; with ``dry_run`` only check them.

    Returns:
        The problem of each message that cannot be sent, by its place.

    Raises:
        ServiceUnavailable: some may be sent.
    """
    faults = {place: fault for place, one in enumerate(messages) if (fault := one.fault(max_message_bytes)) is not None}
    if dry_run:
        return faults
    sendable = [(place, one) for place, one in enumerate(messages) if place not in faults]
    outcome = await sqs.send(url, [send_entry(place, one.body, one.attributes, one.ids) for place, one in sendable])
    outcome.check()
    return faults | {int(fault.entry_id): f"{fault.code}: {fault.problem}" for fault in outcome.refused}


async def add_messages(
    sqs: SqsCalls, url: str, messages: Sequence[Outgoing], max_message_bytes: int, *, dry_run: bool
) -> Sequence[AddOutcome]:
    """See :func:`send_checked`; gives outcomes in the order of ``messages``."""
    problems = await send_checked(sqs, url, messages, max_message_bytes, dry_run=dry_run)
    return [Refused(problems[place]) if place in problems else Added() for place in range(len(messages))]
