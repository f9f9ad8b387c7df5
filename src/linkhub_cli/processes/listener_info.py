"""What a serving process knows of itself once its port is taken."""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime

from attrs import frozen

from linkhub_cli.operator.process_report import Node
from linkhub_core.access import AccessPolicy

__all__ = ["ListenerInfo", "url_of"]

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not listened on


@frozen(kw_only=True)
class ListenerInfo:
    """This process: where it listens, what it does, since when, and when it stops.

    ``host`` is an address, or ``localhost`` for both addresses of loopback. ``ws_port`` is the port for WebSockets
    alone, where there is one. ``realtime_only`` leaves out REST and pages. ``access`` says who may connect.
    """

    host: str
    port: int
    ws_port: int | None
    consumes: bool
    started_at: datetime
    stop: asyncio.Event
    realtime_only: bool = False
    access: AccessPolicy = AccessPolicy()

    @property
    def node(self) -> Node:
        """This process, as others know it."""
        role = "serve+consume" if self.consumes else "serve"
        return Node(node_id=f"{socket.gethostname()}:{self.port}", role=role, started_at=self.started_at)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return url_of(self.host, self.port)

    def is_stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self.stop.is_set()


def url_of(host: str, port: int) -> str:
    """The address of a listener; one that listens everywhere is reached at localhost."""
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
