"""The client behind a proxy: the limit of connections of one address counts clients, alike for every transport."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack

import pytest
from attrs import evolve

from linkhub_core.access import AccessPolicy, TrustedProxies
from tests.adapters.realtime.raw_client import RawClient, a_handshake
from tests.adapters.realtime.realtime_fixture import SELLER, SETTINGS, RealtimeFixture, open_realtime

_STREAM = f"GET /api/v1/shop/{SELLER}/events HTTP/1.1\r\nHost: localhost\r\n{{more}}\r\n"
_POLLING = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"

Connect = Callable[[RealtimeFixture, str], Coroutine[None, None, int]]


async def _ask(clients: AsyncExitStack, port: int, request: bytes) -> int:
    """The status of the answer; the connection is kept until the test ends."""
    client = await clients.enter_async_context(RawClient(port))
    await client.send(request)
    return int((await client.read_until(b"\r\n\r\n"))[9:12])


def _request(transport: str, more: str) -> bytes:
    if transport in ("websocket", "websocket on its own port"):
        return a_handshake(more=more)
    return (_STREAM if transport == "event stream" else _POLLING).format(more=more).encode()


@pytest.mark.parametrize("transport", ["websocket", "websocket on its own port", "event stream", "polling"])
@pytest.mark.parametrize(
    ("trusted", "statuses"),
    [
        (["127.0.0.1"], [True, True, False, False, True]),
        (["127.0.0.0/8"], [True, True, False, False, True]),
        ([], [True, False, False, False, False]),
        (["10.0.0.1"], [True, False, False, False, False]),
    ],
)
async def test_connections_of_one_client_are_limited(transport: str, trusted: list[str], statuses: list[bool]) -> None:
    """To one each: by the address that a trusted proxy names, else by the peer's."""
    policy = AccessPolicy(trusted_proxies=TrustedProxies.parse(trusted))
    forwarded = ["198.51.100.1", "198.51.100.2", "198.51.100.1", "1.1.1.1, 198.51.100.2", "198.51.100.1, 198.51.100.3"]
    async with open_realtime(evolve(SETTINGS, access=policy, max_connections_per_address=1)) as realtime:
        port = realtime.gateway_port if transport == "websocket on its own port" else realtime.port
        async with AsyncExitStack() as clients:
            answers = [
                await _ask(clients, port, _request(transport, f"X-Forwarded-For: {each}\r\n")) for each in forwarded
            ]
    accepted = 101 if transport.startswith("websocket") else 200
    assert answers == [accepted if status else 429 for status in statuses]
