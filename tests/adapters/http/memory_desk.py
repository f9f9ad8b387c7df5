"""The operator's desk over stores and queues in memory."""

from __future__ import annotations

from linkhub_adapters.memory import (
    MemoryAnnouncements,
    MemoryEventQueue,
    MemoryProductStore,
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
from linkhub_core.ports import Clock, DeadLetterQuery, Journal, OpenedPorts

__all__ = ["make_desk"]


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
        staging=staging,
        products=products,
        notifier=bus,
        open_feed=bus.open_feed,
        stamps=MemoryShopStamps(products),
        videos=videos,
    )
    gauges = BackendGauges(
        backend=Backend.of(ports, figures=figures, cheap_to_scan=True), clock=clock, seen=SeenMoment(clock=clock)
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
