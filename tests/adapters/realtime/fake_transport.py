"""A transport without a socket: for connections in virtual time. It notes what is written to it, and when."""

from __future__ import annotations

import asyncio
from typing import Any

from linkhub_adapters.realtime.endpoints.connection import WebSocketConnection
from linkhub_adapters.realtime.endpoints.gateway import Gateway
from tests.adapters.realtime.raw_client import a_handshake


class FakeTransport(asyncio.Transport):
    """The client's side answers a close frame at once, by leaving."""

    def __init__(self, gateway: Gateway, path: str = "/products") -> None:
        super().__init__()
        self.written: list[tuple[float, bytes]] = []
        self.is_paused = False
        self._protocol: WebSocketConnection | None = gateway.make_connection()
        self._protocol.connection_made(self)
        self._protocol.data_received(a_handshake(path))

    def hear(self, data: bytes) -> None:
        """Have bytes come from the client."""
        assert self._protocol is not None
        self._protocol.data_received(data)

    @property
    def closed_at(self) -> float:
        """When the close frame was written, by the loop's clock."""
        (moment,) = [moment for moment, data in self.written if data[0] == 0x88]
        return moment

    @property
    def close_code(self) -> int:
        """The code in it."""
        (frame,) = [data for _, data in self.written if data[0] == 0x88]
        return int.from_bytes(frame[2:4], "big")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See :class:`asyncio.Transport`."""
        return ("192.0.2.1", 1) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See :class:`asyncio.Transport`."""

    def get_write_buffer_size(self) -> int:
        """See :class:`asyncio.Transport`."""
        return 0

    def pause_reading(self) -> None:
        """See :class:`asyncio.Transport`."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """See :class:`asyncio.Transport`."""
        self.is_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See :class:`asyncio.Transport`."""
        self.written.append((asyncio.get_running_loop().time(), bytes(data)))
        if data[0] == 0x88:
            asyncio.get_running_loop().call_soon(self.abort)

    def is_closing(self) -> bool:
        """See :class:`asyncio.Transport`."""
        return self._protocol is None

    def can_write_eof(self) -> bool:
        """See :class:`asyncio.Transport`."""
        return False

    def abort(self) -> None:
        """See :class:`asyncio.Transport`."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(None)
