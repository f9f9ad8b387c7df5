"""linkhub's own consumer, as ``linkhub consume`` wires it, with its calls and its writes counted: a child process.

Run with the environment of ``linkhub consume``. Counting costs the consumer one reference a call; the units are
computed after the measurement.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import uvloop
from attrs import define, field

from benchmarks.drain_process import Spent, answer
from benchmarks.dynamodb_units import Call, WriteUnits, read_units
from benchmarks.stopwatch import Stopwatch
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.sqs.event_queue import SqsEventQueue
from linkhub_cli.backends import Backend
from linkhub_cli.command_line import set_up_logs
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import Container, open_container
from linkhub_core.application import AssembleBatch
from linkhub_core.ports import Delivery

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from types_boto3_dynamodb import DynamoDBClient

_READ, _WRITE = "BatchGetItem", "BatchExecuteStatement"


@define
class _Recorder:
    """Keeps the requests and the replies of DynamoDB by operation."""

    calls: dict[str, list[Call]] = field(factory=lambda: {_READ: [], _WRITE: []})

    def listen_to(self, dynamodb: DynamoDBClient) -> None:
        for operation in self.calls:
            dynamodb.meta.events.register_last(f"before-call.dynamodb.{operation}", self._before)
            dynamodb.meta.events.register_last(f"after-call.dynamodb.{operation}", self._after)

    def _before(self, params: dict[str, Any], context: dict[Any, Any], **_: object) -> None:
        context[_Recorder] = params["body"]

    def _after(self, parsed: dict[str, Any], model: OperationModel, context: dict[Any, Any], **_: object) -> None:
        self.calls[model.name].append((context[_Recorder], parsed))


@define
class _UntilDone:
    """Sets ``stop`` once ``left`` messages went through."""

    assemble: AssembleBatch
    left: int
    stop: asyncio.Event = field(factory=asyncio.Event)

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        await self.assemble(deliveries)
        self.left -= len(deliveries)
        if self.left <= 0:
            self.stop.set()


@define
class _Meter:
    """Takes what was counted since the last time."""

    dynamodb_calls: Counter[str]
    sqs_calls: Counter[str]
    recorder: _Recorder = field(factory=_Recorder)
    units: WriteUnits = field(factory=WriteUnits)

    @classmethod
    def on(cls, backend: Backend) -> _Meter:
        assert isinstance(backend.products, DynamoDbProductStore)
        assert isinstance(backend.queue, SqsEventQueue)
        dynamodb = backend.products.calls
        meter = cls(dynamodb.calls.counts, backend.queue.sqs.calls.counts)
        meter.recorder.listen_to(dynamodb.dynamodb)
        meter.reset()
        return meter

    def reset(self) -> None:
        for counter in (self.dynamodb_calls, self.sqs_calls, self.units.by_table, self.units.late_by_table):
            counter.clear()
        for calls in self.recorder.calls.values():
            calls.clear()

    def take(self, watch: Stopwatch) -> Spent:
        self.units.replay(self.recorder.calls[_WRITE])
        spent = Spent(
            wall_seconds=watch.wall_seconds,
            cpu_seconds=watch.cpu_seconds,
            dynamodb_calls=dict(self.dynamodb_calls),
            sqs_calls=dict(self.sqs_calls),
            read_units=read_units(self.recorder.calls[_READ]),
            write_units=dict(self.units.by_table),
            late_write_units=dict(self.units.late_by_table),
        )
        self.reset()
        return spent


async def _drain(container: Container, meter: _Meter, messages: int) -> Spent:
    consumer, watch = container.consumer(), Stopwatch()
    consumer.assemble = until_done = _UntilDone(container.assemble(), left=messages)
    with watch.running():
        running = asyncio.create_task(consumer.run(until_done.stop))
        await asyncio.wait([running, asyncio.create_task(until_done.stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    await running  # its last receive waits a second for nothing
    return meter.take(watch)


async def _open(opened: AsyncExitStack) -> tuple[Container, _Meter]:
    settings = load_settings().settings
    set_up_logs(settings.logs)
    container = await opened.enter_async_context(open_container(settings))
    backend = container.backend()
    await asyncio.gather(*(probe() for probe in backend.probes.values()))
    return container, _Meter.on(backend)


def main() -> None:
    """Open everything, then drain as asked."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        opened = AsyncExitStack()
        container, meter = runner.run(_open(opened))
        answer(lambda messages: runner.run(_drain(container, meter, messages)))
        runner.run(opened.aclose())


if __name__ == "__main__":
    main()
