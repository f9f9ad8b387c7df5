"""A serving process, described once its ports are bound."""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime

from attrs import frozen

from linkhub_cli.operator.process_registry import Node
from linkhub_core.access import AccessPolicy

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not listened on


@frozen(kw_only=True)
class ListenerInfo:
    """This process: ``host`` is an address or ``localhost``; ``realtime_only`` leaves out REST and pages."""

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
        """This process, in reports to others."""
        role = "serve+consume" if self.consumes else "serve"
        return Node(node_id=f"{socket.gethostname()}:{self.port}", role=role, started_at=self.started_at)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return url_of(self.host, self.port)

    def is_stopping(self) -> bool:
        """Whether the signal to stop was given."""
        return self.stop.is_set()


def url_of(host: str, port: int) -> str:
    """The address of a listener; one that listens everywhere is reached at localhost."""
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
