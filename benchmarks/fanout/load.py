"""The clients of a fan-out: one process, raw sockets, one epoll; it counts events and records their times.

Only the standard library is used, so that it is cheap: it shares the machine with the server that is measured. It
answers heartbeats, and parses nothing: each event holds one ``MARK``, and no other bytes do.

    python -m benchmarks.fanout.load PORT CONNECTIONS DIALECT EVENTS_PER_ROUND SINCE

``DIALECT`` is ``raw``, ``plain``, ``deflate`` or ``socketio``; a client of ``deflate`` is a plain one that offers
compression, and each compressed frame is an event. It prints ``ready`` when all have subscribed; then, whenever
``EVENTS_PER_ROUND`` more events came, the monotonic times of their receipt and the bytes that came with them, as one
line of JSON. Where ``SINCE`` is not
``-``, no client subscribes before a line comes on the standard input; then all do at once, with that ``since``.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import socket
import sys
from time import monotonic

SELLER = "seller-00"
MARK = b"|"
PATIENCE_SECONDS = 60
CLIENTS_PER_ADDRESS = 10_000

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nCache-Control: no-cache\r\n"
    "Origin: http://localhost:3002\r\n{offer}\r\n"
)
_OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
_COMPRESSED_TEXT = 0xC1
_GREETINGS = {"raw": b"subscribed", "plain": b"connected", "deflate": b"connected", "socketio": b"40/products,{"}
_SOCKETIO_PING = b"\x81\x012"
# JSON has none of these control characters, so this is a ping wherever it is found.
_PING = re.compile(rb"\x89([\x00-\x1f])")


def a_frame(opcode: int, data: bytes) -> bytes:
    """A short frame of a client, masked with zeros."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + data


def subscription(dialect: str, since: str | None, *, seller: str = SELLER) -> bytes:
    """The frame that asks for a shop."""
    data = {"seller_handle": seller} | ({} if since is None else {"since": since})
    if dialect != "socketio":
        return a_frame(1, json.dumps({"event": "subscribe_to_seller", "data": data}).encode())
    return a_frame(1, b"42/products," + json.dumps(["subscribe_to_seller", data]).encode())


def read_until(client: socket.socket, end: bytes) -> None:
    """Read up to and with ``end``."""
    data = b""
    while end not in data:
        chunk = client.recv(65_536)
        if not chunk:
            raise SystemExit(f"the server closed a connection after {data!r}")
        data += chunk


def connect(number: int, port: int, dialect: str, *, receive_buffer_bytes: int | None = None) -> socket.socket:
    """Connect and greet; loopback has many addresses, each has its own ports, and so has each load."""
    client = socket.socket()
    client.settimeout(PATIENCE_SECONDS)
    if receive_buffer_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    client.bind((f"127.{1 + os.getpid() % 250}.0.{2 + number // CLIENTS_PER_ADDRESS}", 0))
    client.connect(("127.0.0.1", port))
    if dialect != "raw":
        path = "/socket.io/?EIO=4&transport=websocket" if dialect == "socketio" else "/products"
        offer = _OFFER if dialect == "deflate" else ""
        client.sendall(_HANDSHAKE.format(path=path, port=port, offer=offer).encode())
    if dialect == "socketio":
        read_until(client, b'"sid"')
        client.sendall(a_frame(1, b"40/products,"))
    read_until(client, _GREETINGS[dialect])
    return client


class Load:
    """All clients, and what came since the last round."""

    def __init__(self, clients: list[socket.socket], events_per_round: int, *, is_compressed: bool) -> None:
        self.clients = {client.fileno(): client for client in clients}
        self.events_per_round = events_per_round
        self.is_compressed = is_compressed
        self.unparsed: dict[socket.socket, bytes] = {}
        self.times: list[float] = []
        self.size_bytes = 0
        self.poll = select.epoll()
        for client in clients:
            client.setblocking(False)
            self.poll.register(client.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Read until nothing comes for a long time, or somebody is cut off."""
        while True:
            ready = self.poll.poll(PATIENCE_SECONDS)
            for descriptor, _ in ready:
                self.read(self.clients[descriptor])
            if not ready:
                return

    def read(self, client: socket.socket) -> None:
        """Read what has come for one client."""
        data = client.recv(262_144)
        if not data:
            raise SystemExit("the server closed a connection")
        self.size_bytes += len(data)
        if self.is_compressed:
            count, data = self.compressed_frames(client, data)
        else:
            count = data.count(MARK)
        if count:
            self.times += [monotonic()] * count
            if len(self.times) >= self.events_per_round:
                print(json.dumps([self.times, self.size_bytes]), flush=True)
                self.times, self.size_bytes = [], 0
        if _SOCKETIO_PING in data:
            client.sendall(a_frame(1, b"3"))
        elif (ping := _PING.search(data)) is not None:
            client.sendall(a_frame(0xA, data[ping.end() : ping.end() + ping[1][0]]))

    def compressed_frames(self, client: socket.socket, data: bytes) -> tuple[int, bytes]:
        """How many compressed frames end in these bytes, and all other frames; none has 64 kB."""
        data, count, others = self.unparsed.pop(client, b"") + data, 0, b""
        while len(data) >= 2:
            end = 4 + int.from_bytes(data[2:4]) if data[1] == 126 else 2 + data[1]
            if len(data) < max(end, 4 if data[1] == 126 else 2):
                break
            if data[0] == _COMPRESSED_TEXT:
                count += 1
            else:
                others += data[:end]
            data = data[end:]
        if data:
            self.unparsed[client] = data
        return count, others


def main(port: int, connections: int, dialect: str, events_per_round: int, since: str) -> None:
    """See the module."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    clients = [connect(number, port, dialect) for number in range(connections)]
    if since == "-" and dialect != "raw":
        ask = subscription(dialect, None)
        for client in clients:
            client.sendall(ask)
            read_until(client, b"subscribed")
    print("ready", flush=True)
    if since != "-":
        sys.stdin.readline()
        ask = subscription(dialect, since)
        for client in clients:
            client.sendall(ask)
    Load(clients, events_per_round, is_compressed=dialect == "deflate").run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
