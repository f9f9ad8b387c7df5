"""The messages of a running server match its own AsyncAPI document, over every transport."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest
import socketio
from websockets.sync.client import connect

from linkhub_core.model import Kind
from linkhub_core.testing.builders import KEY, an_event
from tests.e2e.deployment import Deployment
from tests.support.asyncapi import Listening

pytestmark = pytest.mark.e2e

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SUBSCRIPTION = {"seller_handle": KEY.seller_handle}
_PATIENCE_SECONDS = 30


def _document(url: str) -> Mapping[str, Any]:
    with _DIRECT.open(f"{url}/asyncapi.json", timeout=_PATIENCE_SECONDS) as answer:
        document: Mapping[str, Any] = json.loads(answer.read())
    return document


@contextmanager
def _socketio_client(url: str) -> Iterator[socketio.SimpleClient]:
    client = socketio.SimpleClient()
    client.connect(url, namespace="/products", transports=["websocket"])
    try:
        yield client
    finally:
        client.disconnect()


@contextmanager
def _event_stream(url: str, document: Mapping[str, Any]) -> Iterator[Iterator[tuple[str, Any]]]:
    host, port = url.removeprefix("http://").split(":")
    path = document["channels"]["eventStream"]["address"].replace("{handle}", KEY.seller_handle)
    with closing(socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        with connection.makefile("r", encoding="utf-8", newline="\n") as lines:
            yield _records(lines)


def _records(lines: Any) -> Iterator[tuple[str, Any]]:
    event = ""
    for line in lines:
        name, _, value = line.rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def _publish(deployment: Deployment, kind: Kind, **fields: Any) -> None:
    path = deployment.directory / "event.jsonl"
    path.write_text(json.dumps(an_event(kind, **fields)) + "\n", "utf-8")
    deployment.run("publish", str(path))


def test_every_dialect_is_as_the_server_describes_it(deployment: Deployment) -> None:
    """A product comes and changes: each message of it, and of the subscription, has no field beside those described."""
    server, url = deployment.serve()
    document = _document(url)
    address = f"{url.replace('http://', 'ws://')}{document['channels']['webSocket']['address']}"
    plain, packets, stream = (Listening(document, name) for name in ("webSocket", "socketIo", "eventStream"))
    with (
        server,
        connect(address, proxy=None) as viewer,
        _socketio_client(url) as client,
        _event_stream(url, document) as records,
    ):
        viewer.send(json.dumps({"event": "subscribe_to_seller", "data": _SUBSCRIPTION}))
        packets.take("subscribe_to_seller_ack", client.call("subscribe_to_seller", _SUBSCRIPTION))
        expected = ["connected", "subscribed", "new_product", "product_updated"]
        for name in expected:
            if name == "new_product":
                _publish(deployment, Kind.CAPTION)
                _publish(deployment, Kind.THUMBNAIL)
            elif name == "product_updated":
                _publish(deployment, Kind.CAPTION, title="Another title", timestamp="2026-01-15T13:00:00Z")
            frame = json.loads(viewer.recv(timeout=_PATIENCE_SECONDS))
            plain.take(frame["event"], frame)
            packets.take(*client.receive(timeout=_PATIENCE_SECONDS))
            stream.take(*next(records))
            assert frame["event"] == name
        for listening in plain, packets, stream:
            assert listening.heard - {"subscribe_to_seller_ack"} == set(expected)
        assert server.terminate() == 0
