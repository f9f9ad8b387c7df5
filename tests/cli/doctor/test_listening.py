"""The findings about the listener and its ports."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linkhub_cli.doctor.listening import Port, PortSeen, listener_findings, look_at_ports
from linkhub_cli.settings import Listener
from linkhub_core.access import is_loopback_name
from linkhub_core.ports.finding import Verdict
from tests.support.processes import free_port

TOKEN, SHOP = "secret", ("https://shop.example",)
EVERYWHERE = "0.0.0.0"  # noqa: S104  looked at, not listened on


@pytest.mark.parametrize(
    ("listener", "expected"),
    [
        (Listener(), [(Verdict.OK, "access")]),
        (Listener(host=EVERYWHERE, admin_token=TOKEN, cors_origins=SHOP), [(Verdict.OK, "access")]),
        (Listener(host=EVERYWHERE, cors_origins=SHOP), [(Verdict.WARNING, "access")]),
        (Listener(host=EVERYWHERE, admin_token=TOKEN), [(Verdict.WARNING, "origins")]),
        (Listener(host=EVERYWHERE, admin_token=TOKEN, cors_origins=("*",)), [(Verdict.WARNING, "origins")]),
        (Listener(host="10.0.0.7"), [(Verdict.WARNING, "access"), (Verdict.WARNING, "origins")]),
        (Listener(trusted_proxies=("0.0.0.0/0",)), [(Verdict.OK, "access"), (Verdict.WARNING, "proxies")]),
        (Listener(trusted_proxies=("127.0.0.1",)), [(Verdict.OK, "access"), (Verdict.WARNING, "proxies")]),
        (Listener(trusted_proxies=("127.0.0.1",), admin_token=TOKEN), [(Verdict.OK, "access")]),
        (Listener(trusted_proxies=("10.0.0.7",)), [(Verdict.OK, "access")]),
    ],
)
def test_what_is_open_to_others(listener: Listener, expected: list[tuple[Verdict, str]]) -> None:
    """Beyond loopback a token is missed, and named origins are."""
    findings = listener_findings(listener, [])
    assert [(finding.verdict, finding.subject) for finding in findings] == expected
    assert all(finding.mend for finding in findings if finding.verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("number", "holder", "verdict"),
    [
        (3002, Port.FREE, Verdict.OK),
        (3002, Port.LINKHUB, Verdict.OK),
        (3002, Port.TAKEN, Verdict.FAULT),
        (0, Port.FREE, Verdict.OK),
    ],
)
def test_who_has_a_port(number: int, holder: Port, verdict: Verdict) -> None:
    """Only another program there is a fault."""
    seen = PortSeen(variable="LINKHUB_PORT", number=number, holder=holder, problem="cannot be listened on")
    finding, _ = listener_findings(Listener(), [seen])
    assert finding.verdict is verdict
    assert bool(finding.mend) is (verdict is Verdict.FAULT)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (EVERYWHERE, False), ("::", False), ("shop", False)],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    """A name is taken to be reachable by others, unless it is localhost."""
    assert is_loopback_name(host) is loopback


def test_a_free_port_stays_free() -> None:
    """It is given back at once."""
    listener = Listener(port=free_port(), ws_port=0, metrics_port=free_port())
    for _ in range(2):
        assert [seen.holder for seen in look_at_ports(listener)] == [Port.FREE] * 3


def test_a_program_that_says_nothing_has_the_port() -> None:
    """Its silence is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        (seen,) = look_at_ports(Listener(port=other.getsockname()[1]))
    assert seen.holder is Port.TAKEN


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """A web server that answers everything so."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name for it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()


@pytest.mark.parametrize(
    ("body", "holder"),
    [(b'{"status": "unready", "checks": {}}', Port.LINKHUB), (b'{"status": "up"}', Port.TAKEN), (b"[", Port.TAKEN)],
)
def test_a_server_that_answers_has_the_port(body: bytes, holder: Port) -> None:
    """linkhub's readiness, be it ready or not, is known by its form."""
    with answering(body) as port:
        (seen,) = look_at_ports(Listener(port=port))
    assert seen.holder is holder
