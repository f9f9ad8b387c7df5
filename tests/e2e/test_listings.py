"""A seller's change of a listing reaches every client of a real server, over each transport."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
import socketio
from attrs import evolve
from websockets.sync.client import connect

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e

SELLER, VIDEO, TOKEN = "nalu-fashion", "7300000000000000001", "let-me-in"
PRODUCTS = f"/api/v1/shop/{SELLER}/products"
PRODUCT = f"{PRODUCTS}/{VIDEO}"
_SECONDS = 30
_Event = tuple[str, Mapping[str, Any]]
_Next = Callable[[], _Event]


def _websocket(url: str, stack: ExitStack) -> _Next:
    client = stack.enter_context(connect(f"{url.replace('http', 'ws')}/products", proxy=None))
    client.send(json.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": SELLER}}))

    def next_event() -> _Event:
        message = json.loads(client.recv(timeout=_SECONDS))
        return message["event"], message["data"]

    return next_event


def _socketio(url: str, stack: ExitStack) -> _Next:
    client = stack.enter_context(socketio.SimpleClient())
    client.connect(url, namespace="/products")
    client.emit("subscribe_to_seller", {"seller_handle": SELLER})

    def next_event() -> _Event:
        event, data = client.receive(timeout=_SECONDS)
        return event, data

    return next_event


def _event_stream(url: str, stack: ExitStack) -> _Next:
    http = stack.enter_context(httpx2.Client(base_url=url, timeout=_SECONDS, trust_env=False))
    response = stack.enter_context(http.stream("GET", f"/api/v1/shop/{SELLER}/events"))

    def records() -> Iterator[_Event]:
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            if not line and "data" in fields:
                yield fields["event"], json.loads(fields["data"])
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    return records().__next__


def _publish(deployment: Deployment) -> None:
    lines = deployment.directory / "events.jsonl"
    halves = [an_event(kind, seller_handle=SELLER, video_id=VIDEO) for kind in Kind]
    lines.write_text("".join(f"{json.dumps(half)}\n" for half in halves), encoding="utf-8")
    deployment.run("publish", str(lines))


def test_a_listing_reaches_every_client(deployment: Deployment) -> None:
    """Withdrawn, back as sold out, and at another price: each client gets the event; pages and cursors agree."""
    deployment = evolve(deployment, elsewhere={"LINKHUB_ADMIN_TOKEN": TOKEN})
    server, url = deployment.serve()
    with server, ExitStack() as stack:
        rest = stack.enter_context(httpx2.Client(base_url=url, timeout=_SECONDS, trust_env=False))
        clients = [open_client(url, stack) for open_client in (_websocket, _socketio, _event_stream)]
        for next_event in clients:
            assert [next_event()[0] for _ in range(2)] == ["connected", "subscribed"]
        _publish(deployment)
        assert [next_event()[0] for next_event in clients] == ["new_product"] * 3
        cursor = rest.get(PRODUCTS).json()["metadata"]["cursor"]

        def change(**listing: Any) -> list[_Event]:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            rest.patch(f"{PRODUCT}/listing", json=listing, headers=headers).raise_for_status()
            return [next_event() for next_event in clients]

        for event, data in change(availability="withdrawn"):
            assert (event, data["video_id"], data["revision"]) == ("product_removed", VIDEO, 2)
        assert rest.get(PRODUCT).status_code == 410
        assert rest.get(PRODUCTS).json()["products"] == []
        assert rest.get(PRODUCTS, params={"cursor": cursor}).json()["removed"] == [VIDEO]
        for event, data in change(availability="sold_out"):
            assert (event, data["product"]["availability"], data["revision"]) == ("new_product", "sold_out", 3)
        for event, data in change(price=49_000.5):
            assert (event, data["product"]["price"], data["revision"]) == ("product_updated", 49_000.5, 4)
        assert [entry["price"] for entry in rest.get(PRODUCTS).json()["products"]] == [49_000.5]
        assert rest.put(f"{PRODUCT}/listing", json={}).status_code == 401
