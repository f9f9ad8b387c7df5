"""Polls during an upgrade: a client on a slow link does not poll without a pause."""

from __future__ import annotations

import asyncio

from linkhub_adapters.realtime.endpoints.socketio_client import SocketIoClient
from linkhub_adapters.realtime.engineio import Refusal
from tests.adapters.realtime.fake_transport import FakeTransport
from tests.adapters.realtime.raw_client import a_frame
from tests.adapters.realtime.realtime_fixture import RealtimeFixture, an_announcement, make_realtime
from tests.support import virtual_time

QUERY = {"EIO": "4", "transport": "polling"}


async def _open(realtime: RealtimeFixture) -> SocketIoClient:
    """A session that polls, its handshake read."""
    admitted = realtime.sockets.route_request("GET", QUERY, realtime.settings.access.examine("192.0.2.1", lambda _: []))
    assert not isinstance(admitted, Refusal)
    await _poll(admitted[1])
    return admitted[1]


async def _poll(client: SocketIoClient) -> bytes:
    poll = client.open_poll()
    assert isinstance(poll, asyncio.Future)
    return await poll


def _probe(realtime: RealtimeFixture, client: SocketIoClient) -> FakeTransport:
    path = f"/socket.io/?EIO=4&transport=websocket&sid={client.engine.sid}"
    transport = FakeTransport(realtime.gateway, path)
    transport.hear(a_frame(1, b"2probe"))
    return transport


def test_a_client_that_has_no_answer_to_its_probe_polls_ten_times_a_second() -> None:
    """As with the reference server: 101 polls in ten seconds, not one after the other."""

    async def main() -> int:
        realtime, loop = make_realtime(), asyncio.get_running_loop()
        client = await _open(realtime)
        _probe(realtime, client)
        polls = 0
        while loop.time() < 10:
            assert await _poll(client) == b"6"
            polls += 1
        return polls

    assert 99 <= virtual_time.run(main()) <= 101


def test_the_poll_that_hangs_when_the_probe_comes_ends_at_once() -> None:
    """So an upgrade takes no longer than its round trips."""

    async def main() -> float:
        realtime, loop = make_realtime(), asyncio.get_running_loop()
        client = await _open(realtime)
        poll = asyncio.create_task(_poll(client))
        await asyncio.sleep(1)
        transport = _probe(realtime, client)
        assert await poll == b"6"
        ended_at = loop.time()
        transport.hear(a_frame(1, b"5"))
        assert client.engine.transport == "websocket"
        return ended_at

    assert virtual_time.run(main()) == 1


def test_a_poll_during_an_upgrade_brings_events_at_once() -> None:
    """It waits only while there is nothing to bring."""

    async def main() -> tuple[bytes, float]:
        realtime = make_realtime()
        client = await _open(realtime)
        client.open_post()
        client.receive_payload(b'40/products,\x1e42/products,["subscribe_to_seller",{"seller_handle":"nalu-fashion"}]')
        heard = b""
        while b"subscribed" not in heard:
            heard += await _poll(client)
        _probe(realtime, client)
        began_at = asyncio.get_running_loop().time()
        poll = asyncio.create_task(_poll(client))
        await asyncio.sleep(0.05)
        realtime.hub.broadcast(an_announcement())
        return await poll, asyncio.get_running_loop().time() - began_at

    payload, seconds = virtual_time.run(main())
    assert b"new_product" in payload
    assert seconds < 0.1


def test_a_poll_after_a_failed_upgrade_hangs_again() -> None:
    """Nothing is left of the upgrade; the heartbeat ends it."""

    async def main() -> bool:
        realtime = make_realtime()
        client = await _open(realtime)
        transport = _probe(realtime, client)
        poll = asyncio.create_task(_poll(client))
        await asyncio.sleep(0)
        transport.hear(a_frame(1, b"4unexpected"))
        await asyncio.sleep(5)
        is_hanging = not poll.done()
        poll.cancel()
        return is_hanging

    assert virtual_time.run(main())
