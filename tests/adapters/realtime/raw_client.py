"""A TCP client that sends given bytes, and reads only on request."""

from __future__ import annotations

import asyncio
import socket
import struct

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


def a_frame(opcode: int, data: bytes, *, fin: bool = True, masked: bool = True) -> bytes:
    """A frame as a client sends it; its mask is of zeros."""
    head = bytes([opcode | (0x80 if fin else 0)])
    mask = 0x80 if masked else 0
    if len(data) < 126:
        head += bytes([mask | len(data)])
    elif len(data) < 65_536:
        head += bytes([mask | 126]) + struct.pack("!H", len(data))
    else:
        head += bytes([mask | 127]) + struct.pack("!Q", len(data))
    return head + (bytes(4) if masked else b"") + data


def a_handshake(path: str = "/products", more: str = "") -> bytes:
    """A request for a WebSocket, with ``more`` header lines."""
    return _HANDSHAKE.format(path=path, more=more).encode()


class RawClient:
    """A connection; ``receive_buffer_bytes`` bounds what the kernel takes in for a client that does not read."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.setblocking(False)
        self._port = port

    async def __aenter__(self) -> RawClient:
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self._port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def send_text(self, text: str) -> None:
        """Send a text frame."""
        await self.send(a_frame(1, text.encode()))

    async def read(self) -> bytes:
        """The next bytes; empty at the end."""
        async with asyncio.timeout(20):
            return await asyncio.get_running_loop().sock_recv(self.socket, 65_536)

    async def read_until(self, end: bytes) -> bytes:
        """Everything up to and with ``end``, and what came with it."""
        data = b""
        while end not in data:
            chunk = await self.read()
            assert chunk, f"the connection ended after {data!r}"
            data += chunk
        return data

    async def read_to_end(self) -> bytes:
        """Everything there is; a reset is an end, too."""
        data = b""
        try:
            while chunk := await self.read():
                data += chunk
        except ConnectionError:
            return data
        return data

    async def shake_hands(self, path: str = "/products", more: str = "") -> bytes:
        """Make the handshake; gives the answer, and what came with it."""
        await self.send(a_handshake(path, more))
        return await self.read_until(b"\r\n\r\n")
