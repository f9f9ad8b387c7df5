"""SIGTERM: running work is completed, connections are closed, and no message is lost."""

from __future__ import annotations

import json

import httpx2
import pytest
from attrs import evolve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.deployment import Deployment
from tests.e2e.expectations import STREAM, expected_lines

pytestmark = pytest.mark.e2e

_COPIES = 4


def _subscribe(connection: ClientConnection, seller_handle: str) -> None:
    frame = {"event": "subscribe_to_seller", "data": {"seller_handle": seller_handle}}
    connection.send(json.dumps(frame))
    while json.loads(connection.recv(timeout=30))["event"] != "subscribed":
        continue


def _close_code(connection: ClientConnection) -> int | None:
    """Read to the end of the connection; give the code that the server closed it with."""
    try:
        while True:
            connection.recv(timeout=30)
    except ConnectionClosed:
        return connection.close_code


def test_sigterm_drains(deployment: Deployment) -> None:
    """In the midst of work: exit code 0, sockets closed with 1001, and a later process completes the rest."""
    server, url = deployment.serve()
    with server, connect(f"{url.replace('http', 'ws')}/products", proxy=None) as viewer:
        _subscribe(viewer, "boda.parts")
        with deployment.start("publish", *[str(STREAM)] * _COPIES) as publishing:
            assert json.loads(viewer.recv(timeout=30))["event"] == "new_product"
            assert server.terminate(timeout_seconds=10) == 0
            assert publishing.wait() == 0
        assert _close_code(viewer) == 1001
    assert deployment.queued() > 0
    with deployment.consume() as consumer:
        deployment.wait_until_settled(consumer)
        deployment.check(copies=_COPIES)


def test_a_consumer_drains(deployment: Deployment) -> None:
    """A consumer that is asked to stop leaves no message leased: another one gets all the rest at once."""
    deployment.run("publish", *[str(STREAM)] * _COPIES)
    with deployment.consume() as consumer:
        assert consumer.terminate(timeout_seconds=10) == 0
    with deployment.consume() as successor:
        deployment.wait_until_settled(successor)
        deployment.check(copies=_COPIES)


def test_a_consumer_can_be_watched(deployment: Deployment) -> None:
    """With a port for it, a consumer says that it is ready, counts what it did, and still ends with 0."""
    watched = evolve(deployment, elsewhere={"LINKHUB_METRICS_PORT": "0"})
    deployment.run("publish", str(STREAM))
    with watched.start("consume") as consumer:
        port = consumer.wait_for_line(r'"metrics_port":(\d+)').group(1)
        deployment.wait_until_settled(consumer)
        url = f"http://127.0.0.1:{port}"
        assert httpx2.get(f"{url}/readyz").json()["status"] == "ready"
        products = len(expected_lines("products.jsonl"))
        assert f'linkhub_products_saved_total{{change="new"}} {products}.0' in httpx2.get(f"{url}/metrics").text
        assert consumer.terminate(timeout_seconds=10) == 0


def test_the_operators_page_counts_what_consumers_elsewhere_do(deployment: Deployment) -> None:
    """A server that does not consume lists the consumer beside it, and counts the products that it saved."""
    products = len(expected_lines("products.jsonl"))
    server, url = deployment.serve("--no-consume")
    with server, deployment.consume():
        deployment.run("publish", str(STREAM))

        def is_counted() -> bool:
            status = httpx2.get(f"{url}/api/v1/operator/status").json()
            roles = [node["role"] for node in status["nodes"]]
            return roles == ["serve", "consume"] and status["products"]["created_total"] == products

        server.wait_until(is_counted, "count the consumer's products")


@pytest.mark.parametrize("ends_cleanly", [True, False])
def test_only_a_process_that_was_killed_is_missed(deployment: Deployment, ends_cleanly: bool) -> None:
    """One that was stopped is off the list before it ends; one that was killed stays on it."""
    server, url = deployment.serve("--no-consume")

    def roles() -> list[str]:
        return [node["role"] for node in httpx2.get(f"{url}/api/v1/operator/status").json()["nodes"]]

    with server, deployment.consume() as consumer:
        server.wait_until(lambda: roles() == ["serve", "consume"], "list the consumer")
        if ends_cleanly:
            assert consumer.terminate() == 0
            server.wait_until(lambda: roles() == ["serve"], "take the consumer off its list")
        else:
            consumer.kill()
            with deployment.consume() as other:
                server.wait_until(lambda: len(roles()) == 3, "list the other consumer beside the one that is missed")
                assert other.terminate() == 0
