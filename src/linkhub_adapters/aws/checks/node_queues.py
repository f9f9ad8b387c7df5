"""The queues through which serving nodes receive announcements: how many nodes live, and what dead nodes left.

Each serving node removes the queues of dead nodes every half minute, so they stay only while no node runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, ok
from linkhub_adapters.aws.resources.difference import Call
from linkhub_adapters.aws.sns.node_queues import DEAD_AFTER_SECONDS, NodeQueues
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.ports.finding import Verdict

SUBJECT = "node queues"
MAX_QUEUES = 100  # one call each


async def read_node_queues(nodes: NodeQueues) -> Mapping[str, int | None]:
    """Read at most one more than :data:`MAX_QUEUES` queues: the time of each as :meth:`NodeQueues.found` gives it.

    Raises:
        ServiceUnavailable: SQS does not answer, or denies it.
    """
    found: dict[str, int | None] = {}
    async for url, renewed_at in nodes.found():
        found[url] = renewed_at
        if len(found) > MAX_QUEUES:
            break
    return found


def node_result(found: Mapping[str, int | None], now: datetime) -> CheckResult:
    """How many nodes live, and which queues are left over: a living node renews its tag every minute."""
    ages = {
        url: now.timestamp() - renewed_at
        for url, renewed_at in list(found.items())[:MAX_QUEUES]
        if renewed_at is not None
    }
    dead = sorted(url for url, seconds in ages.items() if seconds > DEAD_AFTER_SECONDS)
    living, first = len(ages) - len(dead), f" (of the first {MAX_QUEUES})" if len(found) > MAX_QUEUES else ""
    if not dead:
        return ok(SUBJECT, f"nodes that listen: {living}{first}; none left over")
    names = ", ".join(map(name_of, dead[:3])) + (", ..." if len(dead) > 3 else "")
    return CheckResult(
        subject=SUBJECT,
        verdict=Verdict.WARNING,
        seen=f"left over by dead nodes: {len(dead)}{first} ({names}); nodes that listen: {living}",
        advice=Advice.START_SERVER,
        calls=[Call(service="sqs", operation="delete_queue", parameters={"QueueUrl": url}) for url in dead],
    )
