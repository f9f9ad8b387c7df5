"""The test server of SQS on a clock that moves only when it is set: a test decides when leases end.

The server runs this module's ``app`` instead of ministack's own (:func:`~.sqs_sns.run_sqs_sns`). All that SQS times is
on that clock: leases, delays, the time a message was sent, and the five minutes of deduplication. A long poll would
never end on it: poll with a wait of 0. SNS and everything else run on the real clock.

    clock = ServerClock(endpoint_url=...)
    clock.advance(31)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from attrs import define

from linkhub_core.testing.fakes import FakeClock

_PATH = "/linkhub/clock"

# A proxy in the environment is for the world outside; the server is on this machine.
_OPENER = build_opener(ProxyHandler({}))

_Message = MutableMapping[str, Any]


@define
class ServerClock(FakeClock):
    """A clock that a test moves, and the server's clock with it."""

    endpoint_url: str = ""

    def __attrs_post_init__(self) -> None:
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``; when it returns, the server is there, too."""
        super().advance(seconds)
        request = Request(f"{self.endpoint_url}{_PATH}", data=str(self.present.timestamp()).encode())  # noqa: S310  http
        with _OPENER.open(request, timeout=10):
            return


@define
class _StandingTime:
    """The replacement of the module ``time`` in ministack's SQS."""

    now: float = FakeClock().now().timestamp()

    def time(self) -> float:
        return self.now


_standing = _StandingTime()


async def app(
    scope: _Message, receive: Callable[[], Awaitable[_Message]], send: Callable[[_Message], Awaitable[None]]
) -> None:
    """Ministack's application, and the way to set its clock."""
    ministack = import_module("ministack.app")  # here: only the server's process needs it, and it takes a second
    vars(import_module("ministack.services.sqs"))["time"] = _standing
    if scope.get("path") != _PATH:
        await ministack.app(scope, receive, send)
        return
    _standing.now = float((await receive())["body"])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
