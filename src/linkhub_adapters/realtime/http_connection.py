"""An HTTP connection of uvicorn that hands its transport to the application: only so can a slow reader be cut off.

What uvicorn has taken from an application stays in its transport until the reader takes it or leaves; an application
that just ends has its connection closed behind all that waits, which for a reader that does not read is never.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HttpConnection", "transport_of"]

_EXTENSION: Final = "linkhub.transport"


class HttpConnection(HttpToolsProtocol):
    """What uvicorn takes for ``Config(http=...)``."""

    def on_message_begin(self) -> None:
        """Begin a request; see httptools."""
        super().on_message_begin()
        # ASGI leaves open what is in it, uvicorn's types do not.
        cast(Scope, self.scope)["extensions"] = {_EXTENSION: self.transport}


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport of a request's connection; none behind another HTTP server."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(_EXTENSION)
    return transport
