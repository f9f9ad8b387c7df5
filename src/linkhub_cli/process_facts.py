"""What a serving process knows of itself once its port is taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from linkhub_cli.node_report import Node

__all__ = ["ProcessFacts", "url_of"]

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not listened on


@frozen(kw_only=True)
class ProcessFacts:
    """This process: where it listens, what it does, since when, and when it stops.

    ``ws_port`` is the port for WebSockets alone, where there is one.
    """

    host: str
    port: int
    ws_port: int | None
    consumes: bool
    started_at: datetime
    stop: asyncio.Event

    @property
    def node(self) -> Node:
        """This process, as others know it."""
        role = "serve+consume" if self.consumes else "serve"
        return Node(node_id=f"{socket.gethostname()}:{self.port}", role=role, started_at=self.started_at)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return url_of(self.host, self.port)

    @property
    def own_origins(self) -> Sequence[str]:
        """What browsers send as the origin of this server's own pages: by its address, and by the names of loopback."""
        names = (self.host, "localhost", "127.0.0.1")
        return tuple(dict.fromkeys(url_of(name, self.port) for name in names))

    def is_stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self.stop.is_set()


def url_of(host: str, port: int) -> str:
    """The address of a listener; one that listens everywhere is reached at localhost."""
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
