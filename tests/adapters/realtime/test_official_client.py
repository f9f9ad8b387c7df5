"""The official JavaScript client, with its defaults and with each transport alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from linkhub_core.testing.builders import KEY, a_key, a_record
from tests.adapters.realtime.node_client import NodeClient, run_client
from tests.adapters.realtime.realtime_fixture import SELLER, RealtimeFixture, an_announcement, open_realtime, until

pytestmark = pytest.mark.node

_SCRIPT = Path(__file__).with_name("official_client.js")


Start = Callable[..., AbstractAsyncContextManager[NodeClient]]


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


@pytest.fixture
def start(realtime: RealtimeFixture, node: Path, socket_io_client_directory: Path) -> Start:
    """A starter of clients; keywords are the client's options."""

    @asynccontextmanager
    async def starter(path: str = "/products", **options: Any) -> AsyncIterator[NodeClient]:
        address = f"ws://127.0.0.1:{realtime.port}{path}"
        options_json = orjson.dumps(options).decode()
        async with run_client(node, _SCRIPT, socket_io_client_directory, address, options_json) as client:
            yield client

    return starter


async def test_with_its_defaults_it_polls_then_upgrades(realtime: RealtimeFixture, start: Start) -> None:
    """As the documentation writes it: ``io('ws://.../products')``; its id is the one that it is greeted with."""
    async with start() as client:
        await client.hear("open", "polling")
        _, socket_id = await client.hear("connect")
        _, _, greeting = await client.hear("event", "connected")
        assert greeting["clientId"] == socket_id
        await client.hear("upgrade", "websocket")
        await client.subscribe()
        announcement = an_announcement()
        realtime.hub.broadcast(announcement)
        assert (await client.hear("event", "new_product"))[2] == orjson.loads(announcement.event_json)
        await until(lambda: realtime.hub.stats()["clientsPerTransport"] == {"socket.io websocket": 1})
        await client.tell("disconnect")
        await until(lambda: realtime.hub.stats()["totalConnections"] == 0)


@pytest.mark.parametrize(
    ("transport", "name"), [("websocket", "socket.io websocket"), ("polling", "socket.io polling")]
)
async def test_either_transport_alone_is_enough(
    realtime: RealtimeFixture, start: Start, transport: str, name: str
) -> None:
    """Subscription, acknowledgement, events and the end of it."""
    async with start(transports=[transport]) as client:
        await client.hear("connect")
        await client.tell("ask", "subscribe_to_seller", {"seller_handle": SELLER})
        answer = (await client.hear("event", "subscribed"))[2]
        assert (await client.hear("ack"))[1] == answer
        assert answer["recovered"] is True
        assert realtime.hub.stats()["clientsPerTransport"] == {name: 1}
        for number in range(3):
            realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
        for number in range(3):
            heard = await client.hear("event", "new_product")
            assert heard[2]["product"]["video_id"] == a_key(number).video_id
        await client.tell("ask", "unsubscribe", {})
        assert (await client.hear("ack"))[1]["message"] == "Unsubscribed from all shops"
        await client.tell("ask", "get_subscription_status", None)
        assert (await client.hear("ack"))[1]["subscriptions"] == []


async def test_nothing_is_lost_or_doubled_while_it_upgrades(realtime: RealtimeFixture, start: Start) -> None:
    """Events go on throughout; each comes once, in order."""
    async with start() as client:
        await client.hear("event", "connected")
        await client.subscribe()
        sent = 0

        def announce_more() -> bool:
            nonlocal sent
            realtime.hub.broadcast(an_announcement(a_record(a_key(sent))))
            sent += 1
            return realtime.hub.connections_by_transport() == {"socket.io websocket": 1}

        await until(announce_more)
        announce_more()
        for number in range(sent):
            heard = await client.hear("event", "new_product")
            assert heard[2]["product"]["video_id"] == a_key(number).video_id


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_it_comes_back_and_catches_up(realtime: RealtimeFixture, start: Start, transport: str) -> None:
    """After its connection broke it connects again; with the last cursor it gets what it missed, also by the ack."""
    async with start(transports=[transport], reconnectionDelay=10) as client:
        await client.hear("connect")
        await client.subscribe(cursor=realtime.store.cursor())
        first, second = a_record(a_key(1)), a_record(a_key(2))
        realtime.store.save(first)
        realtime.hub.broadcast(an_announcement(first, cursor=realtime.store.cursor()))
        cursor = (await client.hear("event", "new_product"))[2]["cursor"]
        await client.tell("cut")
        await client.hear("disconnect")
        realtime.store.save(second)
        await client.hear("connect")
        await client.tell("ask", "subscribe_to_seller", {"seller_handle": SELLER, "cursor": cursor})
        answer = (await client.hear("event", "subscribed"))[2]
        assert (answer["recovered"], answer["cursor"]) == (True, cursor)
        assert (await client.hear("ack"))[1] == answer
        heard = (await client.hear("event", "new_product"))[2]
        assert (heard["product"]["video_id"], heard["cursor"]) == (a_key(2).video_id, realtime.store.cursor())
        await client.tell("ask", "subscribe_to_seller", {"seller_handle": "another-shop", "cursor": cursor})
        assert (await client.hear("ack"))[1]["code"] == "invalid_cursor"


async def test_when_the_server_goes_away_it_will_come_back(realtime: RealtimeFixture, start: Start) -> None:
    """Draining is a broken transport to it, after which it reconnects, and not a disconnection, after which not."""
    for transport in ("websocket", "polling"):
        async with start(transports=[transport], reconnection=False) as client:
            await client.hear("connect")
            if transport == "polling":
                await realtime.sockets.close()
            else:
                for connection in list(realtime.gateway.connections):
                    connection.close(1001)
            assert (await client.hear("disconnect"))[1] == "transport close"


async def test_another_namespace_is_refused_by_its_name(start: Start) -> None:
    """The client hears why."""
    async with start("/else") as client:
        assert await client.hear("connect_error") == ["connect_error", "Invalid namespace"]


async def test_what_is_wrong_is_an_error_event_and_it_stays_connected(start: Start) -> None:
    """Of an unknown event, of wrong data and of binary attachments."""
    async with start(transports=["websocket"]) as client:
        await client.hear("connect")
        await client.tell("ask", "no_such_event")
        assert (await client.hear("event", "error"))[2]["code"] == "unknown_event"
        assert (await client.hear("ack"))[1]["code"] == "unknown_event"
        await client.tell("emit", "subscribe_to_seller", SELLER)
        assert (await client.hear("event", "error"))[2]["code"] == "invalid_data"
        await client.tell("binary")
        assert (await client.hear("event", "error"))[2]["code"] == "invalid_message"
        await client.subscribe()


async def test_its_heartbeat_is_answered(realtime: RealtimeFixture, start: Start) -> None:
    """On a quiet connection of either kind."""
    async with start() as client:
        await client.hear("upgrade", "websocket")
        await client.subscribe()
        for _ in range(3):
            (session,) = realtime.sockets.clients.values()
            realtime.sweep((session.engine.deadline or 0.0) - realtime.monotonic.now)
            await until(lambda session=session: session.engine.deadline > realtime.monotonic.now + 21)
        realtime.hub.broadcast(an_announcement())
        assert (await client.hear("event", "new_product"))[2]["product"]["video_id"] == KEY.video_id
