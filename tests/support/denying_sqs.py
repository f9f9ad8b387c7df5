"""The test server of SQS, refusing an operation from when a test says so until it takes that back.

The server runs this module's ``app`` instead of ministack's own (:func:`~.sqs_sns.run_sqs_sns`).

    deny(endpoint_url, "ReceiveMessage", "OverLimit")
    allow(endpoint_url, "ReceiveMessage")
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_PATH = "/linkhub/deny"
_OPENER = build_opener(ProxyHandler({}))

_Message = MutableMapping[str, Any]
_denied: dict[str, str] = {}


def deny(endpoint_url: str, operation: str, code: str) -> None:
    """Answer ``operation`` with an error from now on."""
    _tell(endpoint_url, {operation: code})


def allow(endpoint_url: str, operation: str) -> None:
    """Answer ``operation`` as the server does."""
    _tell(endpoint_url, {operation: None})


def _tell(endpoint_url: str, change: dict[str, str | None]) -> None:
    request = Request(f"{endpoint_url}{_PATH}", data=json.dumps(change).encode())  # noqa: S310  http
    with _OPENER.open(request, timeout=10):
        return


async def app(
    scope: _Message,
    receive: Callable[[], Awaitable[_Message]],
    send: Callable[[_Message], Awaitable[None]],
) -> None:
    """Ministack's application, with a door for denials."""
    if scope["type"] == "http" and scope["path"] == _PATH:
        for operation, code in json.loads(await _body(receive)).items():
            _denied.pop(operation, None) if code is None else _denied.update({operation: code})
        await _answer(send, 200, {})
        return
    operation = dict(scope.get("headers", ())).get(b"x-amz-target", b"").decode().rpartition(".")[2]
    if operation in _denied:
        await _answer(send, 400, {"__type": f"com.amazonaws.sqs#{_denied[operation]}", "message": "denied by a test"})
        return
    await import_module("ministack.app").app(scope, receive, send)


async def _body(receive: Callable[[], Awaitable[_Message]]) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _answer(send: Callable[[_Message], Awaitable[None]], status: int, document: object) -> None:
    headers = [(b"content-type", b"application/x-amz-json-1.0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
