"""One keep-alive connection that sends requests one after the other, at little cost to the machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import define, frozen

_RECEIVED_BYTES = 1_048_576


@frozen(kw_only=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@define(eq=False)
class HttpClient:
    """A connection to a server of this machine."""

    connection: socket.socket

    @classmethod
    @contextmanager
    def connected(cls, port: int) -> Iterator[HttpClient]:
        """Connect until the block is left."""
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            yield cls(connection)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET, and read its whole answer."""
        lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return self._answer()

    def _answer(self) -> Answer:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._received()
        head, _, body = received.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        chunks, size_bytes = [body], len(body)
        while size_bytes < int(headers.get("content-length", 0)):
            chunks.append(self._received())
            size_bytes += len(chunks[-1])
        return Answer(status=int(first.split()[1]), headers=headers, body=b"".join(chunks))

    def _received(self) -> bytes:
        received = self.connection.recv(_RECEIVED_BYTES)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received
