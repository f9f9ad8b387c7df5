"""Several messages in one TCP segment or one POST, over each transport, as React's StrictMode sends them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest
from attrs import define
from websockets.asyncio.client import ClientConnection, connect

from linkhub_core.testing.builders import a_key, a_record
from tests.adapters.realtime.raw_client import RawClient, a_frame
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    RealtimeFixture,
    an_announcement,
    http_client,
    open_realtime,
    until,
)

SUBSCRIBE = ("subscribe_to_seller", {"seller_handle": SELLER, "since": "2026-01-15T11:00:00Z"})
UNSUBSCRIBE = ("unsubscribe", {"seller_handle": SELLER})
ANSWERS = [("subscribed", False), ("unsubscribed", None), ("subscribed", True), ("product_updated", None)]

Message = tuple[str, dict[str, Any]]


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room with one product that was missed."""
    async with open_realtime() as opened:
        opened.store.save(a_record(a_key(1), revision=2, shown=True))
        yield opened


# --- transports -------------------------------------------------------------------------------------------------------


@define
class Plain:
    """A plain WebSocket."""

    client: ClientConnection

    async def say(self, *messages: Message) -> None:
        """Send messages in one write."""
        frames = [orjson.dumps({"event": event, "data": data}) for event, data in messages]
        self.client.transport.write(b"".join(a_frame(1, frame) for frame in frames))

    async def hear(self) -> tuple[str, Any]:
        """The next event."""
        message = orjson.loads(await self.client.recv())
        return message["event"], message["data"]


@define
class SocketIo:
    """A Socket.IO client on a WebSocket."""

    client: ClientConnection

    async def say(self, *messages: Message, first: bytes = b"") -> None:
        """Send messages in one write."""
        frames = [b"42/products," + orjson.dumps(message) for message in messages]
        self.client.transport.write(first + b"".join(a_frame(1, frame) for frame in frames))

    async def hear(self) -> tuple[str, Any]:
        """The next event."""
        event, data = orjson.loads(str(await self.client.recv()).removeprefix("42/products,"))
        return event, data


@define
class Polling:
    """A Socket.IO client that polls."""

    http: httpx2.AsyncClient
    url: str
    heard: list[str]

    async def say(self, *messages: Message) -> None:
        """Send messages in one POST."""
        await self.post(*(b"42/products," + orjson.dumps(message) for message in messages))

    async def post(self, *packets: bytes) -> None:
        """Send packets in one POST."""
        assert (await self.http.post(self.url, content=b"\x1e".join(packets))).text == "ok"

    async def hear(self) -> tuple[str, Any]:
        """The next event; it polls as often as it has to."""
        while not self.heard:
            self.heard = (await self.http.get(self.url)).text.split("\x1e")
        event, data = orjson.loads(self.heard.pop(0).removeprefix("42/products,"))
        return event, data


Transport = Plain | SocketIo | Polling


@asynccontextmanager
async def _plain(realtime: RealtimeFixture) -> AsyncIterator[Plain]:
    client = await realtime.connect()
    yield Plain(client)
    await client.close()


@asynccontextmanager
async def _websocket(realtime: RealtimeFixture) -> AsyncIterator[SocketIo]:
    async with connect(f"ws://127.0.0.1:{realtime.port}/socket.io/?EIO=4&transport=websocket") as client:
        await client.recv()
        await client.send("40/products,")
        await client.recv()
        yield SocketIo(client)


@asynccontextmanager
async def _polling(realtime: RealtimeFixture) -> AsyncIterator[Polling]:
    async with http_client(realtime) as http:
        opened = await http.get("/socket.io/?EIO=4&transport=polling")
        polling = Polling(
            http, f"/socket.io/?EIO=4&transport=polling&sid={orjson.loads(opened.content[1:])['sid']}", []
        )
        await polling.post(b"40/products,")
        polling.heard = (await http.get(polling.url)).text.split("\x1e")[1:]
        yield polling


transports = pytest.mark.parametrize("transport", [_plain, _websocket, _polling])


# --- what holds -------------------------------------------------------------------------------------------------------


async def _hear(transport: Transport, count: int) -> list[tuple[str, bool | None]]:
    async with asyncio.timeout(20):
        heard = [await transport.hear() for _ in range(count)]
    return [(event, data.get("recovered")) for event, data in heard]


@transports
async def test_the_last_message_decides_and_each_is_answered_in_order(
    realtime: RealtimeFixture, transport: Any
) -> None:
    """The client gets what it missed and what is announced from then on."""
    async with transport(realtime) as client:
        assert await _hear(client, 1) == [("connected", None)]
        await client.say(SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE)
        assert await _hear(client, 4) == ANSWERS
        realtime.hub.broadcast(an_announcement(a_record(a_key(2))))
        assert await _hear(client, 1) == [("new_product", None)]
        await client.say(SUBSCRIBE, UNSUBSCRIBE, ("get_subscription_status", {}))
        answers = await _hear(client, 3)
        assert answers == [("subscribed", False), ("unsubscribed", None), ("subscription_status", None)]
        assert realtime.hub.stats()["totalSubscriptions"] == 0


async def test_a_switch_of_transport_in_between_changes_nothing(realtime: RealtimeFixture) -> None:
    """What was asked for by polling is answered on the WebSocket, in order."""
    realtime.store.gate.clear()
    async with _polling(realtime) as polling:
        assert await _hear(polling, 1) == [("connected", None)]
        await polling.say(SUBSCRIBE)
        sid = polling.url.rpartition("=")[2]
        async with connect(f"ws://127.0.0.1:{realtime.port}/socket.io/?EIO=4&transport=websocket&sid={sid}") as client:
            await client.send("2probe")
            assert await client.recv() == "3probe"
            websocket = SocketIo(client)
            await websocket.say(UNSUBSCRIBE, SUBSCRIBE, first=a_frame(1, b"5"))
            realtime.store.gate.set()
            assert await _hear(websocket, 4) == ANSWERS
            realtime.hub.broadcast(an_announcement(a_record(a_key(2))))
            assert await _hear(websocket, 1) == [("new_product", None)]


# --- clients that subscribe and leave in one breath -------------------------------------------------------------------

_JSON = orjson.dumps({"event": SUBSCRIBE[0], "data": SUBSCRIBE[1]})
_PACKET = b"42/products," + orjson.dumps(SUBSCRIBE)
_CLOSE = a_frame(8, b"\x03\xe8")


async def _leave_plain(client: RawClient) -> None:
    await client.shake_hands()
    await client.send(a_frame(1, _JSON) + _CLOSE)


async def _leave_websocket(client: RawClient) -> None:
    await client.shake_hands("/socket.io/?EIO=4&transport=websocket")
    await client.send(a_frame(1, b"40/products,") + a_frame(1, _PACKET) + _CLOSE)


async def _leave_namespace(client: RawClient) -> None:
    await client.shake_hands("/socket.io/?EIO=4&transport=websocket")
    await client.send(b"".join(a_frame(1, packet) for packet in (b"40/products,", _PACKET, b"41/products,")))
    await client.read_until(b"40/products,")


async def _leave_polling(client: RawClient) -> None:
    await client.send(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = await client.read_until(b"}")
    sid = orjson.loads(answer[answer.index(b"0{") + 1 :])["sid"].encode()
    body = b"\x1e".join((b"40/products,", _PACKET, b"1"))
    head = b"POST /socket.io/?EIO=4&transport=polling&sid=%b HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    await client.send(head % (sid, len(body)) + body)
    await client.read_until(b"ok")


async def _leave_event_stream(client: RawClient) -> None:
    path = f"/api/v1/shop/{SELLER}/events?since={SUBSCRIBE[1]['since']}"
    await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


@pytest.mark.parametrize(
    "leave", [_leave_plain, _leave_websocket, _leave_namespace, _leave_polling, _leave_event_stream]
)
@pytest.mark.parametrize("is_open", [True, False], ids=["the store answers", "the store does not answer"])
async def test_clients_that_subscribe_and_leave_in_one_breath_leave_no_task_and_no_log_line(
    realtime: RealtimeFixture,
    caplog: pytest.LogCaptureFixture,
    leave: Callable[[RawClient], Awaitable[None]],
    is_open: bool,
) -> None:
    """Whether the read that they asked for is answered or not: it is given up with them."""
    if not is_open:
        realtime.store.gate.clear()
    others = asyncio.all_tasks()
    for _ in range(20):
        async with RawClient(realtime.port) as client:
            await leave(client)
    # A polling session that ends in the payload that opens it never comes to be a client.
    viewers = 0 if leave is _leave_polling else 20
    await until(lambda: realtime.hub.counters.connections_opened == realtime.hub.counters.connections_closed == viewers)
    await until(lambda: asyncio.all_tasks() <= others)
    gc.collect()
    assert caplog.records == []
    assert realtime.hub.stats()["totalSubscriptions"] == 0
