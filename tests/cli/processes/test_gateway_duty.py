"""The clients of a process that goes away: all transports together, over a moment that its time to drain bounds."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
from attrs import define, field

from linkhub_adapters.realtime.engineio import Refusal
from linkhub_cli.processes.serving import GatewayDuty
from tests.adapters.realtime.fake_transport import FakeTransport
from tests.adapters.realtime.realtime_fixture import RealtimeFixture, make_realtime
from tests.support import virtual_time

QUERY = {"EIO": "4", "transport": "polling"}


@define
class Leaving:
    """When each client was closed, in seconds after the signal to stop."""

    websockets: list[float] = field(factory=list)
    polls: list[float] = field(factory=list)
    streams: list[float] = field(factory=list)

    def all(self) -> Sequence[float]:
        """Of every transport."""
        return [*self.websockets, *self.polls, *self.streams]


def _poll(realtime: RealtimeFixture, ends: list[float]) -> None:
    """A session with a poll that hangs."""
    caller = realtime.settings.access.examine("192.0.2.1", lambda _: [])
    admitted = realtime.sockets.route_request("GET", QUERY, caller)
    assert not isinstance(admitted, Refusal)
    handshake, hanging = (admitted[1].open_poll() for _ in range(2))
    assert isinstance(handshake, asyncio.Future)
    assert isinstance(hanging, asyncio.Future)
    hanging.add_done_callback(lambda _: ends.append(asyncio.get_running_loop().time()))


async def _stream(realtime: RealtimeFixture, ends: list[float]) -> None:
    """A stream that is sent to its end."""

    async def send(message: MutableMapping[str, Any]) -> None:
        if not message.get("more_body"):
            ends.append(asyncio.get_running_loop().time())

    stream = realtime.streams.open("192.0.2.1")
    realtime.streams.subscribe(stream, "nalu-fashion", {})
    try:
        await stream.pump(send)
    finally:
        realtime.streams.remove(stream)


def drain(count: int, *, drain_seconds: float, cut_after: float | None = None) -> Leaving:
    """Close ``count`` clients of each transport."""
    leaving = Leaving()

    async def main() -> None:
        realtime = make_realtime()
        transports = [FakeTransport(realtime.gateway) for _ in range(count)]
        for _ in range(count):
            _poll(realtime, leaving.polls)
        streams = [asyncio.create_task(_stream(realtime, leaving.streams)) for _ in range(count)]
        await asyncio.sleep(0)
        assert realtime.hub.stats()["totalConnections"] == 2 * count
        viewers = GatewayDuty(
            hub=realtime.hub,
            gateway=realtime.gateway,
            socketio=realtime.sockets,
            streams=realtime.streams,
            listening=(),
            drain_seconds=drain_seconds,
        )
        stop = asyncio.Event()
        stop.set()
        try:
            async with asyncio.timeout(cut_after):
                await viewers.run(stop)
        except TimeoutError:
            assert cut_after is not None
        await asyncio.gather(*streams)
        assert [transport.close_code for transport in transports] == [1001] * count
        leaving.websockets += [transport.closed_at for transport in transports]
        assert (len(realtime.gateway), len(realtime.sockets), len(realtime.streams)) == (0, 0, 0)
        assert realtime.hub.stats()["totalConnections"] == 0

    virtual_time.run(main())
    return leaving


def _most_in_half_a_second(moments: Sequence[float]) -> int:
    """Less a hair: what is half a second after another is no more with it."""
    return max(sum(start <= moment < start + 0.49 for moment in moments) for start in set(moments))


def test_goodbyes_are_spread_over_all_transports() -> None:
    """Two thousand a second together, whichever way they are connected: none comes back in one crowd."""
    leaving = drain(1_000, drain_seconds=8)
    for moments in leaving.websockets, leaving.polls, leaving.streams:
        assert len(moments) == 1_000
        assert 1.4 < max(moments) - min(moments) < 1.5
    assert _most_in_half_a_second(leaving.all()) <= 1_050


def test_the_time_to_drain_bounds_the_spread() -> None:
    """At most half of it: the rest is for those who are slow to go."""
    assert 0.4 < max(drain(1_000, drain_seconds=1).all()) < 0.5


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_clients_are_closed_at_once(count: int) -> None:
    """A server with few clients stops without a delay."""
    assert set(drain(count, drain_seconds=8).all()) <= {0.0}


def test_a_process_without_time_closes_all_at_once() -> None:
    """A drain that is cut short still closes every client."""
    leaving = drain(1_000, drain_seconds=8, cut_after=0.51)
    assert max(leaving.all()) == pytest.approx(0.51)
    assert len(leaving.all()) == 3_000
