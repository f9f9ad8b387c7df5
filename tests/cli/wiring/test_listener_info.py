"""The facts of a serving process about itself."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from linkhub_cli.processes.http_server import bind, bind_all
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.wiring.listener_info import ListenerInfo, url_of


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3002"),
        ("0.0.0.0", "http://localhost:3002"),  # noqa: S104  compared, not listened on
        ("::", "http://localhost:3002"),
        ("::1", "http://[::1]:3002"),
        ("shop.internal", "http://shop.internal:3002"),
    ],
)
def test_addresses(host: str, url: str) -> None:
    """The address is one that a browser can open."""
    assert url_of(host, 3002) == url


@pytest.mark.parametrize(("consumes", "role"), [(True, "serve+consume"), (False, "serve")])
def test_role(consumes: bool, role: str) -> None:
    """The role says what the process does; it is stopping after the signal to stop."""
    stop = asyncio.Event()
    process = ListenerInfo(
        host="127.0.0.1",
        port=3002,
        ws_port=None,
        consumes=consumes,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        stop=stop,
    )
    assert (process.node.role, process.is_stopping()) == (role, False)
    stop.set()
    assert process.is_stopping()


def test_binding() -> None:
    """Port 0 takes a free one; a port that is taken is a fault that names its variable."""
    with bind("127.0.0.1", 0, variable="LINKHUB_PORT") as taken:
        port = taken.getsockname()[1]
        assert port > 0
        with pytest.raises(SettingsFaulty, match=f"LINKHUB_WS_PORT={port} cannot be listened on at 127.0.0.1"):
            bind("127.0.0.1", port, variable="LINKHUB_WS_PORT")


def test_localhost_is_both_addresses_of_loopback() -> None:
    """At one port, also where any free one is taken."""
    with ExitStack() as opened:
        taken = [opened.enter_context(each) for each in bind_all("localhost", 0, variable="LINKHUB_PORT")]
        assert [each.getsockname()[0] for each in taken] == ["127.0.0.1", "::1"]
        assert len({each.getsockname()[1] for each in taken}) == 1


def test_a_port_that_is_taken_at_one_address_of_localhost() -> None:
    """It is a fault, which names the address; nothing stays bound at the other."""
    with bind("::1", 0, variable="LINKHUB_PORT") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsFaulty, match="at ::1"):
            bind_all("localhost", port, variable="LINKHUB_PORT")
        bind("127.0.0.1", port, variable="LINKHUB_PORT").close()


def test_an_explicit_address_is_that_address() -> None:
    """And no other one of loopback."""
    (taken,) = bind_all("127.0.0.1", 0, variable="LINKHUB_PORT")
    with taken:
        assert taken.getsockname()[0] == "127.0.0.1"


def test_binding_ipv6() -> None:
    """An IPv6 address is listened on as such."""
    with bind("::1", 0, variable="LINKHUB_PORT") as taken:
        assert taken.getsockname()[0] == "::1"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "is no address of this machine"),
        ("300.1.1.1", "is no address, and no name"),
        ("no.invalid", "is no"),
    ],
)
def test_a_host_that_is_not_this_machines_is_the_hosts_fault(host: str, expected: str) -> None:
    """The port is not blamed for an address that cannot be had."""
    with pytest.raises(SettingsFaulty) as raised:
        bind(host, 0, variable="LINKHUB_PORT")
    (fault,) = raised.value.faults
    assert (fault.variable, fault.written) == ("LINKHUB_HOST", host)
    assert expected in fault.problem
