"""The timer of a Socket.IO session, in virtual time."""

from __future__ import annotations

import asyncio

from linkhub_adapters.realtime import SocketIoServer
from linkhub_adapters.realtime.engineio import Intent, Refusal
from linkhub_core.access import AccessPolicy
from tests.adapters.realtime.realtime_fixture import SETTINGS, make_realtime
from tests.support import virtual_time

_QUERY = {"EIO": "4", "transport": "polling"}


async def _poll(server: SocketIoServer, sid: str | None = None) -> bytes:
    caller = AccessPolicy().examine("127.0.0.1", lambda _: [])
    routed = server.route_request("GET", _QUERY | ({"sid": sid} if sid else {}), caller)
    assert not isinstance(routed, Refusal)
    intent, client = routed
    assert intent in (Intent.OPEN, Intent.POLL)
    answer = client.open_poll()
    assert not isinstance(answer, Refusal)
    return await answer


def test_each_deadline_is_met_without_a_sweep() -> None:
    """The ping comes after its interval, a pong moves the next one, and without a pong the session ends."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        server = SocketIoServer(hub=make_realtime().hub, monotonic=loop.time)
        await _poll(server)
        ((sid, client),) = server.clients.items()
        pinged_at = []
        for packet in (b"40/products,", b"3"):
            assert client.open_post() is None
            client.receive_payload(packet)
            while not (await _poll(server, sid)).endswith(b"2"):
                """The greeting comes first."""
            pinged_at.append(round(loop.time(), 1))
            await asyncio.sleep(5)
        await asyncio.sleep(SETTINGS.ping_timeout_seconds - 5.1)
        assert sid in server.clients
        await asyncio.sleep(0.2)
        assert not server.clients
        return pinged_at

    interval = SETTINGS.ping_interval_seconds
    assert virtual_time.run(main()) == [interval, 2 * interval + 5]
