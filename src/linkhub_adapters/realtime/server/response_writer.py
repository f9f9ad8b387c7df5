"""The transport of one response: its head is written together with the first piece of its body.

uvicorn writes them one by one, and each write is a system call that wakes the reader: a fifth of the cost of a page.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

__all__ = ["ResponseWriter"]


class ResponseWriter:
    """What a cycle of uvicorn takes for its transport.

    Args:
        transport: the connection's.
        cycle: whose response is written.
    """

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        self._transport = transport
        self._cycle = cycle
        self._head: bytes | None = None
        self._is_head_due = True

    def write(self, data: bytes) -> None:
        """Write, or hold the head of a response whose body of known length follows."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(b"%b%b" % (head, data))
        elif self._is_head_due and self._cycle.response_started:  # before that, 100 Continue is written
            self._is_head_due = False
            if self._cycle.expected_content_length > 0 and self._cycle.scope["method"] != "HEAD":
                self._head = data
            else:
                self._transport.write(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close, after what was held."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)
