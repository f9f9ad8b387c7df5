"""The workers of the run: one process that puts messages on the queues at a steady pace.

    python -m benchmarks.load.publisher TRAFFIC TIMES

``TRAFFIC`` is a :class:`~benchmarks.load.traffic.Traffic` as JSON; the queues are those of the environment. It prints
``ready``, sends when a line comes, and then prints a :class:`Sent` as JSON. The file ``TIMES`` holds, for each product
by its number, the monotonic time just before its later half was put on its queue, as an array of doubles.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

import cattrs
from attrs import frozen

from benchmarks.load.traffic import Sending, Traffic
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import open_backend
from linkhub_cli.settings import load_settings
from linkhub_core.ports import EventPublisher

TICK_SECONDS = 0.02


@frozen(kw_only=True)
class Sent:
    """How the sending went. ``most_late_seconds`` is how far it fell behind its pace."""

    messages: int
    seconds: float
    most_late_seconds: float


async def _send(publisher: EventPublisher, sendings: Sequence[Sending], seconds: float, times: array[float]) -> Sent:
    """Send what is due at each tick, as one batch."""
    began, sent, most_late = time.monotonic(), 0, 0.0
    known = set()
    while sent < len(sendings):
        await asyncio.sleep(TICK_SECONDS)
        now = time.monotonic()
        due = sendings[sent : int((now - began) / seconds * len(sendings))]
        if not due:
            continue
        most_late = max(most_late, now - began - sent / len(sendings) * seconds)
        for sending in due:
            half = (sending.number, sending.message.kind)
            if sending.number is not None and half not in known:
                known.add(half)
                times[sending.number] = now
        refused = await publisher.publish([sending.message for sending in due])
        assert not refused, f"the queue refuses {refused[0].problem}"
        sent += len(due)
    return Sent(messages=sent, seconds=time.monotonic() - began, most_late_seconds=most_late)


async def _publish(traffic: Traffic, times: array[float]) -> Sent:
    sendings = traffic.sendings()
    async with open_backend(load_settings().settings, SystemClock()) as backend:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        return await _send(backend.publisher, sendings, traffic.seconds, times)


def main(traffic: Traffic, file: Path) -> None:
    """See the module."""
    times = array("d", bytes(8 * traffic.products))
    sent = asyncio.run(_publish(traffic, times))
    file.write_bytes(times.tobytes())
    print(json.dumps(cattrs.unstructure(sent)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(cattrs.structure(json.loads(sys.argv[1]), Traffic), Path(sys.argv[2]))
