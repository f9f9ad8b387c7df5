"""Clients that hold all that they hear against the AsyncAPI document: one a dialect that goes both ways.

They speak their protocols by hand, so that a test sees each message as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx2
import orjson
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect

from linkhub_adapters.realtime import asyncapi
from tests.adapters.realtime.realtime_fixture import PATIENCE_SECONDS, RealtimeFixture, http_client
from tests.support.asyncapi import Listening

DOCUMENT = asyncapi.describe()

_ENGINE = "/socket.io/?EIO=4&transport="


class DescribedClient(Protocol):
    """A client of one dialect."""

    listening: Listening

    async def send(self, event: str, data: Any) -> None:
        """Send a message; where the dialect has acknowledgements, ask for one and take it."""
        ...

    async def send_example(self, event: str, payload: Any) -> None:
        """Send a message as the document shows it."""
        ...

    async def send_binary(self) -> None:
        """Send what is no message."""
        ...

    async def hear(self) -> str:
        """Take the next event; gives its name."""
        ...


@define
class _Plain:
    """A plain WebSocket."""

    connection: ClientConnection
    listening: Listening = field(factory=lambda: Listening(DOCUMENT, "webSocket"))

    async def send(self, event: str, data: Any) -> None:
        await self.send_example(event, {"event": event, "data": data})

    async def send_example(self, event: str, payload: Any) -> None:
        assert payload["event"] == event
        await self.connection.send(orjson.dumps(payload).decode())

    async def send_binary(self) -> None:
        await self.connection.send(b"\x00")

    async def hear(self) -> str:
        message = orjson.loads(await self.connection.recv())
        name: str = message["event"]
        self.listening.take(name, message)
        return name


class _Wire(Protocol):
    """How packets of Engine.IO travel."""

    async def write(self, *packets: str | bytes) -> None:
        """Send packets; bytes are an attachment."""
        ...

    async def read(self) -> list[str]:
        """The packets that come next."""
        ...


@define
class _WebSocketWire:
    connection: ClientConnection

    async def write(self, *packets: str | bytes) -> None:
        for packet in packets:
            await self.connection.send(packet)

    async def read(self) -> list[str]:
        return [str(await self.connection.recv())]


@define
class _PollingWire:
    http: httpx2.AsyncClient
    sid: str = ""

    @property
    def _address(self) -> str:
        return f"{_ENGINE}polling" + (f"&sid={self.sid}" if self.sid else "")

    async def write(self, *packets: str | bytes) -> None:
        payload = "\x1e".join("bAA==" if isinstance(packet, bytes) else packet for packet in packets)
        assert (await self.http.post(self._address, content=payload)).text == "ok"

    async def read(self) -> list[str]:
        answer = await self.http.get(self._address)
        packets = answer.text.split("\x1e")
        if packets[0].startswith("0"):
            self.sid = orjson.loads(packets[0][1:])["sid"]
        return packets


@define
class _SocketIo:
    """Socket.IO on a wire; asks for an acknowledgement of all that it sends."""

    wire: _Wire
    listening: Listening = field(factory=lambda: Listening(DOCUMENT, "socketIo"))
    _waiting: list[tuple[str, Any]] = field(factory=list)
    _acknowledged: list[Any] = field(factory=list)

    async def join(self) -> None:
        """Connect to the namespace."""
        assert (await self.wire.read())[0].startswith("0")
        await self.wire.write("40/products,")

    async def send(self, event: str, data: Any) -> None:
        await self.wire.write(f"42/products,7{orjson.dumps([event, data]).decode()}")
        while not self._acknowledged:
            await self._read()
        answer = self._acknowledged.pop()
        assert answer == self._waiting[-1][1]
        if f"{event}_ack" in self.listening.messages:
            self.listening.take(f"{event}_ack", answer)

    async def send_example(self, event: str, payload: Any) -> None:
        await self.send(event, payload)

    async def send_binary(self) -> None:
        await self.wire.write('451-/products,["x",{"_placeholder":true,"num":0}]', b"\x00")

    async def hear(self) -> str:
        while not self._waiting:
            await self._read()
        name, data = self._waiting.pop(0)
        self.listening.take(name, data)
        return name

    async def _read(self) -> None:
        for packet in await self.wire.read():
            kind, _, text = packet.partition("/products,")
            if kind == "42":
                name, data = orjson.loads(text)
                self._waiting.append((name, data))
            elif kind == "43":
                [data] = orjson.loads(text.removeprefix("7"))
                self._acknowledged.append(data)
            else:
                assert kind == "40"


@asynccontextmanager
async def open_client(realtime: RealtimeFixture, way: str) -> AsyncIterator[DescribedClient]:
    """A client that comes this way: ``plain``, ``socket.io websocket`` or ``socket.io polling``."""
    async with asyncio.timeout(PATIENCE_SECONDS), http_client(realtime) as http:
        if way == "plain":
            async with await realtime.connect() as connection:
                yield _Plain(connection)
        elif way == "socket.io polling":
            polling = _SocketIo(_PollingWire(http))
            await polling.join()
            yield polling
        else:
            async with connect(f"ws://127.0.0.1:{realtime.port}{_ENGINE}websocket", compression=None) as connection:
                client = _SocketIo(_WebSocketWire(connection))
                await client.join()
                yield client
