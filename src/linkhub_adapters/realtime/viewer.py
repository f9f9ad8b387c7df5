"""One connection as the hub sees it: who it is, how it is written to, and in which form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from attrs import define

from linkhub_adapters.realtime.dialect import Dialect
from linkhub_core.subscriptions import Reply, SubscriberSession

__all__ = ["Viewer"]


@define(eq=False)
class Viewer:
    """A connection with a session.

    Attributes:
        session: its subscriptions and its pace.
        dialect: the form in which it gets events; it changes when a Socket.IO client leaves polling.
        write: takes what the dialect encodes. It never waits and never raises: whoever is behind it closes a reader
            for which too much waits.
        unsent_bytes: how much waits for it.
    """

    session: SubscriberSession
    dialect: Dialect
    write: Callable[[Any], object]
    unsent_bytes: Callable[[], int]

    def reply(self, reply: Reply) -> bytes:
        """Send one event to this viewer alone; gives its data as JSON, for an acknowledgement."""
        data_json = orjson.dumps(reply.data)
        self.write(self.dialect.message(reply.event, data_json))
        return data_json
