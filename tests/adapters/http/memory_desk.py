"""The operator's desk over stores and queues in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from linkhub_adapters.memory import (
    MemoryAnnouncements,
    MemoryEventQueue,
    MemoryProductStore,
    MemoryQueueContents,
    MemoryShopDirectory,
    MemoryShopStamps,
    MemoryStagingStore,
    MemoryVideoLookup,
)
from linkhub_adapters.observability import Figures, Metrics, get_logger
from linkhub_cli.backends import Backend
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.desk import Desk
from linkhub_cli.operator.history import History
from linkhub_cli.operator.letter_changes import ChangeLetters
from linkhub_cli.operator.process_registry import Node, ProcessRegistry
from linkhub_cli.operator.seen import SeenMoment
from linkhub_core.application import ExamineDeadLetters, ExplainVideo, MendDeadLetter
from linkhub_core.application.read_delivery import FailedDelivery, read_delivery
from linkhub_core.errors import MalformedEvent
from linkhub_core.ports import Clock, DeadLetterQuery, Journal, OpenedPorts, OutgoingMessage, Rejection


async def reject(queue: MemoryEventQueue, messages: Sequence[OutgoingMessage]) -> None:
    """Put messages among the dead letters, as a consumer does with those that it cannot read."""
    await queue.publish(messages)
    failed = [read_delivery(delivery) for delivery in await queue.receive()]
    await queue.reject(
        [
            Rejection(delivery=one.delivery, faults=one.error.faults)
            for one in failed
            if isinstance(one, FailedDelivery) and isinstance(one.error, MalformedEvent)
        ]
    )


def make_desk(queue: MemoryEventQueue, products: MemoryProductStore, clock: Clock, journal: Journal) -> Desk:
    """The desk of a process that consumes."""
    staging, bus = MemoryStagingStore(), MemoryAnnouncements()
    videos = MemoryVideoLookup(queue=queue, staging=staging, products=products)

    async def figures() -> Figures:
        kept = [letter async for letter in queue.browse(DeadLetterQuery())]
        return Figures(taken_at=clock.now(), queued=queue.depth, dead_letters=len(kept))

    ports = OpenedPorts(
        queue=queue,
        publisher=queue,
        dead_letters=queue,
        queue_contents=MemoryQueueContents(queue=queue),
        staging=staging,
        products=products,
        notifier=bus,
        open_feed=bus.open_feed,
        stamps=MemoryShopStamps(products),
        shops=MemoryShopDirectory(products=products),
        videos=videos,
    )
    gauges = BackendGauges(
        backend=Backend.of(ports, figures=figures, cheap_to_scan=True),
        clock=clock,
        seen=SeenMoment(clock=clock),
        stall_after=timedelta(minutes=15),
    )
    registry = ProcessRegistry(
        node=Node(node_id="node-a", role="serve+consume", started_at=clock.now()),
        metrics=Metrics(),
        clock=clock,
        journal=journal,
        log=get_logger("tests"),
    )
    examine = ExamineDeadLetters(letters=queue)
    return Desk(
        gauges=gauges,
        hour=History(registry=registry, gauges=gauges, clock=clock, journal=journal, realtime=lambda: None),
        changes=ChangeLetters(examine=examine, mend_letter=MendDeadLetter(letters=queue, publisher=queue)),
        explain=ExplainVideo(videos=videos, examine=examine, clock=clock),
        clock=clock,
    )
